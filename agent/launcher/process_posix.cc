#include "agent/launcher/process_posix.h"

#include <dirent.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <utility>

namespace meseta::agent {
namespace {

struct ProcessStat {
  char state = 0;
  int64_t session = 0;
  int64_t start_time = 0;
};

bool ReadStat(const std::string& pid, ProcessStat* stat) {
  std::ifstream file("/proc/" + pid + "/stat");
  std::string text;
  if (!std::getline(file, text)) return false;
  const size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return false;
  std::istringstream fields(text.substr(name_end + 1));
  std::string skipped;
  fields >> stat->state >> skipped >> skipped >> stat->session;
  for (int field = 7; field < 22; ++field) fields >> skipped;
  return static_cast<bool>(fields >> stat->start_time);
}

// Frees what posix_spawn needs, on every way out.
struct SpawnSettings {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  SpawnSettings() {
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
  }
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }
};

void AddInherited(const std::vector<int>& inherited, posix_spawn_file_actions_t* actions) {
  for (size_t i = 0; i < inherited.size(); ++i) {
    const int fd = static_cast<int>(i);
    if (inherited[i] < 0) {
      posix_spawn_file_actions_addopen(actions, fd, "/dev/null", O_RDWR, 0);
    } else {
      posix_spawn_file_actions_adddup2(actions, inherited[i], fd);
    }
  }
}

}  // namespace

UniqueFd& UniqueFd::operator=(UniqueFd&& other) noexcept {
  if (this != &other) {
    Reset();
    fd_ = other.Release();
  }
  return *this;
}

int UniqueFd::Release() { return std::exchange(fd_, -1); }

void UniqueFd::Reset() {
  if (fd_ >= 0) close(Release());
}

Result<FdPair> SocketPair() {
  int fds[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0) {
    return ErrnoStatus(errno, "Failed to make a socket pair");
  }
  FdPair pair{UniqueFd(fds[0]), UniqueFd(fds[1])};
  return pair;
}

Result<pid_t> Spawn(const SpawnOptions& options) {
  // Descriptors below the number of inherited ones would be overwritten before they are used.
  std::vector<UniqueFd> moved;
  std::vector<int> inherited = options.inherited;
  for (int& fd : inherited) {
    if (fd < 0 || fd >= static_cast<int>(inherited.size())) continue;
    moved.emplace_back(fcntl(fd, F_DUPFD_CLOEXEC, static_cast<int>(inherited.size())));
    if (!moved.back().ok()) return ErrnoStatus(errno, "Failed to start '" + options.program + "'");
    fd = moved.back().get();
  }
  SpawnSettings settings;
  AddInherited(inherited, &settings.actions);
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&settings.attributes, &none);
  posix_spawnattr_setsigdefault(&settings.attributes, &all);
  posix_spawnattr_setflags(&settings.attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK |
                                                     POSIX_SPAWN_SETSIGDEF);
  std::vector<char*> argv;
  for (const std::string& argument : options.arguments) {
    argv.push_back(const_cast<char*>(argument.c_str()));
  }
  argv.push_back(nullptr);
  char* environment[] = {nullptr};
  pid_t pid = -1;
  const int error = posix_spawn(&pid, options.program.c_str(), &settings.actions,
                                &settings.attributes, argv.data(), environment);
  if (error != 0) return ErrnoStatus(error, "Failed to start '" + options.program + "'");
  return pid;
}

int64_t LiveStartTime(pid_t pid) {
  ProcessStat stat;
  if (pid <= 0 || !ReadStat(std::to_string(pid), &stat)) return 0;
  return stat.state == 'Z' || stat.state == 'X' ? 0 : stat.start_time;
}

std::string ReadBootId() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  std::getline(file, id);
  return id;
}

void KillSession(pid_t leader, int64_t start_time) {
  if (leader <= 1) return;
  ProcessStat stat;
  if (ReadStat(std::to_string(leader), &stat) && stat.start_time != start_time) return;
  DIR* proc = opendir("/proc");
  if (proc == nullptr) return;
  while (const dirent* entry = readdir(proc)) {
    const std::string name = entry->d_name;
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    if (ReadStat(name, &stat) && stat.session == leader) {
      kill(static_cast<pid_t>(std::strtol(name.c_str(), nullptr, 10)), SIGKILL);
    }
  }
  closedir(proc);
}

std::string SiblingProgram(const std::string& name) {
  char self[4096];
  const ssize_t size = readlink("/proc/self/exe", self, sizeof(self));
  const std::string path(self, static_cast<size_t>(std::max<ssize_t>(size, 0)));
  return path.substr(0, path.rfind('/') + 1) + name;
}

}  // namespace meseta::agent
