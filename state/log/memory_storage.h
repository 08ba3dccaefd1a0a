// MemoryStorage: a replica's disk in memory, with the records and checks of the real one.
//
// MemoryDisk is the medium and outlives its storage: dropping a MemoryStorage is a crash of the
// process, making another on the same disk is the restart. The disk is a journal of batches, each
// framed as {length u32, crc u32, records}, in front of a map of folded records; so what a power
// failure does to a file's tail can be done to it (see tests/support/log/faulty_storage.h). Everything
// in `journal` has been synced; a batch that is being written is in `unsynced` until then.
//
// Thread: one at a time for a disk. Failure modes: as storage.h says; a disk is opened once at a
// time (kUnavailable).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "actors/base/status.h"
#include "state/log/disk_catalog.h"
#include "state/log/storage.h"

namespace meseta::log {

struct MemoryDisk {
  // Batches before they are folded into `records`; a crash may harm the last ones only.
  static constexpr size_t kMaxJournal = 64;

  std::map<std::string, std::string, std::less<>> records;
  std::vector<std::string> journal;
  std::string unsynced;    // Of a batch that is being written.
  uint64_t watermark = 0;  // Sequence of the last batch that was reported durable.
  bool in_use = false;

  [[nodiscard]] size_t bytes() const;
  [[nodiscard]] bool empty() const { return records.empty() && journal.empty(); }
};

class MemoryStorage : public Storage {
 public:
  // `name` stands for the directory in messages.
  [[nodiscard]] static Result<std::unique_ptr<MemoryStorage>> Open(std::shared_ptr<MemoryDisk> disk,
                                                                   std::string name);
  ~MemoryStorage() override;

  [[nodiscard]] Result<Recovered> Load() override;
  // Prepare, then Commit.
  [[nodiscard]] Status Write(const std::vector<LogWrite>& group) override;
  [[nodiscard]] Result<std::string> ReadPiece(Index snapshot, uint32_t number) override;

  // The two halves of a write: the batch is in disk.unsynced; it is in disk.journal; and reported.
  [[nodiscard]] Status Prepare(const std::vector<LogWrite>& group);
  void Sync();
  void Report();

 private:
  MemoryStorage(std::shared_ptr<MemoryDisk> disk, std::string name);
  [[nodiscard]] Status Fail(Status status);

  std::shared_ptr<MemoryDisk> disk_;
  std::string name_;
  disk::DiskCatalog catalog_;
  bool loaded_ = false;
  Status failed_;
};

}  // namespace meseta::log
