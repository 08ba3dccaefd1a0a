#include "agent/launcher/run_directory.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

namespace meseta::agent {
namespace {

std::string ReadSmallFile(const std::string& path) {
  const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd.ok()) return {};
  std::string text(shim::kFrameHeaderBytes + shim::kMaxSmallFrameBytes + 1, '\0');
  const ssize_t size = read(fd.get(), text.data(), text.size());
  text.resize(static_cast<size_t>(std::max<ssize_t>(size, 0)));
  return text;
}

}  // namespace

Status RunDirectory::Make() const {
  if (mkdir(path_.c_str(), 0700) == 0) return OkStatus();
  if (errno == ENOENT) {  // The first of all: the folder of the runs is not there yet.
    std::error_code ignored;
    std::filesystem::create_directories(std::filesystem::path(path_).parent_path(), ignored);
  }
  if (mkdir(path_.c_str(), 0700) != 0) {
    return ErrnoStatus(errno, "Failed to make the run directory '" + path_ + "'");
  }
  return OkStatus();
}

RunFiles RunDirectory::Read() const {
  return {DecodeRecord(ReadSmallFile(path_ + "/" + shim::kRecordFile)),
          DecodeTaskFile(ReadSmallFile(path_ + "/" + shim::kTaskFile)),
          DecodeExitFile(ReadSmallFile(path_ + "/" + shim::kExitFile))};
}

bool RunDirectory::Alive(const RunFiles& files, const std::string& boot_id) {
  return files.record.has_value() && !boot_id.empty() && files.record->boot_id == boot_id &&
         LiveStartTime(static_cast<pid_t>(files.record->pid)) == files.record->start_time;
}

Result<UniqueFd> RunDirectory::Connect() const {
  const UniqueFd directory(open(path_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!directory.ok()) return ErrnoStatus(errno, "Failed to open '" + path_ + "'");
  UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd.ok()) return ErrnoStatus(errno, "Failed to make a socket");
  // Through the open folder: the whole path may be longer than the 107 bytes of an address.
  const std::string path =
      "/proc/self/fd/" + std::to_string(directory.get()) + "/" + shim::kSocketFile;
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return ErrnoStatus(errno, "Failed to connect to the shim in '" + path_ + "'");
  }
  return fd;
}

void RunDirectory::Remove() const {
  for (const char* file : {shim::kRecordFile, shim::kTaskFile, shim::kExitFile, shim::kSocketFile,
                           ".tmp"}) {
    unlink((path_ + "/" + file).c_str());
  }
  rmdir(path_.c_str());
}

std::vector<ContainerId> RunDirectory::List(const std::string& root) {
  std::vector<ContainerId> ids;
  DIR* directory = opendir(root.c_str());
  if (directory == nullptr) return ids;
  while (const dirent* entry = readdir(directory)) {
    if (entry->d_name[0] != '.') ids.emplace_back(entry->d_name);
  }
  closedir(directory);
  std::sort(ids.begin(), ids.end());
  return ids;
}

}  // namespace meseta::agent
