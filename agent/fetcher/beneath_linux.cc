#include "agent/fetcher/beneath_linux.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace meseta::agent {
namespace {

int OpenBeneath(int folder, const std::string& path, int flags, mode_t mode) {
  open_how how = {};
  how.flags = static_cast<uint64_t>(flags) | O_CLOEXEC;
  how.mode = (flags & O_CREAT) != 0 ? mode : 0;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  return static_cast<int>(syscall(SYS_openat2, folder, path.c_str(), &how, sizeof(how)));
}

Status OpenError(int error, const std::string& path) {
  if (error == EXDEV) return PermissionDenied("'" + path + "' leads out of the sandbox");
  return ErrnoStatus(error, "Failed to open '" + path + "' in the sandbox");
}

}  // namespace

Result<Beneath> Beneath::Open(const std::string& folder) {
  UniqueFd fd(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.ok()) return ErrnoStatus(errno, "Failed to open '" + folder + "'");
  return Beneath(std::move(fd));
}

Result<UniqueFd> Beneath::OpenFile(const std::string& path, int flags, mode_t mode) const {
  UniqueFd fd(OpenBeneath(folder_.get(), path, flags, mode));
  if (!fd.ok()) return OpenError(errno, path);
  return fd;
}

Status Beneath::MakeFolders(const std::string& path) const {
  for (size_t slash = 0; slash != std::string::npos;) {
    slash = path.find('/', slash + 1);
    const std::string part = path.substr(0, slash);
    const UniqueFd there(OpenBeneath(folder_.get(), part, O_PATH | O_DIRECTORY, 0));
    if (there.ok()) continue;
    if (errno != ENOENT) return OpenError(errno, part);
    const size_t above = part.rfind('/');
    ASSIGN_OR_RETURN(const UniqueFd parent,
                     OpenFile(above == std::string::npos ? "." : part.substr(0, above),
                              O_PATH | O_DIRECTORY, 0));
    const std::string name = above == std::string::npos ? part : part.substr(above + 1);
    if (mkdirat(parent.get(), name.c_str(), 0755) != 0 && errno != EEXIST) {
      return ErrnoStatus(errno, "Unable to create subdirectory " + part + " in sandbox");
    }
  }
  return OkStatus();
}

Result<Beneath::Place> Beneath::PlaceOf(const std::string& path) const {
  const size_t slash = path.rfind('/');
  const std::string above = slash == std::string::npos ? "." : path.substr(0, slash);
  if (slash != std::string::npos) RETURN_IF_ERROR(MakeFolders(above));
  Place place;
  ASSIGN_OR_RETURN(place.folder, OpenFile(above, O_PATH | O_DIRECTORY, 0));
  place.name = slash == std::string::npos ? path : path.substr(slash + 1);
  return place;
}

Result<UniqueFd> Beneath::CreateFile(const std::string& path, mode_t mode) const {
  ASSIGN_OR_RETURN(const Place place, PlaceOf(path));
  if (unlinkat(place.folder.get(), place.name.c_str(), 0) != 0 && errno != ENOENT) {
    return ErrnoStatus(errno, "Failed to replace '" + path + "' in the sandbox");
  }
  UniqueFd fd(openat(place.folder.get(), place.name.c_str(),
                     O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
  if (!fd.ok()) return OpenError(errno, path);
  return fd;
}

Status Beneath::SymbolicLink(const std::string& target, const std::string& path) const {
  ASSIGN_OR_RETURN(const Place place, PlaceOf(path));
  unlinkat(place.folder.get(), place.name.c_str(), 0);
  if (symlinkat(target.c_str(), place.folder.get(), place.name.c_str()) == 0) return OkStatus();
  return ErrnoStatus(errno, "Failed to link '" + path + "' in the sandbox");
}

Status Beneath::HardLink(const std::string& existing, const std::string& path) const {
  ASSIGN_OR_RETURN(const UniqueFd file, OpenFile(existing, O_PATH | O_NOFOLLOW, 0));
  ASSIGN_OR_RETURN(const Place place, PlaceOf(path));
  struct stat there;
  struct stat source;
  if (fstat(file.get(), &source) == 0 &&
      fstatat(place.folder.get(), place.name.c_str(), &there, AT_SYMLINK_NOFOLLOW) == 0) {
    if (there.st_ino == source.st_ino && there.st_dev == source.st_dev) return OkStatus();
    unlinkat(place.folder.get(), place.name.c_str(), 0);
  }
  const std::string self = "/proc/self/fd/" + std::to_string(file.get());
  if (linkat(AT_FDCWD, self.c_str(), place.folder.get(), place.name.c_str(), AT_SYMLINK_FOLLOW) ==
      0) {
    return OkStatus();
  }
  return ErrnoStatus(errno, "Failed to link '" + path + "' in the sandbox");
}

}  // namespace meseta::agent
