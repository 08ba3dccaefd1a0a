// What a task must look like to be launched with LAUNCH, with Mesos' sentences (they go out in
// TASK_ERROR, and clients match them). Pure functions; any thread.
#pragma once

#include "actors/base/ids.h"
#include "actors/base/status.h"
#include "actors/messages/v1.h"
#include "state/model/resources.h"

namespace meseta::master {

// What the sentences depend on besides the task.
struct TaskContext {
  AgentId agent;  // Of the offers.
  FrameworkId framework;
  bool agent_handles_limits = false;  // TASK_RESOURCE_LIMITS
  bool duplicate = false;             // A live task of the framework has this id.
  bool duplicate_unreachable = false;
  const model::Resources* available = nullptr;  // Of the offers, not yet used by earlier tasks.
};

// The task's resources, or what is wrong with the task. REQUIRES: allocation roles are filled in.
[[nodiscard]] Result<model::Resources> ValidateTask(const v1::TaskInfo& task,
                                                    const TaskContext& context);

// Parts of it that agents and executors share.
Status ValidateEnvironment(const v1::Environment& environment);
Status ValidateCommand(const v1::CommandInfo& command);
Status ValidateCheck(const v1::CheckInfo& check);
Status ValidateHealthCheck(const v1::HealthCheck& check);
Status ValidateContainer(const v1::ContainerInfo& container);

}  // namespace meseta::master
