// LevelDbStorage: a replica's disk in a directory of its own.
//
//   <directory>/            records as in disk_format.h, in LevelDB's files
//   <directory>/watermark   how far writes were reported durable: watermark.h
//   <directory>.corrupt-<n> what SetAsideDirectory left for inspection
//
// One synced LevelDB batch per Write (group commit), paranoid checks, checksums verified on reading.
// A torn end of LevelDB's write-ahead file is cut (wal_tail.h); that this was no acknowledged write is
// seen by the watermark. Everything else that is missing or changed is found by LevelDB's checksums
// or ours, and by the head record.
//
// The directory is locked for this process as long as the storage lives. Blocking; one thread at a
// time. Failure modes, each with a sentence that names the directory and the way out:
//   kDataLoss            from Open, Load or ReadPiece: see storage.h
//   kFailedPrecondition  a newer version wrote the directory; a Write when it is open read-only
//   kNotFound            opened read-only, and there is no log
//   kUnavailable         in use, full disk, I/O error, too many open files, no permission: opening it
//                        again may help once the cause is gone
//   kInternal            a Write that contradicts the log
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "actors/base/status.h"
#include "state/log/disk_catalog.h"
#include "state/log/leveldb_directory.h"
#include "state/log/storage.h"

namespace meseta::log {

class LevelDbStorage : public Storage {
 public:
  [[nodiscard]] static Result<std::unique_ptr<LevelDbStorage>> Open(LevelDbStorageOptions options);
  ~LevelDbStorage() override;

  [[nodiscard]] Result<Recovered> Load() override;
  [[nodiscard]] Status Write(const std::vector<LogWrite>& group) override;
  [[nodiscard]] Result<std::string> ReadPiece(Index snapshot, uint32_t number) override;

 private:
  explicit LevelDbStorage(std::unique_ptr<LevelDbDirectory> directory);
  [[nodiscard]] Status Fail(Status status);

  std::unique_ptr<LevelDbDirectory> directory_;
  disk::DiskCatalog catalog_;
  bool loaded_ = false;
  Status failed_;
};

// Renames a corrupt directory to "<path>.corrupt-<n>", keeping the newest kMaxSetAside of them. The new
// name. REQUIRES: no storage has it open.
inline constexpr size_t kMaxSetAside = 3;
[[nodiscard]] Result<std::string> SetAsideDirectory(const std::string& path);

}  // namespace meseta::log
