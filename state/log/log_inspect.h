// Looking into a stopped replica's directory, without changing it: what `meseta log inspect` and
// `meseta log verify` show.
//
// Blocking; one thread. Failure modes: those of LevelDbStorage::Open and Load: a replica that runs is
// kUnavailable, no log kNotFound, a damaged one kDataLoss (Verify says more about it).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "actors/base/status.h"
#include "state/log/leveldb_storage.h"
#include "state/log/types.h"

namespace meseta::log {

struct LogSummary {
  internal::LogIdentity identity;  // member_id 0: nothing has been written yet.
  HardState hard;
  std::optional<SnapshotMeta> snapshot;
  Configuration configuration;     // The newest, which need not be committed.
  Index configuration_index = 0;   // Where it is from: an entry, or the snapshot.
  Index first = 0;                 // Of the entries kept; last + 1 when there is none.
  Index last = 0;
  Term last_term = 0;
  uint64_t entry_bytes = 0;        // Of their payloads.
  uint64_t sequence = 0;           // Synced writes since the disk was made.
  uint64_t torn_bytes = 0;         // At the end: of a write that was never acknowledged.
};

class LogReader {
 public:
  [[nodiscard]] static Result<std::unique_ptr<LogReader>> Open(const std::string& directory);

  [[nodiscard]] const LogSummary& summary() const { return summary_; }
  [[nodiscard]] const std::vector<EntryPtr>& entries() const { return entries_; }
  // Of the snapshot, from 0.
  [[nodiscard]] Result<std::string> ReadPiece(uint32_t number);

 private:
  LogReader(std::unique_ptr<LevelDbStorage> storage, Recovered recovered);

  std::unique_ptr<LevelDbStorage> storage_;
  LogSummary summary_;
  std::vector<EntryPtr> entries_;
};

struct VerifyReport {
  static constexpr size_t kMaxProblems = 100;  // Further ones are counted.

  std::vector<std::string> problems;  // Clauses: "entry 7 is missing". Empty: the log is sound.
  uint64_t more_problems = 0;
  uint64_t records = 0;
  uint64_t bytes = 0;
  uint64_t torn_bytes = 0;  // No problem: see LogSummary.
};

// Reads every record and checks each by itself and all together. `progress` is called every
// kVerifyStep records with what was done so far. An error: it could not be looked at.
inline constexpr uint64_t kVerifyStep = 10'000;
[[nodiscard]] Result<VerifyReport> VerifyLog(
    const std::string& directory, const std::function<void(const VerifyReport&)>& progress);

}  // namespace meseta::log
