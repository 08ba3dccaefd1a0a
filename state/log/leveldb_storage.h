// LevelDbStorage: a replica's disk in a directory of its own.
//
//   <directory>/            records as in disk_format.h, in LevelDB's files
//   <directory>/watermark   how far writes were reported durable: watermark.h
//   <directory>.corrupt-<n> what SetAsideDirectory left for inspection
//
// One synced LevelDB batch per Write (group commit), paranoid checks, checksums verified on reading.
// LevelDB drops an unfinished last record of its write-ahead file by itself; that this was no
// acknowledged one is seen by the watermark. Everything else that is missing or changed is found by
// LevelDB's checksums or ours, and by the head record.
//
// The directory is locked for this process as long as the storage lives. Blocking; one thread at a
// time. Failure modes, each with a sentence that names the directory and the way out:
//   kDataLoss            from Open, Load or ReadPiece: see storage.h
//   kFailedPrecondition  a newer version wrote the directory
//   kUnavailable         in use, full disk, I/O error, too many open files, no permission: opening it
//                        again may help once the cause is gone
//   kInternal            a Write that contradicts the log
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "actors/base/status.h"
#include "actors/base/time.h"
#include "state/log/disk_catalog.h"
#include "state/log/storage.h"
#include "state/log/watermark.h"

namespace leveldb {
class DB;
class Env;
class Iterator;
}  // namespace leveldb

namespace meseta::log {

struct LevelDbStorageOptions {
  std::string directory;         // Created with its parents.
  bool create_if_missing = true;
  Duration sync_padding;         // Benchmarks: what a sync takes at least.
  leveldb::Env* env = nullptr;   // Tests: in place of MakeLevelDbEnv(); outlives the storage.
};

class LevelDbStorage : public Storage {
 public:
  [[nodiscard]] static Result<std::unique_ptr<LevelDbStorage>> Open(LevelDbStorageOptions options);
  ~LevelDbStorage() override;

  [[nodiscard]] Result<Recovered> Load() override;
  [[nodiscard]] Status Write(const std::vector<LogWrite>& group) override;
  [[nodiscard]] Result<std::string> ReadPiece(Index snapshot, uint32_t number) override;

 private:
  class DirectoryLock;
  explicit LevelDbStorage(LevelDbStorageOptions options);
  [[nodiscard]] Status OpenDirectory();
  [[nodiscard]] Status OpenDatabase(bool create);
  [[nodiscard]] Status Fail(Status status);

  LevelDbStorageOptions options_;
  std::unique_ptr<DirectoryLock> lock_;
  std::unique_ptr<leveldb::Env> own_env_;
  std::unique_ptr<leveldb::DB> db_;  // Before its env in destruction.
  uint64_t reported_ = 0;            // The watermark found on opening.
  Watermark watermark_;
  disk::DiskCatalog catalog_;
  uint64_t cut_bytes_ = 0;
  bool loaded_ = false;
  Status failed_;
};

// Renames a corrupt directory to "<path>.corrupt-<n>", keeping the newest kMaxSetAside of them. The new
// name. REQUIRES: no storage has it open.
inline constexpr size_t kMaxSetAside = 3;
[[nodiscard]] Result<std::string> SetAsideDirectory(const std::string& path);

}  // namespace meseta::log
