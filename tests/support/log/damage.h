// Looking at, and spoiling, what a closed LevelDbStorage left on the disk.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "state/log/disk_format.h"

namespace meseta::log {

// Contents by name; without LevelDB's own notes (LOG, LOG.old).
using Files = std::map<std::string, std::string>;
[[nodiscard]] Files ReadFiles(const std::string& directory);
// The directory then holds these and nothing else.
void WriteFiles(const std::string& directory, const Files& files);

// All records, by key.
[[nodiscard]] std::map<std::string, std::string> ReadRecords(const std::string& directory);
// Changes one record through LevelDB, so that LevelDB's own checksums are right. An emptied value
// removes it.
void RewriteRecord(const std::string& directory, const disk::Key& key,
                   const std::function<void(const std::string& key, std::string* value)>& change);

}  // namespace meseta::log
