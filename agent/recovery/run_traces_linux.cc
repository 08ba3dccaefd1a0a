#include "agent/recovery/run_traces_linux.h"

#include <poll.h>

#include "actors/base/files.h"
#include "actors/base/strings.h"
#include "agent/launcher/run_directory.h"

namespace meseta::agent {
namespace {

constexpr int kPollMillis = 5;

enum class Trace { kNone, kStarted, kUndecided };

Trace TraceOf(const std::string& runs, const ContainerId& id, const std::string& boot_id) {
  const RunFiles files = RunDirectory(runs, id).Read();
  if (files.task || files.exit) return Trace::kStarted;
  // The shim writes `task` right after `go`; until it is gone it may still do so.
  return RunDirectory::Alive(files, boot_id) ? Trace::kUndecided : Trace::kNone;
}

}  // namespace

void FindNeverStarted(const std::string& runs_directory, std::vector<RecoveredTask>* tasks) {
  const std::string boot_id(strings::Trim(
      files::ReadFile("/proc/sys/kernel/random/boot_id").value_or(std::string())));
  std::vector<RecoveredTask*> undecided;
  for (RecoveredTask& task : *tasks) {
    if (!task.task.ended() && task.task.pid() == 0 && !task.task.container_id().empty()) {
      undecided.push_back(&task);
    }
  }
  for (int64_t waited = 0;; waited += kPollMillis) {
    std::vector<RecoveredTask*> left;
    for (RecoveredTask* task : undecided) {
      switch (TraceOf(runs_directory, ContainerId(task->task.container_id()), boot_id)) {
        case Trace::kNone: task->never_started = true; break;
        case Trace::kStarted: break;
        case Trace::kUndecided: left.push_back(task); break;
      }
    }
    undecided.swap(left);
    if (undecided.empty() || waited >= kShimGiveUpLimit.millis()) return;
    (void)poll(nullptr, 0, kPollMillis);
  }
}

}  // namespace meseta::agent
