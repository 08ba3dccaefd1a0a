#include "state/registry/leveldb_registry_store.h"

#include <leveldb/db.h>
#include <leveldb/write_batch.h>

#include <utility>

namespace meseta::registry {
namespace {

Status ExplainAt(const std::string& path, const leveldb::Status& status, const std::string& doing) {
  if (status.ok()) return OkStatus();
  const std::string what =
      "Cannot " + doing + " the registry in '" + path + "': " + status.ToString();
  if (status.IsCorruption()) {
    return DataLoss(what +
                    ". Restore the directory from a backup, or move it away to start with an " +
                    "empty registry (agents then register anew)");
  }
  if (status.ToString().find("lock") != std::string::npos) {
    return Unavailable(
        what + ". Another master uses this directory; stop it or choose another --work_dir");
  }
  return Unavailable(what + ". Check that the disk is writable and has space, then start again");
}

}  // namespace

LevelDbRegistryStore::LevelDbRegistryStore(std::string path, std::unique_ptr<leveldb::DB> db)
    : path_(std::move(path)), db_(std::move(db)) {}

LevelDbRegistryStore::~LevelDbRegistryStore() = default;

Status LevelDbRegistryStore::Explain(const leveldb::Status& status,
                                     const std::string& doing) const {
  return ExplainAt(path_, status, doing);
}

Result<std::unique_ptr<LevelDbRegistryStore>> LevelDbRegistryStore::Open(const std::string& path) {
  leveldb::Options options;
  options.create_if_missing = true;
  options.paranoid_checks = true;
  leveldb::DB* db = nullptr;
  const leveldb::Status status = leveldb::DB::Open(options, path, &db);
  if (!status.ok()) return ExplainAt(path, status, "open");
  return std::unique_ptr<LevelDbRegistryStore>(
      new LevelDbRegistryStore(path, std::unique_ptr<leveldb::DB>(db)));
}

Result<RegistryDelta> LevelDbRegistryStore::Load() {
  leveldb::ReadOptions options;
  options.verify_checksums = true;
  const std::unique_ptr<leveldb::Iterator> it(db_->NewIterator(options));
  RegistryDelta records;
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    RegistryChange record;
    record.key = it->key().ToString();
    record.value = it->value().ToString();
    records.push_back(std::move(record));
  }
  RETURN_IF_ERROR(Explain(it->status(), "read"));
  return records;
}

Status LevelDbRegistryStore::Write(const RegistryDelta& changes) {
  leveldb::WriteBatch batch;
  for (const RegistryChange& change : changes) {
    if (change.value) {
      batch.Put(change.key, *change.value);
    } else {
      batch.Delete(change.key);
    }
  }
  leveldb::WriteOptions options;
  options.sync = true;
  return Explain(db_->Write(options, &batch), "write");
}

}  // namespace meseta::registry
