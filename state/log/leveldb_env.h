// The door between a replica's LevelDB and the operating system. Differs from LevelDB's own in that
// - tables are read with pread(2), not through memory maps: an I/O error or a truncated file then is
//   an error and not a SIGBUS that kills the daemon;
// - names of new files and renames are durable at once, so that after a power failure no file is
//   missing that another one names, whatever the order in which the file system writes;
// - for benchmarks, each sync can be made to take at least a given time, so that ratios do not depend
//   on the disk.
//
// Thread-safe; outlives the databases that use it.
#pragma once

#include <memory>

#include "actors/base/time.h"

namespace leveldb {
class Env;
}

namespace meseta::log {

// `sync_padding`: what a sync of a write-ahead file takes at least.
[[nodiscard]] std::unique_ptr<leveldb::Env> MakeLevelDbEnv(Duration sync_padding = Duration());

}  // namespace meseta::log
