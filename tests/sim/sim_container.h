// SimContainers: the containers of one machine. They outlive the agent, as shims do.
//
// A container that was asked for starts after a while, unless its agent died before the go-ahead:
// then it leaves no trace. One that started is remembered, synced, until it is forgotten; it ends
// by its script (duration and exit code), by a kill, or with the machine.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "agent/containerizer/containerizer.h"
#include "tests/sim/world.h"

namespace meseta::sim {

// What a task does once it runs. Told by its command, "run <millis> <code>".
struct TaskScript {
  Duration lasts;
  int code = 0;
  [[nodiscard]] std::string ToCommand() const;
  static TaskScript FromCommand(const std::string& command);
};

class SimContainers {
 public:
  using Sink = std::function<void(const agent::ContainerEvent&)>;

  SimContainers(World* world, int agent) : world_(world), agent_(agent) {}

  void AgentUp(Sink sink);
  void AgentDown();
  void PowerFailure();  // The agent is down.

  void Launch(const agent::ContainerSpec& spec);
  void Kill(const ContainerId& id, Duration grace);
  void Recover(const std::vector<agent::ContainerToRecover>& named);
  void Forget(const ContainerId& id);
  // It left a trace of having run.
  [[nodiscard]] bool Started(const ContainerId& id) const;

 private:
  enum class Phase { kLaunching, kRunning, kEnded };
  struct Run {
    std::string task;
    TaskScript script;
    Phase phase = Phase::kLaunching;
    agent::ContainerExited exit;
    Time next_event;  // Events of one container arrive in order.
  };

  Run* Find(const ContainerId& id);
  void Start(const ContainerId& id);
  void End(const ContainerId& id, agent::ContainerExited::Cause cause, int wait_status);
  void Report(Run* run, agent::ContainerEvent event);

  World* world_;
  const int agent_;
  Sink sink_;
  uint64_t epoch_ = 0;  // Of the agent's process.
  std::map<ContainerId, Run> runs_;
};

}  // namespace meseta::sim
