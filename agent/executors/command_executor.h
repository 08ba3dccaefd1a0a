// The built-in command executor: turns a TaskInfo into a container, and what became of the container
// into task states. There is no executor process: a command task costs one shim.
//
// Pure functions. Names, messages and reasons are Mesos', because clients match them.
#pragma once

#include <string>

#include "agent/containerizer/containerizer.h"
#include "agent/updates/update_streams_core.h"

namespace meseta::agent {

struct CommandTaskOptions {
  std::string work_dir;
  std::string launcher_dir;  // Where meseta-shim is.
  std::string pid;           // slave(1)@ip:port
  std::string endpoint;      // ip:port
  bool switch_user = true;   // Run as the command's or framework's user, or else as the agent's.
  Duration recovery_timeout = Duration::Minutes(15);
};

inline constexpr Duration kDefaultKillGrace = Duration::Seconds(3);

// The executor that endpoints show for a command task; its id is the task's.
[[nodiscard]] v1::ExecutorInfo CommandExecutorInfo(const v1::TaskInfo& task,
                                                   const v1::FrameworkID& framework,
                                                   const CommandTaskOptions& options);

// REQUIRES: task.has_command().
[[nodiscard]] ContainerSpec CommandContainerSpec(const v1::TaskInfo& task,
                                                 const v1::FrameworkInfo& framework,
                                                 const AgentId& agent, const ContainerId& container,
                                                 const CommandTaskOptions& options);

// The grace period of a kill: the call's, else the task's, else three seconds.
[[nodiscard]] Duration KillGrace(const v1::TaskInfo& task, const v1::KillPolicy* override_policy);

// Why a task cannot run as a command task on this agent; OK if it can.
[[nodiscard]] Status CheckCommandTask(const v1::FrameworkInfo& framework, const v1::TaskInfo& task);

// How a task ended.
struct TaskOutcome {
  v1::TaskState state = v1::TASK_FAILED;
  v1::TaskStatus::Source source = v1::TaskStatus::SOURCE_EXECUTOR;
  std::optional<v1::TaskStatus::Reason> reason;
  std::string message;
};
// `killed`: a kill was asked for before it ended; `started`: its process is known to have run.
[[nodiscard]] TaskOutcome OutcomeOf(const ContainerExited& exited, bool killed, bool started);
[[nodiscard]] TaskOutcome OutcomeOf(const ContainerFailed& failed, bool killed);

}  // namespace meseta::agent
