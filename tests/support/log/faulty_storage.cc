#include "tests/support/log/faulty_storage.h"

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <utility>

#include "state/log/disk_errors.h"

namespace meseta::log {
namespace {

constexpr size_t kSectorBytes = 512;
constexpr uint64_t kMaxLag = 10;  // Writes by which the watermark may be behind after a power failure.

void FlipBit(Rng* rng, std::string* bytes) {
  (*bytes)[rng->Below(bytes->size())] ^= static_cast<char>(1 << rng->Below(8));
}

Status Down() { return Unavailable("The machine is down"); }

}  // namespace

void FaultyDisk::FailWrites(WriteFault fault, bool forever) {
  fault_ = fault;
  forever_ = forever;
}

bool FaultyDisk::Corrupt() {
  const size_t spared = watermark_lags_ && !medium_->journal.empty() ? 1 : 0;
  const size_t batches = medium_->journal.size() - spared;
  const size_t targets = medium_->records.size() + batches;
  if (targets == 0) return false;
  const size_t target = rng_.Below(targets);
  if (target < batches) {
    FlipBit(&rng_, &medium_->journal[target]);
  } else {
    const auto record =
        std::next(medium_->records.begin(), static_cast<std::ptrdiff_t>(target - batches));
    FlipBit(&rng_, &record->second);
  }
  return true;
}

bool FaultyDisk::LoseReported() {
  if (medium_->journal.empty() || watermark_lags_) return false;
  medium_->journal.pop_back();
  return true;
}

FaultyStorage::FaultyStorage(std::shared_ptr<FaultyDisk> disk, std::unique_ptr<MemoryStorage> inner)
    : disk_(std::move(disk)), inner_(std::move(inner)) {}

Result<std::unique_ptr<FaultyStorage>> FaultyStorage::Open(std::shared_ptr<FaultyDisk> disk) {
  ASSIGN_OR_RETURN(std::unique_ptr<MemoryStorage> inner,
                   MemoryStorage::Open(disk->medium_, "simulated disk"));
  return std::unique_ptr<FaultyStorage>(new FaultyStorage(std::move(disk), std::move(inner)));
}

bool FaultyStorage::CrashesNow() { return ++disk_->calls_ == disk_->crash_at_call; }

Result<Recovered> FaultyStorage::Load() {
  if (crashed_) return Down();
  if (CrashesNow()) {
    Crash({});
    return Down();
  }
  loaded_ = true;
  Result<Recovered> recovered = inner_->Load();
  if (recovered.ok()) disk_->watermark_lags_ = false;
  return recovered;
}

Status FaultyStorage::Write(const std::vector<LogWrite>& group) {
  if (crashed_) return Down();
  if (!failed_.ok()) return failed_;
  if (CrashesNow()) {
    Crash(group);
    return Down();
  }
  if (disk_->fault_ == WriteFault::kNone) return inner_->Write(group);
  LeavePartOf(group);
  const bool full = disk_->fault_ == WriteFault::kFull;
  if (!disk_->forever_) disk_->fault_ = WriteFault::kNone;
  failed_ = DiskFailure("simulated disk", "write to", ErrnoText(full ? ENOSPC : EIO));
  return failed_;
}

Result<std::string> FaultyStorage::ReadPiece(Index snapshot, uint32_t number) {
  if (crashed_) return Down();
  if (!failed_.ok()) return failed_;
  if (CrashesNow()) {
    Crash({});
    return Down();
  }
  return inner_->ReadPiece(snapshot, number);
}

void FaultyStorage::Crash(const std::vector<LogWrite>& in_flight) {
  if (crashed_) return;
  crashed_ = true;
  if (!loaded_) return;
  if (failed_.ok() && !in_flight.empty()) LeavePartOf(in_flight);
  uint64_t& watermark = disk_->medium_->watermark;
  const uint64_t lag = std::min(watermark, disk_->rng_.Below(kMaxLag));
  watermark -= lag;
  disk_->watermark_lags_ |= lag > 0;
}

void FaultyStorage::LeavePartOf(const std::vector<LogWrite>& group) {
  Rng& rng = disk_->rng_;
  switch (rng.Below(4)) {
    case 0: return;
    case 1: {
      const auto kept = static_cast<std::ptrdiff_t>(rng.Below(group.size() + 1));
      if (kept == 0 || !inner_->Prepare({group.begin(), group.begin() + kept}).ok()) return;
      break;
    }
    case 2:
      if (!inner_->Prepare(group).ok()) return;
      break;
    default:
      if (!inner_->Prepare(group).ok()) return;
      TearUnsynced();
  }
  inner_->Sync();
  disk_->watermark_lags_ = true;
}

void FaultyStorage::TearUnsynced() {
  Rng& rng = disk_->rng_;
  std::string& bytes = disk_->medium_->unsynced;
  if (rng.Below(2) == 0) {
    bytes.resize(rng.Below(bytes.size()));
    return;
  }
  // Sectors reach the disk in any order; at least one has not.
  const size_t sectors = (bytes.size() + kSectorBytes - 1) / kSectorBytes;
  const size_t missing = rng.Below(sectors);
  for (size_t i = 0; i < sectors; ++i) {
    if (i != missing && rng.Below(2) == 0) continue;
    const size_t begin = i * kSectorBytes;
    const size_t size = std::min(kSectorBytes, bytes.size() - begin);
    bytes.replace(begin, size, size, '\0');
  }
}

}  // namespace meseta::log
