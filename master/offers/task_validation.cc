#include "master/offers/task_validation.h"

#include <set>
#include <string>

#include "state/model/ids.h"
#include "state/model/validation.h"

namespace meseta::master {
namespace {

using Protos = google::protobuf::RepeatedPtrField<v1::Resource>;

Result<model::Resources> ValidateResources(const Protos& protos) {
  if (protos.empty()) return InvalidArgument("Task uses no resources");
  RETURN_IF_ERROR(model::ValidateResources(protos).WithContext("Task uses invalid resources"));
  ASSIGN_OR_RETURN(model::Resources resources, model::Resources::FromProto(protos));
  RETURN_IF_ERROR(model::ValidateUniquePersistenceIds(resources).WithContext(
      "Task uses duplicate persistence ID"));
  RETURN_IF_ERROR(
      model::ValidateOneAllocationRole(resources).WithContext("Invalid task resources"));
  RETURN_IF_ERROR(model::ValidateRevocableApart(resources).WithContext(
      "Task mixes revocable and non-revocable resources"));
  return resources;
}

Status ValidateLimits(const v1::TaskInfo& task, const model::Resources& resources, bool capable) {
  const auto& limits = task.limits();
  if (limits.empty()) return OkStatus();
  if (!capable) return InvalidArgument("Agent is not capable of handling task resource limits");
  const auto cpus = limits.find("cpus");
  const auto mem = limits.find("mem");
  if (limits.size() > static_cast<size_t>(cpus != limits.end()) + (mem != limits.end())) {
    return InvalidArgument("Only cpus and mem may be included in a task's resource limits");
  }
  const std::set<std::string> names = resources.Names();
  if (cpus != limits.end()) {
    if (!names.count("cpus")) {
      return InvalidArgument("When a CPU limit is specified, a CPU request must also be specified");
    }
    if (!(cpus->second.value() >= resources.SumOf("cpus").value())) {
      return InvalidArgument("The cpu limit must be greater than or equal to the cpu request");
    }
  }
  if (mem != limits.end()) {
    if (!names.count("mem")) {
      return InvalidArgument(
          "When a memory limit is specified, a memory request must also be specified");
    }
    if (!(mem->second.value() >= resources.SumOf("mem").value())) {
      return InvalidArgument(
          "The memory limit must be greater than or equal to the memory request");
    }
  }
  return OkStatus();
}

Status ValidateIdentity(const v1::TaskInfo& task, const TaskContext& context) {
  const std::string& id = task.task_id().value();
  RETURN_IF_ERROR(model::ValidateId(id));
  if (context.duplicate) return InvalidArgument("Task has duplicate ID: " + id);
  if (context.duplicate_unreachable) {
    return InvalidArgument("Task reuses the ID of an unreachable task: " + id);
  }
  if (task.agent_id().value() != context.agent.value()) {
    return InvalidArgument("Task uses invalid agent " + task.agent_id().value() + " while agent " +
                           context.agent.value() + " is expected");
  }
  return OkStatus();
}

Status ValidateTimes(const v1::TaskInfo& task) {
  if (task.kill_policy().has_grace_period() &&
      task.kill_policy().grace_period().nanoseconds() < 0) {
    return InvalidArgument("Task's 'kill_policy.grace_period' must be non-negative");
  }
  if (task.has_max_completion_time() && task.max_completion_time().nanoseconds() < 0) {
    return InvalidArgument("Task's `max_completion_time` must be non-negative");
  }
  return OkStatus();
}

Status ValidateParts(const v1::TaskInfo& task) {
  if (task.has_command()) {
    RETURN_IF_ERROR(ValidateCommand(task.command()).WithContext("Task's `CommandInfo` is invalid"));
  }
  if (task.has_container()) {
    RETURN_IF_ERROR(
        ValidateContainer(task.container()).WithContext("Task's `ContainerInfo` is invalid"));
  }
  return OkStatus();
}

Status ValidateChecks(const v1::TaskInfo& task) {
  if (task.has_check()) {
    RETURN_IF_ERROR(ValidateCheck(task.check()).WithContext("Task uses invalid check"));
  }
  if (task.has_health_check()) {
    RETURN_IF_ERROR(
        ValidateHealthCheck(task.health_check()).WithContext("Task uses invalid health check"));
  }
  return OkStatus();
}

// Custom executors are refused, after the checks that Mesos makes of them.
Status ValidateExecutor(const v1::TaskInfo& task, const TaskContext& context) {
  if (task.has_executor() == task.has_command()) {
    return InvalidArgument(
        "Task should have at least one (but not both) of CommandInfo or ExecutorInfo present");
  }
  if (!task.has_executor()) return OkStatus();
  const v1::ExecutorInfo& executor = task.executor();
  RETURN_IF_ERROR(model::ValidateId(executor.executor_id().value()));
  if (executor.has_type() && executor.type() != v1::ExecutorInfo::CUSTOM) {
    return InvalidArgument("'ExecutorInfo.type' must be 'CUSTOM'");
  }
  if (!executor.has_command()) return InvalidArgument("'ExecutorInfo.command' must be set");
  if (executor.has_framework_id() && executor.framework_id().value() != context.framework.value()) {
    return InvalidArgument(
        "ExecutorInfo has an invalid FrameworkID (Actual: " + executor.framework_id().value() +
        " vs Expected: " + context.framework.value() + ")");
  }
  return InvalidArgument("Executor '" + executor.executor_id().value() +
                         "' cannot be run: this master launches command tasks only; set "
                         "'TaskInfo.command' instead of 'TaskInfo.executor'");
}

}  // namespace

Result<model::Resources> ValidateTask(const v1::TaskInfo& task, const TaskContext& context) {
  RETURN_IF_ERROR(ValidateIdentity(task, context));
  RETURN_IF_ERROR(ValidateTimes(task));
  RETURN_IF_ERROR(ValidateChecks(task));
  ASSIGN_OR_RETURN(model::Resources resources, ValidateResources(task.resources()));
  RETURN_IF_ERROR(ValidateParts(task));
  RETURN_IF_ERROR(ValidateLimits(task, resources, context.agent_handles_limits));
  if (task.container().linux_info().has_share_cgroups() &&
      !task.container().linux_info().share_cgroups()) {
    return InvalidArgument("Only tasks in a task group may have 'share_cgroups' set to 'false'");
  }
  RETURN_IF_ERROR(ValidateExecutor(task, context));
  if (!context.available->Contains(resources)) {
    return InvalidArgument("Total resources " + resources.ToString() +
                           " required by task and its executor is more than available " +
                           context.available->ToString());
  }
  return resources;
}

}  // namespace meseta::master
