// Whole files in and out, for configuration, credentials and small checkpoints. POSIX; blocks, so
// never call it on a core's thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "actors/base/status.h"

namespace meseta::files {

// What ReadFile accepts when the caller states no bound.
inline constexpr size_t kMaxFileBytes = size_t{64} << 20;

// The whole content. A file larger than `max_bytes` is refused: ResourceExhausted.
Result<std::string> ReadFile(const std::string& path, size_t max_bytes = kMaxFileBytes);

// Replaces `path` by `content` so that after a crash either the old or the new content is there,
// and after OK the new one: writes a temporary file in the same folder, syncs it, renames it and
// syncs the folder. After a failure the old file is untouched; when only the sync of the folder
// fails, the new one may be there.
Status WriteFileDurably(const std::string& path, std::string_view content, int mode = 0644);

// Creates the folder and its missing parents. OK when it is there already.
Status MakeDirectories(const std::string& path, int mode = 0755);

// Makes the entries of a folder durable: names created, renamed or removed in it.
Status SyncDirectory(const std::string& path);

}  // namespace meseta::files
