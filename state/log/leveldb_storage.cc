#include "state/log/leveldb_storage.h"

#include <leveldb/db.h>
#include <leveldb/write_batch.h>

#include <string_view>
#include <utility>

#include "actors/base/check.h"
#include "state/log/disk_errors.h"
#include "state/log/disk_recovery.h"

namespace meseta::log {
namespace {

class LevelDbSink : public disk::BatchSink {
 public:
  void Put(std::string_view key, std::string_view value) override {
    batch.Put(leveldb::Slice(key.data(), key.size()), leveldb::Slice(value.data(), value.size()));
  }
  void Delete(std::string_view key) override {
    batch.Delete(leveldb::Slice(key.data(), key.size()));
  }
  leveldb::WriteBatch batch;
};

std::string_view View(const leveldb::Slice& slice) { return {slice.data(), slice.size()}; }

}  // namespace

LevelDbStorage::LevelDbStorage(std::unique_ptr<LevelDbDirectory> directory)
    : directory_(std::move(directory)) {}

LevelDbStorage::~LevelDbStorage() = default;

Result<std::unique_ptr<LevelDbStorage>> LevelDbStorage::Open(LevelDbStorageOptions options) {
  ASSIGN_OR_RETURN(std::unique_ptr<LevelDbDirectory> directory,
                   LevelDbDirectory::Open(std::move(options)));
  return std::unique_ptr<LevelDbStorage>(new LevelDbStorage(std::move(directory)));
}

Status LevelDbStorage::Fail(Status status) {
  if (failed_.ok()) failed_ = std::move(status);
  return failed_;
}

Result<Recovered> LevelDbStorage::Load() {
  CHECK(!loaded_) << "Load is called once";
  loaded_ = true;
  leveldb::ReadOptions options;
  options.verify_checksums = true;
  options.fill_cache = false;
  const std::unique_ptr<leveldb::Iterator> it(directory_->db()->NewIterator(options));
  disk::DiskRecovery recovery;
  Status found;
  it->SeekToFirst();
  while (it->Valid() && found.ok()) {
    found = recovery.Add(View(it->key()), View(it->value()));
    const std::optional<std::string> next = recovery.SkipTo(View(it->key()));
    next ? it->Seek(*next) : it->Next();
  }
  // LevelDB ends an iteration early where it cannot read, so its word comes first.
  if (!it->status().ok()) return Fail(directory_->Explain(it->status(), "read"));
  std::string value;
  const leveldb::Status absent = directory_->db()->Get(options, recovery.AbsentKey(), &value);
  if (!absent.ok() && !absent.IsNotFound()) return Fail(directory_->Explain(absent, "read"));
  if (found.ok() && absent.ok()) found = recovery.Add(recovery.AbsentKey(), value);
  Result<Recovered> recovered = found.ok() ? recovery.Finish(directory_->reported()) : Result<Recovered>(found);
  if (!recovered.ok()) {
    const Status& why = recovered.status();
    if (why.code() == StatusCode::kDataLoss) {
      return Fail(DiskDamage(directory_->path(), why.message()));
    }
    return Fail(why.WithContext("Cannot use the replicated log in '" + directory_->path() + "'"));
  }
  catalog_ = recovery.TakeCatalog();
  recovered->cut_bytes = directory_->cut_bytes();
  if (recovered->sequence > 0 && !directory_->read_only()) {
    // What is found from now on counts as reported, also after a power failure.
    Status noted = directory_->watermark().Write(recovered->sequence);
    if (noted.ok()) noted = directory_->watermark().Sync();
    if (!noted.ok()) return Fail(DiskFailure(directory_->path(), "write", noted.message()));
  }
  return recovered;
}

Status LevelDbStorage::Write(const std::vector<LogWrite>& group) {
  CHECK(loaded_) << "Load comes before the first Write";
  if (!failed_.ok() || group.empty()) return failed_;
  if (directory_->read_only()) {
    return FailedPrecondition("'" + directory_->path() + "' is open for reading only");
  }
  LevelDbSink sink;
  const Status planned = catalog_.Apply(group, &sink);
  if (!planned.ok()) {
    return Fail(planned.WithContext("Cannot write to '" + directory_->path() + "'"));
  }
  leveldb::WriteOptions options;
  options.sync = true;
  const Status written =
      directory_->Explain(directory_->db()->Write(options, &sink.batch), "write to");
  if (!written.ok()) return Fail(written);
  const uint64_t sequence = catalog_.head().sequence;
  Status noted = directory_->watermark().Write(sequence);
  // Once synced it tells a disk that had content from a new one whatever happens.
  if (noted.ok() && sequence == 1) noted = directory_->watermark().Sync();
  if (!noted.ok()) return Fail(DiskFailure(directory_->path(), "write to", noted.message()));
  return OkStatus();
}

Result<std::string> LevelDbStorage::ReadPiece(Index snapshot, uint32_t number) {
  CHECK(loaded_) << "Load comes before ReadPiece";
  if (!failed_.ok()) return failed_;
  disk::Key id;
  id.type = disk::RecordType::kPiece;
  id.index = snapshot;
  id.number = number;
  const std::string name = disk::Describe(id);
  if (!catalog_.HasPiece(snapshot, number)) {
    return NotFound("'" + directory_->path() + "' does not hold " + name);
  }
  leveldb::ReadOptions options;
  options.verify_checksums = true;
  options.fill_cache = false;
  const std::string key = disk::EncodeKey(id);
  std::string value;
  const leveldb::Status status = directory_->db()->Get(options, key, &value);
  if (!status.ok()) {
    const Status failure = directory_->Explain(status, "read");
    // Too many open files, say, pass; damage does not.
    return failure.code() == StatusCode::kDataLoss ? Fail(failure) : failure;
  }
  const Result<disk::Framed> framed = disk::Unframe(key, value, name);
  if (!framed.ok()) return Fail(DiskDamage(directory_->path(), framed.status().message()));
  return std::string(framed->body);
}

}  // namespace meseta::log
