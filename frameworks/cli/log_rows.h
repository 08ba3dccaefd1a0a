// How `meseta log inspect` shows a replica's directory: as text and as JSON. Pure.
#pragma once

#include <string>
#include <vector>

#include "state/log/log_inspect.h"
#include "state/store/store_types.h"

namespace meseta::cli {

struct LogView {
  std::string directory;
  log::LogSummary summary;
  size_t keys = 0;   // After the last entry.
  size_t bytes = 0;  // Of keys and values.
  // Asked for by --entries and --keys.
  bool with_entries = false;
  bool with_keys = false;
  std::vector<log::EntryPtr> entries;
  store::SnapshotPtr state;  // Null without keys.
};

[[nodiscard]] std::string LogText(const LogView& view);
[[nodiscard]] std::string LogJson(const LogView& view);

// What an entry does, in a few words: "2 batches: put 'agent/1', delete 'agent/2'".
[[nodiscard]] std::string DescribeEntry(const log::Entry& entry);

}  // namespace meseta::cli
