#include "agent/executors/command_executor.h"

#include <sys/wait.h>

#include <cstring>

#include "agent/recovery/paths.h"

namespace meseta::agent {
namespace {

constexpr size_t kShownCommand = 15;  // Longer commands are cut in executor names, as Mesos does.
constexpr size_t kShownCut = 12;
constexpr const char* kDefaultPath =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

std::string Cut(const std::string& text) {
  return text.size() > kShownCommand ? text.substr(0, kShownCut) + "..." : text;
}

std::string CommandText(const v1::CommandInfo& command) {
  if (command.shell()) {
    if (!command.has_value()) return "(Command: NO COMMAND)";
    return "(Command: sh -c '" + Cut(command.value()) + "')";
  }
  if (!command.has_value()) return "(Command: NO EXECUTABLE)";
  std::string arguments;
  for (const std::string& argument : command.arguments()) {
    if (!arguments.empty()) arguments += ", ";
    arguments += argument;
  }
  return "(Command: [" + Cut(arguments) + "])";
}

std::string AllocationRole(const v1::TaskInfo& task) {
  for (const v1::Resource& resource : task.resources()) {
    if (resource.has_allocation_info()) return resource.allocation_info().role();
  }
  return "*";
}

// "Command exited with status 7", "Command terminated with signal Killed".
std::string WaitStatusText(int status) {
  if (WIFEXITED(status)) {
    return "Command exited with status " + std::to_string(WEXITSTATUS(status));
  }
  if (!WIFSIGNALED(status)) return "Command has unknown status " + std::to_string(status);
  const char* name = sigdescr_np(WTERMSIG(status));
  std::string text = "Command terminated with signal ";
  text += name != nullptr ? name : std::to_string(WTERMSIG(status));
  if (WCOREDUMP(status)) text += " (core dumped)";
  return text;
}

}  // namespace

v1::ExecutorInfo CommandExecutorInfo(const v1::TaskInfo& task, const v1::FrameworkID& framework,
                                     const CommandTaskOptions& options) {
  v1::ExecutorInfo executor;
  executor.mutable_executor_id()->set_value(task.task_id().value());
  *executor.mutable_framework_id() = framework;
  executor.set_name("Command Executor (Task: " + task.task_id().value() + ") " +
                    CommandText(task.command()));
  executor.set_source(task.task_id().value());
  v1::CommandInfo* command = executor.mutable_command();
  command->set_shell(false);
  command->set_value(options.launcher_dir + "/meseta-shim");
  command->add_arguments("meseta-shim");
  if (task.command().has_environment()) {
    *command->mutable_environment() = task.command().environment();
  }
  *executor.mutable_resources() = task.resources();
  if (task.has_container()) *executor.mutable_container() = task.container();
  if (task.has_discovery()) *executor.mutable_discovery() = task.discovery();
  if (task.has_labels()) *executor.mutable_labels() = task.labels();
  if (task.has_kill_policy() && task.kill_policy().has_grace_period()) {
    *executor.mutable_shutdown_grace_period() = task.kill_policy().grace_period();
  }
  return executor;
}

ContainerSpec CommandContainerSpec(const v1::TaskInfo& task, const v1::FrameworkInfo& framework,
                                   const AgentId& agent, const ContainerId& container,
                                   const CommandTaskOptions& options) {
  ContainerSpec spec;
  spec.id = container;
  const ExecutorId executor(task.task_id().value());
  spec.sandbox = paths::Sandbox(options.work_dir, agent, FrameworkId(framework.id().value()),
                                executor, container);
  if (options.switch_user) {
    spec.user = task.command().has_user() ? task.command().user() : framework.user();
  }
  spec.command = task.command();
  spec.kill_grace = KillGrace(task, nullptr);
  if (task.has_max_completion_time()) {
    spec.max_completion_time = Duration::Nanos(task.max_completion_time().nanoseconds());
  }
  if (task.has_container() && task.container().has_rlimit_info()) {
    spec.rlimits = task.container().rlimit_info();
  }

  auto& environment = spec.environment;
  environment["PATH"] = kDefaultPath;
  for (const auto& variable : task.command().environment().variables()) {
    if (variable.has_value()) environment[variable.name()] = variable.value();
  }
  // The agent's own come last: a task cannot lie to itself about where it runs.
  environment["MESOS_SANDBOX"] = spec.sandbox;
  environment["MESOS_DIRECTORY"] = spec.sandbox;
  environment["MESOS_TASK_ID"] = task.task_id().value();
  environment["MESOS_EXECUTOR_ID"] = executor.value();
  environment["MESOS_FRAMEWORK_ID"] = framework.id().value();
  environment["MESOS_SLAVE_ID"] = agent.value();
  environment["MESOS_SLAVE_PID"] = options.pid;
  environment["MESOS_AGENT_ENDPOINT"] = options.endpoint;
  environment["MESOS_ALLOCATION_ROLE"] = AllocationRole(task);
  environment["MESOS_CHECKPOINT"] = "1";
  environment["MESOS_HTTP_COMMAND_EXECUTOR"] = "0";
  environment["MESOS_RECOVERY_TIMEOUT"] = options.recovery_timeout.ToString();
  environment["MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD"] = spec.kill_grace.ToString();
  return spec;
}

Duration KillGrace(const v1::TaskInfo& task, const v1::KillPolicy* override_policy) {
  const v1::KillPolicy* policy = nullptr;
  if (override_policy != nullptr && override_policy->has_grace_period()) {
    policy = override_policy;
  } else if (task.has_kill_policy() && task.kill_policy().has_grace_period()) {
    policy = &task.kill_policy();
  }
  if (policy == nullptr) return kDefaultKillGrace;
  return Duration::Nanos(std::max<int64_t>(0, policy->grace_period().nanoseconds()));
}

namespace {

// What the task asks for and this agent would have to ignore; empty when there is nothing. A task
// that runs without its health check, volume or limit is worse than one that says why it does not.
std::string UnservedFeature(const v1::TaskInfo& task) {
  if (!task.limits().empty()) return "resource limits";
  for (const auto& variable : task.command().environment().variables()) {
    if (variable.type() == v1::Environment::Variable::SECRET) return "secrets in its environment";
  }
  const v1::ContainerInfo& container = task.container();
  if (!container.volumes().empty()) return "volumes";
  for (const auto& network : container.network_infos()) {
    if (network.has_name() || !network.port_mappings().empty()) return "a network of its own";
  }
  if (container.has_linux_info()) return "Linux namespaces, capabilities or seccomp";
  if (container.has_tty_info()) return "a terminal";
  return "";
}

}  // namespace

Status CheckCommandTask(const v1::FrameworkInfo& framework, const v1::TaskInfo& task) {
  if (!paths::IsSafeComponent(framework.id().value())) {
    return InvalidArgument("Framework ID '" + framework.id().value() +
                           "' contains invalid characters");
  }
  if (!paths::IsSafeComponent(task.task_id().value())) {
    return InvalidArgument("TaskID '" + task.task_id().value() + "' contains invalid characters");
  }
  if (task.has_executor()) {
    return InvalidArgument("Task '" + task.task_id().value() +
                           "' names an executor, and this agent runs command tasks only");
  }
  if (!task.has_command()) {
    return InvalidArgument("Task '" + task.task_id().value() + "' has no command");
  }
  const v1::ContainerInfo& container = task.container();
  if (task.has_container() &&
      (container.type() == v1::ContainerInfo::DOCKER || container.mesos().has_image())) {
    return InvalidArgument("Task '" + task.task_id().value() +
                           "' needs a container image, and this agent has no image provider");
  }
  if (const std::string feature = UnservedFeature(task); !feature.empty()) {
    return InvalidArgument("Task '" + task.task_id().value() + "' asks for " + feature +
                           ", which this agent does not provide");
  }
  return OkStatus();
}

TaskOutcome OutcomeOf(const ContainerExited& exited, bool killed, bool started) {
  TaskOutcome outcome;
  using Cause = ContainerExited::Cause;
  if (exited.cause == Cause::kLost) {
    outcome.source = v1::TaskStatus::SOURCE_AGENT;
    if (killed) {
      outcome.state = v1::TASK_KILLED;
      outcome.message = "Killed; its exit status is unknown";
      return outcome;
    }
    outcome.state = v1::TASK_FAILED;
    outcome.reason = v1::TaskStatus::REASON_EXECUTOR_TERMINATED;
    outcome.message = started ? "The task vanished together with its supervisor (a reboot, or a "
                                "kill -9), its exit status is unknown"
                              : "The agent was restarted while it started the task, whose "
                                "supervisor has vanished";
    return outcome;
  }
  outcome.message = WaitStatusText(exited.wait_status);
  if (exited.cause == Cause::kMaxCompletionTime) {
    outcome.state = v1::TASK_FAILED;
    outcome.reason = v1::TaskStatus::REASON_MAX_COMPLETION_TIME_REACHED;
  } else if (killed || exited.cause == Cause::kKilled) {
    outcome.state = v1::TASK_KILLED;
    if (!started) outcome.reason = v1::TaskStatus::REASON_TASK_KILLED_DURING_LAUNCH;
  } else if (WIFEXITED(exited.wait_status) && WEXITSTATUS(exited.wait_status) == 0) {
    outcome.state = v1::TASK_FINISHED;
  } else {
    outcome.state = v1::TASK_FAILED;
  }
  return outcome;
}

TaskOutcome OutcomeOf(const ContainerFailed& failed, bool killed) {
  TaskOutcome outcome;
  outcome.source = v1::TaskStatus::SOURCE_AGENT;
  if (killed) {
    outcome.state = v1::TASK_KILLED;
    outcome.reason = v1::TaskStatus::REASON_TASK_KILLED_DURING_LAUNCH;
    outcome.message = "Killed before delivery to the executor";
    return outcome;
  }
  outcome.state = v1::TASK_FAILED;
  // Value 0 of the enum is what a Reason{} that nobody set looks like.
  outcome.reason = failed.reason == v1::TaskStatus::REASON_COMMAND_EXECUTOR_FAILED
                       ? v1::TaskStatus::REASON_CONTAINER_LAUNCH_FAILED
                       : failed.reason;
  outcome.message = failed.status.message();
  return outcome;
}

}  // namespace meseta::agent
