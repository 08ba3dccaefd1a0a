#include "actors/endpoints/virtual_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/openat2.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace meseta::endpoints {
namespace {

// A file descriptor that is closed at the end of its scope.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

std::string WithoutTrailingSlash(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

Status Missing(const std::string& path) { return NotFound("No such file: " + path); }

// Opens `rest` beneath the folder `root`; never leaves it. O_NONBLOCK: a fifo must not block us.
Result<Descriptor> OpenBeneath(const std::string& root, const std::string& rest,
                               const std::string& shown) {
  Descriptor base(::open(root.c_str(), O_PATH | O_CLOEXEC));
  if (base.get() < 0) return Missing(shown);
  open_how how{};
  how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  const long fd = rest.empty()
                      ? ::open(root.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
                      : ::syscall(SYS_openat2, base.get(), rest.c_str(), &how, sizeof how);
  if (fd < 0) {
    // A link that leads out is EXDEV: for the asker it is not there.
    if (errno == EMFILE || errno == ENFILE || errno == EACCES) return ErrnoStatus(errno, shown);
    return Missing(shown);
  }
  return Descriptor(static_cast<int>(fd));
}

// "drwxr-xr-x", as ls shows it.
std::string ModeText(mode_t mode) {
  static constexpr char kKinds[] = "?pc?d?b?-?l?s???";
  std::string text(1, kKinds[(mode >> 12) & 15]);
  for (int shift = 6; shift >= 0; shift -= 3) {
    text += (mode >> shift) & 4 ? 'r' : '-';
    text += (mode >> shift) & 2 ? 'w' : '-';
    text += (mode >> shift) & 1 ? 'x' : '-';
  }
  if (mode & S_ISVTX) text[9] = mode & 1 ? 't' : 'T';
  return text;
}

std::string UserName(uid_t uid) {
  char buffer[4096];
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwuid_r(uid, &entry, buffer, sizeof buffer, &found) == 0 && found != nullptr) {
    return entry.pw_name;
  }
  return std::to_string(uid);
}

std::string GroupName(gid_t gid) {
  char buffer[4096];
  group entry{};
  group* found = nullptr;
  if (::getgrgid_r(gid, &entry, buffer, sizeof buffer, &found) == 0 && found != nullptr) {
    return entry.gr_name;
  }
  return std::to_string(gid);
}

FileEntry MakeEntry(std::string path, const struct stat& info) {
  FileEntry entry;
  entry.path = std::move(path);
  entry.mode = ModeText(info.st_mode);
  entry.mode_bits = info.st_mode;
  entry.nlink = info.st_nlink;
  entry.uid = UserName(info.st_uid);
  entry.gid = GroupName(info.st_gid);
  entry.size = static_cast<uint64_t>(info.st_size);
  entry.mtime = static_cast<double>(info.st_mtim.tv_sec);
  return entry;
}

// Counts from before the file is read until its last holder lets go.
struct HeldDownload {
  HeldDownload(std::shared_ptr<std::atomic<size_t>> all, size_t size)
      : total(std::move(all)), bytes(size) {
    *total += bytes;
  }
  HeldDownload(const HeldDownload&) = delete;
  HeldDownload& operator=(const HeldDownload&) = delete;
  ~HeldDownload() { *total -= bytes; }

  const std::shared_ptr<std::atomic<size_t>> total;
  const size_t bytes;
  std::string content;
};

Status StatRegular(int fd, const std::string& path, struct stat* info) {
  if (::fstat(fd, info) != 0) return ErrnoStatus(errno, path);
  if (S_ISDIR(info->st_mode)) return InvalidArgument("Cannot read a directory: " + path);
  if (!S_ISREG(info->st_mode)) return InvalidArgument("Not a regular file: " + path);
  return OkStatus();
}

Result<std::string> ReadAt(int fd, const std::string& path, uint64_t offset, size_t length) {
  std::string data(length, '\0');
  size_t got = 0;
  while (got < length) {
    const ssize_t n =
        ::pread(fd, data.data() + got, length - got, static_cast<off_t>(offset + got));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return ErrnoStatus(errno, path);
    if (n == 0) break;  // It shrank meanwhile.
    got += static_cast<size_t>(n);
  }
  data.resize(got);
  return data;
}

}  // namespace

void VirtualFiles::Attach(const std::string& virtual_path, const std::string& real_path) {
  const std::lock_guard lock(mutex_);
  roots_[WithoutTrailingSlash(virtual_path)] = WithoutTrailingSlash(real_path);
}

void VirtualFiles::Detach(const std::string& virtual_path) {
  const std::lock_guard lock(mutex_);
  roots_.erase(WithoutTrailingSlash(virtual_path));
}

std::map<std::string, std::string> VirtualFiles::Attached() const {
  const std::lock_guard lock(mutex_);
  return roots_;
}

// The longest attached prefix of whole components wins.
Result<VirtualFiles::Target> VirtualFiles::Resolve(const std::string& path) const {
  const std::string wanted = WithoutTrailingSlash(path);
  if (wanted.find('\0') != std::string::npos) return Missing("a path with a NUL byte");
  const std::lock_guard lock(mutex_);
  std::string prefix = wanted;
  while (!prefix.empty()) {
    const auto it = roots_.find(prefix);
    if (it != roots_.end()) {
      std::string rest = wanted.substr(prefix.size());
      while (!rest.empty() && rest.front() == '/') rest.erase(0, 1);
      return Target{it->second, rest};
    }
    const size_t slash = prefix.rfind('/');
    if (slash == std::string::npos) break;
    prefix.resize(slash);
  }
  return Missing(wanted);
}

Result<std::vector<FileEntry>> VirtualFiles::Browse(const std::string& path) const {
  ASSIGN_OR_RETURN(const Target target, Resolve(path));
  ASSIGN_OR_RETURN(Descriptor fd, OpenBeneath(target.root, target.rest, path));
  struct stat info{};
  if (::fstat(fd.get(), &info) != 0) return ErrnoStatus(errno, path);
  const std::string shown = WithoutTrailingSlash(path);
  std::vector<FileEntry> entries;
  if (!S_ISDIR(info.st_mode)) {
    entries.push_back(MakeEntry(shown, info));
    return entries;
  }
  const int dir_fd = fd.get();
  DIR* dir = ::fdopendir(dir_fd);
  if (dir == nullptr) return ErrnoStatus(errno, path);
  fd.release();  // The stream owns it now.
  while (const dirent* item = ::readdir(dir)) {
    const std::string name = item->d_name;
    if (name == "." || name == "..") continue;
    if (entries.size() >= kMaxEntries) break;
    if (::fstatat(dir_fd, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) continue;  // Just gone.
    entries.push_back(MakeEntry(shown + "/" + name, info));
  }
  ::closedir(dir);
  std::sort(entries.begin(), entries.end(),
            [](const FileEntry& a, const FileEntry& b) { return a.path < b.path; });
  return entries;
}

Result<FileChunk> VirtualFiles::Read(const std::string& path, uint64_t offset,
                                     size_t length) const {
  ASSIGN_OR_RETURN(const Target target, Resolve(path));
  ASSIGN_OR_RETURN(const Descriptor fd, OpenBeneath(target.root, target.rest, path));
  struct stat info{};
  RETURN_IF_ERROR(StatRegular(fd.get(), path, &info));
  FileChunk chunk;
  chunk.size = static_cast<uint64_t>(info.st_size);
  chunk.offset = offset;
  if (offset >= chunk.size) return chunk;
  const uint64_t left = chunk.size - offset;
  const auto wanted =
      static_cast<size_t>(std::min<uint64_t>({left, length, uint64_t{kMaxReadBytes}}));
  ASSIGN_OR_RETURN(chunk.data, ReadAt(fd.get(), path, offset, wanted));
  return chunk;
}

Result<std::shared_ptr<const std::string>> VirtualFiles::Download(const std::string& path) const {
  ASSIGN_OR_RETURN(const Target target, Resolve(path));
  ASSIGN_OR_RETURN(const Descriptor fd, OpenBeneath(target.root, target.rest, path));
  struct stat info{};
  RETURN_IF_ERROR(StatRegular(fd.get(), path, &info));
  const auto size = static_cast<uint64_t>(info.st_size);
  if (size > kMaxDownloadBytes) {
    return ResourceExhausted(path + " is larger than " + std::to_string(kMaxDownloadBytes) +
                             " bytes: read it in pieces by /files/read");
  }
  const auto download = std::make_shared<HeldDownload>(held_, static_cast<size_t>(size));
  if (*held_ > max_downloads_bytes_) {
    return ResourceExhausted("Too many files are being downloaded; try again");
  }
  ASSIGN_OR_RETURN(download->content, ReadAt(fd.get(), path, 0, static_cast<size_t>(size)));
  return std::shared_ptr<const std::string>(download, &download->content);
}

}  // namespace meseta::endpoints
