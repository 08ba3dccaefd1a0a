#include "tests/sim/checkers.h"

#include <sys/wait.h>
#include <algorithm>

#include "agent/updates/update_stream.h"

namespace meseta::sim {
namespace {

// How far a task has come; a new update must not go back.
int Rank(v1::TaskState state) {
  switch (state) {
    case v1::TASK_STARTING:
      return 1;
    case v1::TASK_RUNNING:
      return 2;
    case v1::TASK_KILLING:
      return 3;
    default:
      return agent::IsTerminal(state) ? 4 : 0;
  }
}

}  // namespace

bool NeverRuns(v1::TaskState state) {
  return state == v1::TASK_DROPPED || state == v1::TASK_GONE || state == v1::TASK_LOST ||
         state == v1::TASK_GONE_BY_OPERATOR || state == v1::TASK_ERROR;
}

void Checkers::Fail(const std::string& sentence) {
  if (failure_) return;
  failure_ = sentence + " (at " + std::to_string(heap_->now().nanos()) + " ns)";
}

void Checkers::LaunchSent(const std::string& task, const model::Resources& resources) {
  tasks_[task].resources = resources;
}

void Checkers::UpdateSeen(const v1::TaskStatus& status) {
  const std::string& id = status.task_id().value();
  Task& task = tasks_[id];
  const v1::TaskState state = status.state();
  const std::string name = v1::TaskState_Name(state);
  const bool over = !task.updates.empty() && agent::IsTerminal(task.updates.back().state);
  if (!status.has_uuid()) {
    if (!NeverRuns(state)) return;  // The master repeats what it knows of the agent's updates.
    if (!over && !task.given_up) task.given_up = state;
    return;
  }
  const auto same = [&](const Seen& seen) { return seen.uuid == status.uuid(); };
  const auto known = std::find_if(task.updates.begin(), task.updates.end(), same);
  if (known != task.updates.end()) {
    ++probes["update repeated"];
    if (known->state != state) Fail("An update of task " + id + " changed its state to " + name);
    if (known + 1 != task.updates.end() && !power_failed_.count(task.agent)) {
      Fail("An update of task " + id + " (" + name + ") came again after the next one");
    }
    return;
  }
  if (task.given_up && *task.given_up != state) {
    Fail("Task " + id + " was declared " + v1::TaskState_Name(*task.given_up) +
         " and then reported " + name);
  }
  if (!task.updates.empty() && Rank(state) <= Rank(task.updates.back().state)) {
    Fail("Task " + id + " went from " + v1::TaskState_Name(task.updates.back().state) + " to " +
         name);
  }
  task.updates.push_back({state, status.uuid()});
}

void Checkers::AcknowledgeSent(const std::string& task, const std::string& uuid) {
  tasks_[task].acknowledged.insert(uuid);
}

void Checkers::ContainerStarted(int agent, const std::string& id, const std::string& container) {
  Task& task = tasks_[id];
  if (!task.container.empty()) {
    Fail("Task " + id + " ran twice: in container " + task.container + " and in " + container);
  }
  task.container = container;
  task.agent = agent;
  running_[agent].insert(id);
  // One by one: a port of two tasks is one port in their sum.
  model::Resources left = totals_[agent];
  model::Resources used;
  bool fits = true;
  for (const std::string& other : running_[agent]) {
    fits = fits && left.Contains(tasks_[other].resources);
    left -= tasks_[other].resources;
    used += tasks_[other].resources;
  }
  if (!fits) {
    Fail("Resources of agent " + std::to_string(agent) + " are allocated twice: its tasks use " +
         used.ToString() + " of " + totals_[agent].ToString());
  }
}

void Checkers::ContainerEnded(int agent, const std::string& id, const agent::ContainerExited& how) {
  running_[agent].erase(id);
  tasks_[id].exit = how;
}

void Checkers::ContainerVanished(int agent, const std::string& id) {
  running_[agent].erase(id);
  tasks_[id].vanished = true;
}

void Checkers::LaunchFailed(const std::string& task) { tasks_[task].launch_failed = true; }

void Checkers::Checkpointed(int agent, const internal::CheckpointRecord& record) {
  if (record.has_task()) {
    // A refused task has no container: its record only carries the refusal.
    if (record.task().container_id().empty()) return;
    Task& task = tasks_[record.task().task().task_id().value()];
    task.checkpointed = true;
    task.agent = agent;
  } else if (record.has_update()) {
    const v1::TaskStatus& status = record.update().update().status();
    if (agent::IsTerminal(status.state())) {
      tasks_[status.task_id().value()].terminal_uuid = status.uuid();
    }
  }
}

void Checkers::Erased(int agent, const std::string& key) {
  if (key.rfind("task/", 0) != 0) return;
  const std::string id = key.substr(key.rfind('/') + 1);
  const Task& task = tasks_[id];
  if (task.terminal_uuid.empty() || !task.acknowledged.count(task.terminal_uuid)) {
    Fail("Agent " + std::to_string(agent) + " forgot task " + id +
         " before its terminal update was acknowledged");
  }
}

void Checkers::CheckOutcome(const std::string& id, const Task& task) {
  const v1::TaskState state = task.updates.back().state;
  std::set<v1::TaskState> right;
  if (task.exit && task.exit->cause == agent::ContainerExited::Cause::kSelf) {
    const bool good = WIFEXITED(task.exit->wait_status) && WEXITSTATUS(task.exit->wait_status) == 0;
    right.insert(good ? v1::TASK_FINISHED : v1::TASK_FAILED);
    if (task.killed) right.insert(v1::TASK_KILLED);  // The kill came while it ended by itself.
  } else {
    right.insert(v1::TASK_KILLED);
  }
  // Without an exit status, and for what never started, FAILED is all that can be said.
  if (task.vanished || task.launch_failed || task.container.empty()) right.insert(v1::TASK_FAILED);
  if (!right.count(state)) {
    Fail("Task " + id + " ended as " + v1::TaskState_Name(state) + ", which is not what happened");
  }
}

void Checkers::CheckEnd() {
  for (const auto& [id, task] : tasks_) {
    const bool over = !task.updates.empty() && agent::IsTerminal(task.updates.back().state);
    if (!over && !task.given_up) Fail("Nobody knows what became of task " + id);
    if (!task.checkpointed) {
      if (!task.container.empty()) Fail("Task " + id + " ran and no agent had it on disk");
      continue;
    }
    if (!over) {
      Fail("Task " + id + " was lost: an agent had it on disk, and the master said " +
           v1::TaskState_Name(task.given_up.value_or(v1::TASK_STAGING)));
    } else {
      CheckOutcome(id, task);
    }
  }
  for (const auto& [agent, tasks] : running_) {
    if (!tasks.empty())
      Fail("Task " + *tasks.begin() + " still runs and everybody thinks it ended");
  }
}

}  // namespace meseta::sim
