#include "tests/sim/sim_container.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <set>

namespace meseta::sim {

using Cause = agent::ContainerExited::Cause;

std::string TaskScript::ToCommand() const {
  return "run " + std::to_string(lasts.millis()) + " " + std::to_string(code);
}

TaskScript TaskScript::FromCommand(const std::string& command) {
  long millis = 0;
  TaskScript script;
  if (std::sscanf(command.c_str(), "run %ld %d", &millis, &script.code) == 2) {
    script.lasts = Duration::Millis(millis);
  }
  return script;
}

SimContainers::Run* SimContainers::Find(const ContainerId& id) {
  const auto it = runs_.find(id);
  return it == runs_.end() ? nullptr : &it->second;
}

void SimContainers::AgentUp(Sink sink) {
  sink_ = std::move(sink);
  ++epoch_;
}

void SimContainers::AgentDown() {
  sink_ = nullptr;
  ++epoch_;
  // A shim that waits for the go-ahead gives up when its agent dies.
  for (auto it = runs_.begin(); it != runs_.end();) {
    if (it->second.phase == Phase::kLaunching) {
      ++world_->checkers.probes["agent died during a launch"];
      it = runs_.erase(it);
    } else {
      ++it;
    }
  }
}

void SimContainers::PowerFailure() {
  for (auto& [id, run] : runs_) {
    if (run.phase != Phase::kRunning) continue;
    ++world_->checkers.probes["container lost in a power failure"];
    run.phase = Phase::kEnded;
    run.exit = agent::ContainerExited{id, Cause::kLost, 0};
    world_->checkers.ContainerVanished(agent_, run.task);
  }
}

bool SimContainers::Started(const ContainerId& id) const {
  const auto it = runs_.find(id);
  return it != runs_.end() && it->second.phase != Phase::kLaunching;
}

void SimContainers::Launch(const agent::ContainerSpec& spec) {
  Run& run = runs_[spec.id];
  run.task = spec.environment.at("MESOS_TASK_ID");
  run.script = TaskScript::FromCommand(spec.command.value());
  world_->heap.After(world_->Delay(), [this, id = spec.id, epoch = epoch_] {
    if (epoch == epoch_) Start(id);
  });
}

void SimContainers::Start(const ContainerId& id) {
  Run* run = Find(id);
  if (run == nullptr || run->phase != Phase::kLaunching) return;
  if (world_->Fault(world_->options.launch_failure)) {
    world_->checkers.LaunchFailed(run->task);
    const agent::ContainerFailed failed{id, Unavailable("The simulated launch failed"),
                                        v1::TaskStatus::REASON_CONTAINER_LAUNCH_FAILED};
    Report(run, failed);
    runs_.erase(id);
    return;
  }
  run->phase = Phase::kRunning;
  world_->Note("agent " + std::to_string(agent_) + " starts " + run->task);
  world_->checkers.ContainerStarted(agent_, run->task, id.value());
  if (world_->options.mutation == Mutation::kContainerTwice) {
    world_->checkers.ContainerStarted(agent_, run->task, id.value() + "-again");
  }
  world_->heap.After(run->script.lasts,
                     [this, id, code = run->script.code] { End(id, Cause::kSelf, code << 8); });
  Report(run, agent::ContainerStarted{id, 42});
}

void SimContainers::End(const ContainerId& id, Cause cause, int wait_status) {
  Run* run = Find(id);
  if (run == nullptr || run->phase != Phase::kRunning) return;
  if (sink_ == nullptr) ++world_->checkers.probes["container ended while its agent was down"];
  run->phase = Phase::kEnded;
  run->exit = agent::ContainerExited{id, cause, wait_status};
  world_->Note("agent " + std::to_string(agent_) + ": " + run->task + " ends with " +
               std::to_string(wait_status));
  world_->checkers.ContainerEnded(agent_, run->task, run->exit);
  Report(run, run->exit);
}

void SimContainers::Report(Run* run, agent::ContainerEvent event) {
  if (sink_ == nullptr) return;
  run->next_event = std::max(run->next_event, world_->heap.now() + world_->Delay());
  world_->heap.At(run->next_event, [this, epoch = epoch_, event = std::move(event)] {
    if (epoch == epoch_) sink_(event);
  });
}

void SimContainers::Kill(const ContainerId& id, Duration grace) {
  Run* run = Find(id);
  if (run == nullptr || run->phase == Phase::kEnded) return;
  if (run->phase == Phase::kLaunching) {
    ++world_->checkers.probes["killed during launch"];
    Report(run, agent::ContainerExited{id, Cause::kKilled, SIGTERM});
    runs_.erase(id);
    return;
  }
  // Some obey at once, some only to SIGKILL.
  const bool obeys = world_->Chance(0.7);
  world_->heap.After(obeys ? world_->Between(Duration(), grace) : grace,
                     [this, id, obeys] { End(id, Cause::kKilled, obeys ? SIGTERM : SIGKILL); });
}

void SimContainers::Recover(const std::vector<agent::ContainerToRecover>& named) {
  std::set<ContainerId> wanted;
  for (const agent::ContainerToRecover& one : named) {
    wanted.insert(one.id);
    Run* run = Find(one.id);
    if (run == nullptr) {
      Run unknown;
      Report(&unknown, agent::ContainerExited{one.id, Cause::kLost, 0});
    } else if (run->phase == Phase::kRunning) {
      Report(run, agent::ContainerRecovered{one.id, 42});
    } else {
      Report(run, run->exit);
    }
  }
  for (auto it = runs_.begin(); it != runs_.end();) {
    if (wanted.count(it->first)) {
      ++it;
      continue;
    }
    const ContainerId id = (it++)->first;
    End(id, Cause::kKilled, SIGKILL);  // Nobody asks for it.
    runs_.erase(id);
  }
}

void SimContainers::Forget(const ContainerId& id) { runs_.erase(id); }

}  // namespace meseta::sim
