#include "state/store/backup_file_posix.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <utility>
#include <vector>

#include "actors/base/files.h"

namespace meseta::store {
namespace {

std::string Unfinished(const std::string& path) { return path + ".unfinished"; }

std::string FolderOf(const std::string& path) {
  const size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

Result<BackupFile> BackupFile::Create(const std::string& path) {
  if (::access(path.c_str(), F_OK) == 0) {
    return AlreadyExists("The file " + path + " is there already; name another or remove it");
  }
  const int descriptor =
      ::open(Unfinished(path).c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (descriptor < 0) return ErrnoStatus(errno, "Cannot create " + Unfinished(path));
  return BackupFile(path, descriptor);
}

BackupFile::BackupFile(BackupFile&& other) noexcept
    : path_(std::move(other.path_)), descriptor_(std::exchange(other.descriptor_, -1)) {}

BackupFile::~BackupFile() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  ::unlink(Unfinished(path_).c_str());
}

Status BackupFile::Append(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return ErrnoStatus(errno, "Cannot write " + Unfinished(path_));
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return OkStatus();
}

Status BackupFile::Commit() {
  if (::fsync(descriptor_) != 0) return ErrnoStatus(errno, "Cannot write " + Unfinished(path_));
  ::close(std::exchange(descriptor_, -1));
  if (::rename(Unfinished(path_).c_str(), path_.c_str()) != 0) {
    return ErrnoStatus(errno, "Cannot create " + path_);
  }
  return files::SyncDirectory(FolderOf(path_));
}

Status ReadBackupFile(const std::string& path, BackupReader* reader) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return ErrnoStatus(errno, "Cannot open " + path);
  std::vector<char> buffer(size_t{1} << 20);
  Status status;
  while (status.ok()) {
    const ssize_t size = ::read(descriptor, buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) status = ErrnoStatus(errno, "Cannot read " + path);
    if (size <= 0) break;
    status = reader->Add({buffer.data(), static_cast<size_t>(size)});
  }
  ::close(descriptor);
  return status.WithContext(path);
}

}  // namespace meseta::store
