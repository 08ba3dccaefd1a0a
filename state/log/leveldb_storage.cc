#include "state/log/leveldb_storage.h"

#include <fcntl.h>
#include <leveldb/cache.h>
#include <leveldb/db.h>
#include <leveldb/env.h>
#include <leveldb/write_batch.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <string_view>
#include <utility>

#include "actors/base/check.h"
#include "actors/base/files.h"
#include "state/log/disk_errors.h"
#include "state/log/disk_recovery.h"
#include "state/log/leveldb_env.h"

namespace meseta::log {
namespace {

constexpr size_t kWriteBufferBytes = 16 << 20;
constexpr int kMaxOpenFiles = 100;  // Tables kept open.

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

std::string ParentOf(const std::string& path) {
  const std::filesystem::path parent = std::filesystem::path(path).parent_path();
  return parent.empty() ? "." : parent.string();
}

Status Explain(const std::string& directory, const leveldb::Status& status,
               const std::string& doing) {
  if (status.ok()) return OkStatus();
  if (status.IsIOError()) return DiskFailure(directory, doing, status.ToString());
  return DiskDamage(directory, status.ToString());
}

bool IsLevelDbFile(const std::string& name) {
  const auto ends = [&name](std::string_view end) {
    return name.size() >= end.size() && name.compare(name.size() - end.size(), end.size(), end) == 0;
  };
  return name == "CURRENT" || name.rfind("MANIFEST-", 0) == 0 || ends(".log") || ends(".ldb") ||
         ends(".sst");
}

struct Found {
  bool current = false;  // The file that LevelDB begins with.
  bool any = false;
};

Result<Found> LookFor(const std::string& directory) {
  Found found;
  std::error_code error;
  for (std::filesystem::directory_iterator it(directory, error), end; !error && it != end;
       it.increment(error)) {
    const std::string name = it->path().filename().string();
    found.current |= name == "CURRENT";
    found.any |= IsLevelDbFile(name);
  }
  if (error) return DiskFailure(directory, "read", error.message());
  return found;
}

}  // namespace

class LevelDbStorage::DirectoryLock {
 public:
  explicit DirectoryLock(int fd) : fd_(fd) {}
  ~DirectoryLock() { ::close(fd_); }
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;

  static Result<std::unique_ptr<DirectoryLock>> Take(const std::string& directory) {
    const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return DiskFailure(directory, "open", ErrnoText(errno));
    auto lock = std::make_unique<DirectoryLock>(fd);
    if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
      if (errno == EWOULDBLOCK) return DiskInUse(directory);
      return DiskFailure(directory, "lock", ErrnoText(errno));
    }
    return lock;
  }

 private:
  int fd_;
};

LevelDbStorage::LevelDbStorage(LevelDbStorageOptions options) : options_(std::move(options)) {
  if (options_.env == nullptr) {
    own_env_ = MakeLevelDbEnv(options_.sync_padding);
    options_.env = own_env_.get();
  }
}

LevelDbStorage::~LevelDbStorage() = default;

Result<std::unique_ptr<LevelDbStorage>> LevelDbStorage::Open(LevelDbStorageOptions options) {
  while (options.directory.size() > 1 && options.directory.back() == '/') {
    options.directory.pop_back();
  }
  std::unique_ptr<LevelDbStorage> storage(new LevelDbStorage(std::move(options)));
  RETURN_IF_ERROR(storage->OpenDirectory());
  return storage;
}

Status LevelDbStorage::OpenDirectory() {
  const std::string& directory = options_.directory;
  if (options_.create_if_missing) {
    Status made = files::MakeDirectories(directory);
    if (made.ok()) made = files::SyncDirectory(ParentOf(directory));
    if (!made.ok()) return DiskFailure(directory, "create", made.message());
  } else if (!std::filesystem::exists(directory)) {
    return NotFound("There is no replicated log in '" + directory + "': the directory is missing");
  }
  ASSIGN_OR_RETURN(lock_, DirectoryLock::Take(directory));
  ASSIGN_OR_RETURN(const Found found, LookFor(directory));
  const Result<std::optional<uint64_t>> watermark = Watermark::Read(directory);
  if (!watermark.ok()) {
    if (watermark.status().code() == StatusCode::kDataLoss) {
      return DiskDamage(directory, watermark.status().message());
    }
    return DiskFailure(directory, "read", watermark.status().message());
  }
  const bool has_watermark = watermark->has_value();
  reported_ = (*watermark).value_or(0);
  if (!has_watermark && found.any) {
    return DiskDamage(directory, "its file '" + std::string(Watermark::kFileName) + "' is missing");
  }
  if (reported_ > 0 && !found.current) return DiskDamage(directory, "its file 'CURRENT' is missing");
  if (!options_.create_if_missing && !found.current) {
    return NotFound("There is no replicated log in '" + directory + "'");
  }
  if (!has_watermark) {
    const Status created = Watermark::Create(directory);
    if (!created.ok()) return DiskFailure(directory, "create", created.message());
  }
  RETURN_IF_ERROR(OpenDatabase(!found.current));
  const Status opened = watermark_.Open(directory);
  if (!opened.ok()) return DiskFailure(directory, "open", opened.message());
  return OkStatus();
}

