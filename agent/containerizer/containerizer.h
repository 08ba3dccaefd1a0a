// Containerizer: runs commands in containers, for the agent core.
//
// Every call returns at once; outcomes come as ContainerEvents on the sink given at construction,
// in order per container. The calls come from one thread (the agent's actor); the sink is called on
// a thread of the containerizer and only hands the event on.
//
// A container outlives the agent: after a restart Recover() finds what still runs or has ended
// meanwhile by the shim's per-run files (agent/launcher/shim_protocol.h).
//
// Invariants: after Launch() exactly one of ContainerFailed or ContainerExited is reported in the
// end, also over agent restarts; ContainerStarted at most once, and before ContainerExited.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "actors/base/ids.h"
#include "actors/base/status.h"
#include "actors/base/time.h"
#include "actors/messages/v1.h"

namespace meseta::agent {

// All that is needed to run one command task. Built by the agent core from the TaskInfo.
struct ContainerSpec {
  ContainerId id;
  std::string sandbox;      // Absolute path in Mesos' layout; made and given to `user` by the containerizer.
  std::string user;         // Empty: the agent's own user.
  v1::CommandInfo command;  // Shell or argv form, and the uris to fetch into the sandbox.
  std::map<std::string, std::string> environment;  // Complete: nothing of the agent's own leaks in.
  std::optional<v1::RLimitInfo> rlimits;
  Duration kill_grace = Duration::Seconds(3);         // From SIGTERM to SIGKILL, kept by the shim itself.
  std::optional<Duration> max_completion_time;        // The shim kills the task after it, agent or no agent.
};

struct ContainerStarted {
  ContainerId id;
  int64_t pid = 0;  // Of the task's process, in the agent's pid namespace.
};

// It never ran: sandbox, fetch, user or exec failed.
struct ContainerFailed {
  ContainerId id;
  Status status;                                // A sentence for TaskStatus.message.
  v1::TaskStatus::Reason reason{};              // REASON_CONTAINER_LAUNCH_FAILED, ..._FETCH... and so on.
};

struct ContainerExited {
  enum class Cause {
    kSelf,               // The command ended by itself (or by a stranger's signal).
    kKilled,             // After Kill().
    kMaxCompletionTime,  // The shim enforced ContainerSpec::max_completion_time.
    kLost,               // No exit status can be known: shim and task vanished (reboot, kill -9 of the shim).
  };
  ContainerId id;
  Cause cause = Cause::kSelf;
  int wait_status = 0;  // As waitpid(2) gives it; meaningless with kLost.
};

// An answer to Recover(): this container still runs; its exit will be reported.
struct ContainerRecovered {
  ContainerId id;
  int64_t pid = 0;
};

using ContainerEvent =
    std::variant<ContainerStarted, ContainerFailed, ContainerExited, ContainerRecovered>;

// What Recover() is told about each container that the checkpoint names as not ended.
struct ContainerToRecover {
  ContainerId id;
  std::string sandbox;
};

class Containerizer {
 public:
  using Sink = std::function<void(ContainerEvent)>;
  using UsageCallback = std::function<void(Result<v1::ResourceStatistics>)>;

  virtual ~Containerizer() = default;

  virtual void Launch(ContainerSpec spec) = 0;
  // SIGTERM to the whole session, SIGKILL after `grace`. Unknown or ended containers: nothing.
  virtual void Kill(const ContainerId& id, Duration grace) = 0;
  // Called once, before any Launch. Each gets ContainerRecovered (later ContainerExited) or
  // ContainerExited at once. Containers found on disk but not named here are destroyed.
  virtual void Recover(std::vector<ContainerToRecover> containers) = 0;
  // Forgets the run's files once the terminal update is checkpointed. The sandbox stays.
  virtual void Forget(const ContainerId& id) = 0;
  // Processes, cpu and memory of the container, sampled now on another thread.
  virtual void Usage(const ContainerId& id, UsageCallback done) = 0;
};

}  // namespace meseta::agent
