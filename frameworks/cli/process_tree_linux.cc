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
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "actors/base/files.h"
#include "agent/daemon.h"

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

// Adds to `found` those that live below this process or below one of `found`, and drops those that
// have ended. What was found once is kept though its parent is gone: init has it then.
void Update(std::set<ProcessKey>* found) {
  const auto children = ChildrenByParent();
  std::vector<pid_t> parents{::getpid()};
  std::set<ProcessKey> living;
  for (const ProcessKey& process : *found) {
    if (agent::ProcessStartTime(process.pid) != process.start_time) continue;
    if (living.insert(process).second) parents.push_back(process.pid);
  }
  for (size_t i = 0; i < parents.size(); ++i) {
    const auto [begin, end] = children.equal_range(parents[i]);
    for (auto it = begin; it != end; ++it) {
      const int64_t start_time = agent::ProcessStartTime(it->second);
      if (start_time == 0) continue;
      if (living.insert(ProcessKey{it->second, start_time}).second) parents.push_back(it->second);
    }
  }
  *found = std::move(living);
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

Status EndProcesses(const std::vector<ProcessKey>& others, Duration grace) {
  const auto kill_from = std::chrono::steady_clock::now() + std::chrono::nanoseconds(grace.nanos());
  std::set<ProcessKey> processes(others.begin(), others.end());
  bool asked = false;
  for (int round = 0; round < kMaxKillRounds; ++round) {
    Reap();
    Update(&processes);
    if (processes.empty()) return OkStatus();
    const bool late = std::chrono::steady_clock::now() >= kill_from;
    if (late || !asked) {
      for (const ProcessKey& process : processes) ::kill(process.pid, late ? SIGKILL : SIGTERM);
    }
    asked = true;
    std::this_thread::sleep_for(kPause);
  }
  return FailedPrecondition("Some processes that this cluster started could not be ended");
}

}  // namespace meseta::cli
