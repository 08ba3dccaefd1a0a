// FaultyStorage: a Storage over a MemoryDisk on which whatever can happen to a disk happens, drawn from
// a seed.
//
//   auto disk = std::make_shared<FaultyDisk>(Rng(seed));   // Survives the replica.
//   auto storage = FaultyStorage::Open(disk);              // One replica's life: Load, Write ...
//   storage->Crash(in_flight);                             // Power failure while these are written.
//   storage.reset(); FaultyStorage::Open(disk);            // The restart.
//
// Storage calls are counted over the disk's life; FaultyDisk::crash_at_call ends the machine within
// that call. After a crash every call fails with kUnavailable; crashed() tells a simulator that has
// to end the replica. What a crash within a write leaves of the group: nothing, some of its first
// LogWrites, all of it though nobody was told, a batch that is cut short, or one of whose sectors
// some were not written.
//
// One thread. Faults that may go unnoticed by design are not offered: a sector that rots in the last
// batch after a power failure that took back the watermark is taken for a torn one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "actors/base/rng.h"
#include "actors/base/status.h"
#include "state/log/memory_storage.h"

namespace meseta::log {

enum class WriteFault { kNone, kFull, kIoError };

class FaultyDisk {
 public:
  explicit FaultyDisk(Rng rng) : rng_(rng) {}

  // 0: never. The first call of the disk's life is 1.
  uint64_t crash_at_call = 0;
  // The next writes fail, until it is set back; `forever` false: the next one alone.
  void FailWrites(WriteFault fault, bool forever);

  // Flips a bit of a stored record. False: there is none that may be hit.
  bool Corrupt();
  // The disk lied about its last sync: takes back a batch that was reported durable, if there is one.
  bool LoseReported();
  // An empty disk in place of this one.
  void Wipe() { *medium_ = MemoryDisk(); }

  [[nodiscard]] uint64_t calls() const { return calls_; }
  [[nodiscard]] const MemoryDisk& medium() const { return *medium_; }

 private:
  friend class FaultyStorage;

  std::shared_ptr<MemoryDisk> medium_ = std::make_shared<MemoryDisk>();
  Rng rng_;
  uint64_t calls_ = 0;
  WriteFault fault_ = WriteFault::kNone;
  bool forever_ = false;
  bool watermark_lags_ = false;  // Behind the last batch.
};

class FaultyStorage : public Storage {
 public:
  [[nodiscard]] static Result<std::unique_ptr<FaultyStorage>> Open(
      std::shared_ptr<FaultyDisk> disk);

  [[nodiscard]] Result<Recovered> Load() override;
  [[nodiscard]] Status Write(const std::vector<LogWrite>& group) override;
  [[nodiscard]] Result<std::string> ReadPiece(Index snapshot, uint32_t number) override;

  // The machine ends while `in_flight` (may be empty) is being written.
  void Crash(const std::vector<LogWrite>& in_flight);
  [[nodiscard]] bool crashed() const { return crashed_; }

 private:
  FaultyStorage(std::shared_ptr<FaultyDisk> disk, std::unique_ptr<MemoryStorage> inner);
  [[nodiscard]] bool CrashesNow();
  void LeavePartOf(const std::vector<LogWrite>& group);
  void TearUnsynced();

  std::shared_ptr<FaultyDisk> disk_;
  std::unique_ptr<MemoryStorage> inner_;
  bool loaded_ = false;
  bool crashed_ = false;
  Status failed_;
};

}  // namespace meseta::log
