#include "state/log/leveldb_directory.h"

#include <fcntl.h>
#include <leveldb/db.h>
#include <leveldb/env.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <optional>
#include <string_view>
#include <utility>

#include "actors/base/files.h"
#include "state/log/disk_errors.h"
#include "state/log/leveldb_env.h"
#include "state/log/leveldb_overlay.h"
#include "state/log/wal_tail.h"

namespace meseta::log {
namespace {

constexpr int kMaxOpenFiles = 100;  // Tables kept open.
// Tables as large as the buffer: each takes a sync or two, which the writer's would wait behind.
constexpr size_t kMaxTableBytes = 16 << 20;

std::string ParentOf(const std::string& path) {
  const std::filesystem::path parent = std::filesystem::path(path).parent_path();
  return parent.empty() ? "." : parent.string();
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

class LevelDbDirectory::Lock {
 public:
  explicit Lock(int fd) : fd_(fd) {}
  ~Lock() { ::close(fd_); }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

  static Result<std::unique_ptr<Lock>> Take(const std::string& directory) {
    const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return DiskFailure(directory, "open", ErrnoText(errno));
    auto lock = std::make_unique<Lock>(fd);
    if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
      if (errno == EWOULDBLOCK) return DiskInUse(directory);
      return DiskFailure(directory, "lock", ErrnoText(errno));
    }
    return lock;
  }

 private:
  int fd_;
};

LevelDbDirectory::LevelDbDirectory(LevelDbStorageOptions options) : options_(std::move(options)) {
  while (options_.directory.size() > 1 && options_.directory.back() == '/') {
    options_.directory.pop_back();
  }
  if (options_.env != nullptr) return;
  own_env_ = MakeLevelDbEnv(options_.sync_padding);
  options_.env = own_env_.get();
}

LevelDbDirectory::~LevelDbDirectory() = default;

Status LevelDbDirectory::Explain(const leveldb::Status& status, const std::string& doing) const {
  if (status.ok()) return OkStatus();
  if (status.IsIOError()) return DiskFailure(path(), doing, status.ToString());
  return DiskDamage(path(), status.ToString());
}

Result<std::unique_ptr<LevelDbDirectory>> LevelDbDirectory::Open(LevelDbStorageOptions options) {
  std::unique_ptr<LevelDbDirectory> opened(new LevelDbDirectory(std::move(options)));
  if (!opened->read_only()) RETURN_IF_ERROR(opened->Create());
  if (!std::filesystem::exists(opened->path())) {
    return NotFound("There is no replicated log in '" + opened->path() + "': it does not exist");
  }
  ASSIGN_OR_RETURN(opened->lock_, Lock::Take(opened->path()));
  bool is_new = false;
  RETURN_IF_ERROR(opened->Look(&is_new));
  RETURN_IF_ERROR(opened->TreatTail());
  RETURN_IF_ERROR(opened->OpenDatabase(is_new));
  if (opened->read_only()) return opened;
  const Status status = opened->watermark_.Open(opened->path());
  if (!status.ok()) return DiskFailure(opened->path(), "open", status.message());
  return opened;
}

Status LevelDbDirectory::Create() {
  Status made = files::MakeDirectories(path());
  if (made.ok()) made = files::SyncDirectory(ParentOf(path()));
  return made.ok() ? made : DiskFailure(path(), "create", made.message());
}

Status LevelDbDirectory::Look(bool* is_new) {
  ASSIGN_OR_RETURN(const Found found, LookFor(path()));
  const Result<std::optional<uint64_t>> watermark = Watermark::Read(path());
  if (!watermark.ok()) {
    const Status& why = watermark.status();
    return why.code() == StatusCode::kDataLoss ? DiskDamage(path(), why.message())
                                               : DiskFailure(path(), "read", why.message());
  }
  const bool has_watermark = watermark->has_value();
  reported_ = watermark->value_or(0);
  if (!has_watermark && found.any) {
    return DiskDamage(path(), "its file '" + std::string(Watermark::kFileName) + "' is missing");
  }
  if (reported_ > 0 && !found.current) return DiskDamage(path(), "its file 'CURRENT' is missing");
  *is_new = !found.current;
  if (read_only() && *is_new) {
    return NotFound("There is no replicated log in '" + path() + "': it holds no LevelDB");
  }
  if (has_watermark) return OkStatus();
  const Status created = Watermark::Create(path());
  return created.ok() ? created : DiskFailure(path(), "create", created.message());
}

Status LevelDbDirectory::TreatTail() {
  const Result<WalTail> tail = FindTornTail(path(), reported_);
  if (!tail.ok()) {
    const Status& why = tail.status();
    return why.code() == StatusCode::kDataLoss ? DiskDamage(path(), why.message())
                                               : DiskFailure(path(), "read", why.message());
  }
  cut_bytes_ = tail->cut_bytes;
  if (read_only()) {
    overlay_ = MakeOverlayEnv(options_.env, tail->path, tail->keep_bytes);
    options_.env = overlay_.get();
    return OkStatus();
  }
  if (tail->path.empty()) return OkStatus();
  const Status cut = CutTail(*tail);
  return cut.ok() ? cut : DiskFailure(path(), "open", cut.message());
}

Status LevelDbDirectory::OpenDatabase(bool create) {
  leveldb::Options options;
  options.create_if_missing = create;
  options.paranoid_checks = true;
  options.env = options_.env;
  options.write_buffer_size = options_.write_buffer_bytes;
  options.max_open_files = kMaxOpenFiles;
  options.max_file_size = kMaxTableBytes;
  leveldb::DB* db = nullptr;
  const leveldb::Status status = leveldb::DB::Open(options, path(), &db);
  db_.reset(db);
  return Explain(status, "open");
}

}  // namespace meseta::log
