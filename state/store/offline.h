// The store in a stopped replica's directory: its state for inspection and backup, and the making of
// a directory out of a backup. Blocking.
#pragma once

#include <cstdint>
#include <string>

#include "actors/base/status.h"
#include "state/log/log_inspect.h"
#include "state/store/backup.h"
#include "state/store/kv_state.h"

namespace meseta::store {

// The state after the last entry on the disk. An entry counts though its commit is not known: the
// member may have acknowledged it. With one member all entries are committed.
[[nodiscard]] Result<KvState> LoadState(log::LogReader* reader);

// What a backup of that directory says of itself. `created`: now.
[[nodiscard]] internal::StoreBackupHeader HeaderOf(const log::LogSummary& summary, WallTime created);

// Terms of a restored cluster are above all that the old one may have reached since the backup: its
// agents, which drop what comes from older terms, then follow the restored master.
inline constexpr log::Term kRestoreTermJump = 1'000'000;

struct RestoreOptions {
  std::string directory;   // Absent or empty; made.
  std::string address;     // host:port of the daemon that is going to use it.
  log::MemberId member_id = 0;  // Drawn by the caller: the disk is new.
  std::string cluster_id;  // Empty: the backup's.
};

struct Restored {
  internal::StoreBackupHeader header;  // Of the backup.
  std::string cluster_id;
  log::Term term = 0;
};

// Makes the directory of a cluster of one member. FailedPrecondition when it is not empty; a failure
// leaves no usable log behind.
[[nodiscard]] Result<Restored> RestoreBackup(const std::string& file, const RestoreOptions& options);

}  // namespace meseta::store
