// Checkers: what must hold in every run, checked at every step that could break it.
//
// They see both ends: what really ran (containers), what agents have on disk, what frameworks asked
// for and were told. The first broken promise is kept as a sentence and ends the run.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "actors/messages/internal/checkpoint.pb.h"
#include "actors/messages/v1.h"
#include "agent/containerizer/containerizer.h"
#include "state/model/resources.h"
#include "tests/sim/event_heap.h"

namespace meseta::sim {

// States by which the master gives a task up: no agent has it, and none ever will.
[[nodiscard]] bool NeverRuns(v1::TaskState state);

class Checkers {
 public:
  explicit Checkers(const EventHeap* heap) : heap_(heap) {}

  void AddAgent(int agent, const model::Resources& total) { totals_[agent] = total; }

  // Frameworks. Task ids are unique in the whole simulation.
  void LaunchSent(const std::string& task, const model::Resources& resources);
  void UpdateSeen(const v1::TaskStatus& status);
  void AcknowledgeSent(const std::string& task, const std::string& uuid);

  // Containers: what really happens.
  void ContainerStarted(int agent, const std::string& task, const std::string& container);
  void ContainerEnded(int agent, const std::string& task, const agent::ContainerExited& how);
  void ContainerVanished(int agent, const std::string& task);  // Power failure.
  void LaunchFailed(const std::string& task);
  void KillSent(const std::string& task) { tasks_[task].killed = true; }

  // Disks of agents: durable there.
  void Checkpointed(int agent, const internal::CheckpointRecord& record);
  void Erased(int agent, const std::string& key);
  // From now on an older update of this agent's tasks may repeat itself.
  void PowerFailed(int agent) { power_failed_.insert(agent); }

  // After convergence: every task ended as its container did, and everybody knows.
  void CheckEnd();

  void Fail(const std::string& sentence);
  [[nodiscard]] bool failed() const { return failure_.has_value(); }
  [[nodiscard]] const std::string& failure() const { return *failure_; }

  // Which rare things this run has seen, for the test that proves that they happen.
  std::map<std::string, uint64_t> probes;

 private:
  struct Seen {
    v1::TaskState state = v1::TASK_STAGING;
    std::string uuid;
  };
  struct Task {
    model::Resources resources;
    bool checkpointed = false;  // Its launch is durable on an agent.
    bool killed = false;
    bool launch_failed = false;
    bool vanished = false;
    int agent = -1;
    std::string container;  // That ran it.
    std::optional<agent::ContainerExited> exit;
    std::vector<Seen> updates;  // Of the agent, as the framework saw them first.
    std::set<std::string> acknowledged;
    std::string terminal_uuid;              // Of the terminal update on the agent's disk.
    std::optional<v1::TaskState> given_up;  // Terminal by the master's word, without an update.
  };

  void CheckOutcome(const std::string& id, const Task& task);

  const EventHeap* heap_;
  std::map<int, model::Resources> totals_;
  std::map<int, std::set<std::string>> running_;  // Tasks with a live process, by agent.
  std::map<std::string, Task> tasks_;
  std::set<int> power_failed_;
  std::optional<std::string> failure_;
};

}  // namespace meseta::sim
