#include "actors/base/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>

namespace meseta::files {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }
  // The result of close(2), which may report a late write error.
  [[nodiscard]] int Close() {
    const int fd = fd_;
    fd_ = -1;
    return ::close(fd);
  }

 private:
  int fd_;
};

Status Failure(const char* what, const std::string& path) {
  return ErrnoStatus(errno, std::string("Cannot ") + what + " '" + path + "'");
}

Status WriteAll(int fd, std::string_view content, const std::string& path) {
  while (!content.empty()) {
    const ssize_t n = ::write(fd, content.data(), content.size());
    if (n < 0) {
      if (errno == EINTR) continue;
      return Failure("write", path);
    }
    content.remove_prefix(static_cast<size_t>(n));
  }
  return OkStatus();
}

std::string FolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Status WriteTemporary(const std::string& path, std::string_view content, int mode) {
  Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
  if (file.get() < 0) return Failure("create", path);
  RETURN_IF_ERROR(WriteAll(file.get(), content, path));
  if (::fsync(file.get()) != 0) return Failure("sync", path);
  if (file.Close() != 0) return Failure("close", path);
  return OkStatus();
}

}  // namespace

Result<std::string> ReadFile(const std::string& path, size_t max_bytes) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return Failure("open", path);
  std::string content;
  for (;;) {
    // Sizes of /proc files and pipes are unknown beforehand, so the read itself keeps the bound.
    constexpr size_t kChunk = 64 << 10;
    const size_t used = content.size();
    content.resize(used + kChunk);
    const ssize_t n = ::read(file.get(), content.data() + used, kChunk);
    content.resize(used + static_cast<size_t>(std::max<ssize_t>(n, 0)));
    if (n < 0) {
      if (errno == EINTR) continue;
      return Failure("read", path);
    }
    if (n == 0) return content;
    if (content.size() > max_bytes) {
      return ResourceExhausted("File '" + path + "' is larger than the " +
                               std::to_string(max_bytes) + " bytes allowed");
    }
  }
}

Status WriteFileDurably(const std::string& path, std::string_view content, int mode) {
  static std::atomic<uint64_t> next_suffix{0};
  const std::string temporary =
      path + ".tmp." + std::to_string(::getpid()) + "." + std::to_string(next_suffix.fetch_add(1));
  ::unlink(temporary.c_str());  // Left by a crashed process whose pid came around again.
  const Status written = WriteTemporary(temporary, content, mode);
  if (!written.ok()) {
    ::unlink(temporary.c_str());
    return written;
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    const Status failure = Failure("replace", path);
    ::unlink(temporary.c_str());
    return failure;
  }
  return SyncDirectory(FolderOf(path));
}

Status MakeDirectories(const std::string& path, int mode) {
  if (path.empty()) return InvalidArgument("Cannot create a folder without a name");
  for (size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const std::string part = path.substr(0, end);
    if (::mkdir(part.c_str(), static_cast<mode_t>(mode)) != 0 && errno != EEXIST) {
      return Failure("create folder", part);
    }
    if (end == std::string::npos) break;
  }
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return Failure("look at", path);
  if (!S_ISDIR(info.st_mode)) return AlreadyExists("'" + path + "' exists and is not a folder");
  return OkStatus();
}

Status SyncDirectory(const std::string& path) {
  const Descriptor folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.get() < 0) return Failure("open folder", path);
  if (::fsync(folder.get()) != 0) return Failure("sync folder", path);
  return OkStatus();
}

}  // namespace meseta::files