Status LevelDbStorage::OpenDatabase(bool create) {
  leveldb::Options options;
  options.create_if_missing = create;
  options.paranoid_checks = true;
  options.env = options_.env;
  options.write_buffer_size = kWriteBufferBytes;
  options.max_open_files = kMaxOpenFiles;
  leveldb::DB* db = nullptr;
  const leveldb::Status status = leveldb::DB::Open(options, options_.directory, &db);
  db_.reset(db);
  return Explain(options_.directory, status, "open");
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
  const std::unique_ptr<leveldb::Iterator> it(db_->NewIterator(options));
  disk::DiskRecovery recovery;
  Status found;
  for (it->SeekToFirst(); it->Valid() && found.ok(); it->Next()) {
    found = recovery.Add(View(it->key()), View(it->value()));
  }
  // LevelDB ends an iteration early where it cannot read, so its word comes first.
  if (!it->status().ok()) return Fail(Explain(options_.directory, it->status(), "read"));
  Result<Recovered> recovered = found.ok() ? recovery.Finish(reported_) : Result<Recovered>(found);
  if (!recovered.ok()) {
    const Status& why = recovered.status();
    if (why.code() == StatusCode::kDataLoss) {
      return Fail(DiskDamage(options_.directory, why.message()));
    }
    return Fail(why.WithContext("Cannot use the replicated log in '" + options_.directory + "'"));
  }
  catalog_ = recovery.TakeCatalog();
  recovered->cut_bytes = cut_bytes_;
  if (recovered->sequence > 0) {
    // What is found from now on counts as reported, also after a power failure.
    Status noted = watermark_.Write(recovered->sequence);
    if (noted.ok()) noted = watermark_.Sync();
    if (!noted.ok()) return Fail(DiskFailure(options_.directory, "write", noted.message()));
  }
  return recovered;
}

Status LevelDbStorage::Write(const std::vector<LogWrite>& group) {
  CHECK(loaded_) << "Load comes before the first Write";
  if (!failed_.ok() || group.empty()) return failed_;
  LevelDbSink sink;
  const Status planned = catalog_.Apply(group, &sink);
  if (!planned.ok()) {
    return Fail(planned.WithContext("Cannot write to '" + options_.directory + "'"));
  }
  leveldb::WriteOptions options;
  options.sync = true;
  const Status written =
      Explain(options_.directory, db_->Write(options, &sink.batch), "write to");
  if (!written.ok()) return Fail(written);
  const uint64_t sequence = catalog_.head().sequence;
  Status noted = watermark_.Write(sequence);
  // Once synced it tells a disk that had content from a new one whatever happens.
  if (noted.ok() && sequence == 1) noted = watermark_.Sync();
  if (!noted.ok()) return Fail(DiskFailure(options_.directory, "write to", noted.message()));
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
    return NotFound("'" + options_.directory + "' does not hold " + name);
  }
  leveldb::ReadOptions options;
  options.verify_checksums = true;
  options.fill_cache = false;
  const std::string key = disk::EncodeKey(id);
  std::string value;
  const leveldb::Status status = db_->Get(options, key, &value);
  if (!status.ok()) {
    const Status failure = Explain(options_.directory, status, "read");
    // Too many open files, say, pass; damage does not.
    return failure.code() == StatusCode::kDataLoss ? Fail(failure) : failure;
  }
  const Result<disk::Framed> framed = disk::Unframe(key, value, name);
  if (!framed.ok()) return Fail(DiskDamage(options_.directory, framed.status().message()));
  return std::string(framed->body);
}

}  // namespace meseta::log
