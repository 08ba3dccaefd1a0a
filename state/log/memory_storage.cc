#include "state/log/memory_storage.h"

#include <utility>

#include "actors/base/check.h"
#include "actors/base/crc32c.h"
#include "state/log/disk_format.h"
#include "state/log/disk_recovery.h"

namespace meseta::log {
namespace {

constexpr size_t kFrameBytes = 8;
constexpr char kPut = 1;
constexpr char kDelete = 0;

// {put or delete u8, key length u32, key[, value length u32, value]} for each change.
class JournalSink : public disk::BatchSink {
 public:
  explicit JournalSink(std::string* out) : out_(out) {}
  void Put(std::string_view key, std::string_view value) override {
    out_->push_back(kPut);
    AppendText(key);
    AppendText(value);
  }
  void Delete(std::string_view key) override {
    out_->push_back(kDelete);
    AppendText(key);
  }

 private:
  void AppendText(std::string_view text) {
    disk::AppendU32(static_cast<uint32_t>(text.size()), out_);
    out_->append(text);
  }
  std::string* out_;
};

bool ReadText(std::string_view* bytes, std::string_view* text) {
  if (bytes->size() < 4) return false;
  const uint32_t size = disk::ReadU32(*bytes);
  bytes->remove_prefix(4);
  if (bytes->size() < size) return false;
  *text = bytes->substr(0, size);
  bytes->remove_prefix(size);
  return true;
}

using Records = std::map<std::string, std::string, std::less<>>;

bool Intact(std::string_view batch) {
  if (batch.size() < kFrameBytes) return false;
  const std::string_view body = batch.substr(kFrameBytes);
  return disk::ReadU32(batch) == body.size() && disk::ReadU32(batch.substr(4)) == Crc32c(body);
}

// REQUIRES: Intact(batch).
bool Fold(std::string_view batch, Records* records) {
  batch.remove_prefix(kFrameBytes);
  while (!batch.empty()) {
    const char kind = batch[0];
    batch.remove_prefix(1);
    std::string_view key;
    std::string_view value;
    if (!ReadText(&batch, &key) || (kind == kPut && !ReadText(&batch, &value))) return false;
    if (kind == kPut) {
      (*records)[std::string(key)] = std::string(value);
    } else {
      records->erase(std::string(key));
    }
  }
  return true;
}

uint64_t SequenceOf(const Records& records) {
  disk::Key key;
  const auto head = records.find(disk::EncodeKey(key));
  if (head == records.end()) return 0;
  const auto framed = disk::Unframe(head->first, head->second, "head");
  if (!framed.ok()) return 0;
  const auto decoded = disk::DecodeHead(framed->body);
  return decoded ? decoded->sequence : 0;
}

}  // namespace

size_t MemoryDisk::bytes() const {
  size_t sum = unsynced.size();
  for (const auto& [key, value] : records) sum += key.size() + value.size();
  for (const std::string& batch : journal) sum += batch.size();
  return sum;
}

MemoryStorage::MemoryStorage(std::shared_ptr<MemoryDisk> disk, std::string name)
    : disk_(std::move(disk)), name_(std::move(name)) {
  disk_->in_use = true;
}

MemoryStorage::~MemoryStorage() { disk_->in_use = false; }

Result<std::unique_ptr<MemoryStorage>> MemoryStorage::Open(std::shared_ptr<MemoryDisk> disk,
                                                           std::string name) {
  if (disk->in_use) return Unavailable("'" + name + "' is in use by another replica");
  return std::unique_ptr<MemoryStorage>(new MemoryStorage(std::move(disk), std::move(name)));
}

Status MemoryStorage::Fail(Status status) {
  failed_ = status.WithContext("'" + name_ + "'");
  return failed_;
}

Result<Recovered> MemoryStorage::Load() {
  CHECK(!loaded_) << "Load is called once";
  loaded_ = true;
  uint64_t cut_bytes = disk_->unsynced.size();
  disk_->unsynced.clear();
  for (size_t i = 0; i < disk_->journal.size(); ++i) {
    const std::string& batch = disk_->journal[i];
    if (Intact(batch) && Fold(batch, &disk_->records)) continue;
    // Only a batch that was never reported can be torn, and only the last one.
    const bool torn = i + 1 == disk_->journal.size() &&
                      SequenceOf(disk_->records) >= disk_->watermark;
    if (!torn) return Fail(DataLoss("batch " + std::to_string(i) + " of its journal is corrupt"));
    cut_bytes += batch.size();
  }
  disk_->journal.clear();
  disk::DiskRecovery recovery;
  for (const auto& [key, value] : disk_->records) {
    const Status status = recovery.Add(key, value);
    if (!status.ok()) return Fail(status);
  }
  Result<Recovered> recovered = recovery.Finish(disk_->watermark);
  if (!recovered.ok()) return Fail(recovered.status());
  catalog_ = recovery.TakeCatalog();
  recovered->cut_bytes = cut_bytes;
  return recovered;
}

Status MemoryStorage::Prepare(const std::vector<LogWrite>& group) {
  CHECK(loaded_) << "Load comes before the first Write";
  if (!failed_.ok()) return failed_;
  std::string body;
  JournalSink sink(&body);
  const Status status = catalog_.Apply(group, &sink);
  if (!status.ok()) return Fail(status);
  disk_->unsynced.clear();
  disk::AppendU32(static_cast<uint32_t>(body.size()), &disk_->unsynced);
  disk::AppendU32(Crc32c(body), &disk_->unsynced);
  disk_->unsynced += body;
  return OkStatus();
}

void MemoryStorage::Sync() {
  disk_->journal.push_back(std::move(disk_->unsynced));
  disk_->unsynced.clear();
}

void MemoryStorage::Report() {
  disk_->watermark = catalog_.head().sequence;
  if (disk_->journal.size() <= MemoryDisk::kMaxJournal) return;
  // One that is not intact was harmed by a test; it stays to be found.
  while (!disk_->journal.empty() && Intact(disk_->journal.front()) &&
         Fold(disk_->journal.front(), &disk_->records)) {
    disk_->journal.erase(disk_->journal.begin());
  }
}

Status MemoryStorage::Write(const std::vector<LogWrite>& group) {
  if (group.empty()) return failed_;
  RETURN_IF_ERROR(Prepare(group));
  Sync();
  Report();
  return OkStatus();
}

Result<std::string> MemoryStorage::ReadPiece(Index snapshot, uint32_t number) {
  CHECK(loaded_) << "Load comes before ReadPiece";
  if (!failed_.ok()) return failed_;
  disk::Key id;
  id.type = disk::RecordType::kPiece;
  id.index = snapshot;
  id.number = number;
  if (!catalog_.HasPiece(snapshot, number)) {
    return NotFound("'" + name_ + "' does not hold " + disk::Describe(id));
  }
  Records folded;  // The newest version may still be in the journal.
  const std::string key = disk::EncodeKey(id);
  std::string value;
  const auto base = disk_->records.find(key);
  if (base != disk_->records.end()) value = base->second;
  for (const std::string& batch : disk_->journal) {
    if (!Intact(batch) || !Fold(batch, &folded)) {
      return Fail(DataLoss("a batch of its journal is corrupt"));
    }
  }
  const auto found = folded.find(key);
  if (found != folded.end()) value = found->second;
  const Result<disk::Framed> framed = disk::Unframe(key, value, disk::Describe(id));
  if (!framed.ok()) return Fail(framed.status());
  return std::string(framed->body);
}

}  // namespace meseta::log
