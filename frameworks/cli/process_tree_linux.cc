#include "frameworks/cli/process_tree_linux.h"

#include <dirent.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "actors/base/files.h"

namespace meseta::cli {
namespace {

constexpr auto kPause = std::chrono::milliseconds(20);
constexpr size_t kMaxStatBytes = 4096;

// The parent of a process; 0 when it is gone.
pid_t ParentOf(const std::string& pid) {
  const auto stat = files::ReadFile("/proc/" + pid + "/stat", kMaxStatBytes);
  if (!stat.ok()) return 0;
  // "pid (name) state parent ...": the name may hold anything.
  const size_t name_end = stat->rfind(") ");
  if (name_end == std::string::npos || name_end + 4 >= stat->size()) return 0;
  return static_cast<pid_t>(std::atoi(stat->c_str() + name_end + 4));
}

std::multimap<pid_t, pid_t> ChildrenByParent() {
  std::multimap<pid_t, pid_t> children;
  DIR* proc = ::opendir("/proc");
  if (proc == nullptr) return children;
  while (const dirent* entry = ::readdir(proc)) {
    const pid_t pid = static_cast<pid_t>(std::atoi(entry->d_name));
    if (pid <= 0) continue;
    if (const pid_t parent = ParentOf(entry->d_name)) children.emplace(parent, pid);
  }
  ::closedir(proc);
  return children;
}

std::vector<pid_t> Descendants() {
  const auto children = ChildrenByParent();
  std::vector<pid_t> found{::getpid()};
  for (size_t i = 0; i < found.size(); ++i) {
    const auto [begin, end] = children.equal_range(found[i]);
    for (auto it = begin; it != end; ++it) found.push_back(it->second);
  }
  found.erase(found.begin());
  return found;
}

void Reap() {
  while (::waitpid(-1, nullptr, WNOHANG) > 0) {
  }
}

}  // namespace

Status AdoptOrphans() {
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) {
    return ErrnoStatus(errno, "Cannot become the keeper of started processes");
  }
  return OkStatus();
}

Status EndDescendants(Duration grace) {
  const auto kill_from = std::chrono::steady_clock::now() + std::chrono::nanoseconds(grace.nanos());
  bool asked = false;
  for (int round = 0; round < kMaxKillRounds; ++round) {
    Reap();
    const std::vector<pid_t> processes = Descendants();
    if (processes.empty()) return OkStatus();
    const bool late = std::chrono::steady_clock::now() >= kill_from;
    if (late || !asked) {
      for (const pid_t pid : processes) ::kill(pid, late ? SIGKILL : SIGTERM);
    }
    asked = true;
    std::this_thread::sleep_for(kPause);
  }
  return FailedPrecondition("Some processes that this cluster started could not be ended");
}

}  // namespace meseta::cli
