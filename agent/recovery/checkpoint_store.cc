#include "agent/recovery/checkpoint_store.h"

#include <leveldb/db.h>
#include <leveldb/write_batch.h>

#include <utility>

#include "actors/base/files.h"

namespace meseta::agent {
namespace {

constexpr size_t kWriteBufferBytes = size_t{4} << 20;
constexpr int kMaxOpenFiles = 64;

Status Refused(const leveldb::Status& status, const std::string& path) {
  const std::string text = status.ToString();
  if (text.find("lock") != std::string::npos) {
    return FailedPrecondition("The checkpoint " + path +
                              " is in use: another agent runs on this --work_dir. Stop it, or give "
                              "this one a --work_dir of its own");
  }
  const std::string way_out =
      ". Restore " + path +
      " from a copy, or remove it to start as a new agent (the tasks that still run are then killed "
      "and reported as lost)";
  if (status.IsCorruption()) return DataLoss("The checkpoint " + path + " is corrupt: " + text + way_out);
  return Unavailable("The checkpoint " + path + " cannot be used: " + text +
                     ". Check that its disk is mounted, writable and not full");
}

}  // namespace

CheckpointStore::CheckpointStore(std::string path, std::unique_ptr<leveldb::DB> db)
    : path_(std::move(path)), db_(std::move(db)) {}

CheckpointStore::~CheckpointStore() = default;

Result<std::unique_ptr<CheckpointStore>> CheckpointStore::Open(const std::string& path) {
  RETURN_IF_ERROR(files::MakeDirectories(path, 0700));
  leveldb::Options options;
  options.create_if_missing = true;
  options.paranoid_checks = true;
  options.write_buffer_size = kWriteBufferBytes;
  options.max_open_files = kMaxOpenFiles;
  leveldb::DB* db = nullptr;
  const leveldb::Status status = leveldb::DB::Open(options, path, &db);
  if (!status.ok()) return Refused(status, path);
  return std::unique_ptr<CheckpointStore>(
      new CheckpointStore(path, std::unique_ptr<leveldb::DB>(db)));
}

Result<std::vector<internal::CheckpointRecord>> CheckpointStore::ReadAll() const {
  std::vector<internal::CheckpointRecord> records;
  leveldb::ReadOptions options;
  options.verify_checksums = true;
  const std::unique_ptr<leveldb::Iterator> it(db_->NewIterator(options));
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    internal::CheckpointRecord record;
    const leveldb::Slice value = it->value();
    if (!record.ParseFromArray(value.data(), static_cast<int>(value.size())) ||
        (record.version() <= kCheckpointVersion && KeyOf(record) != it->key().ToString())) {
      return Refused(leveldb::Status::Corruption("record " + it->key().ToString()), path_);
    }
    records.push_back(std::move(record));
  }
  if (!it->status().ok()) return Refused(it->status(), path_);
  return records;
}

Status CheckpointStore::Write(const std::vector<CheckpointBatch>& batches) {
  RETURN_IF_ERROR(failed_);
  leveldb::WriteBatch all;
  leveldb::WriteOptions options;
  options.sync = false;
  std::string value;
  for (const CheckpointBatch& batch : batches) {
    options.sync = options.sync || batch.sync;
    for (const std::string& key : batch.erase) all.Delete(key);
    for (const internal::CheckpointRecord& record : batch.put) {
      record.SerializeToString(&value);
      all.Put(KeyOf(record), value);
    }
  }
  const leveldb::Status status = db_->Write(options, &all);
  if (!status.ok()) failed_ = Refused(status, path_);
  return failed_;
}

}  // namespace meseta::agent
