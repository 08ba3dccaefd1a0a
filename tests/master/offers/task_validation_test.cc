// Goal: each sentence with which a task is refused, word by word: clients match them. Method: one
// valid task, spoilt in one way per case.
#include "master/offers/task_validation.h"

#include <gtest/gtest.h>

#include <functional>
#include <limits>

namespace meseta::master {
namespace {

v1::TaskInfo ValidTask() {
  v1::TaskInfo task;
  task.set_name("t");
  task.mutable_task_id()->set_value("t");
  task.mutable_agent_id()->set_value("a");
  *task.mutable_resources() =
      model::Resources::Parse("cpus:1;mem:32").value().AllocatedTo("web").ToProto();
  task.mutable_command()->set_value("true");
  return task;
}

std::string Check(const v1::TaskInfo& task, const std::function<void(TaskContext*)>& change = {}) {
  const model::Resources available =
      model::Resources::Parse("cpus:4;mem:1024").value().AllocatedTo("web");
  TaskContext context;
  context.agent = AgentId("a");
  context.framework = FrameworkId("f");
  context.agent_handles_limits = true;
  context.available = &available;
  if (change) change(&context);
  const Result<model::Resources> result = ValidateTask(task, context);
  return result.ok() ? "" : result.status().message();
}

struct Case {
  std::string name;
  std::function<void(v1::TaskInfo*)> spoil;
  std::string sentence;
};

std::vector<Case> Cases() {
  using Task = v1::TaskInfo;
  return {
      {"Valid", [](Task*) {}, ""},
      {"NoId", [](Task* t) { t->mutable_task_id()->set_value(""); }, "ID must not be empty"},
      {"LongId", [](Task* t) { t->mutable_task_id()->set_value(std::string(256, 'x')); },
       "ID must not be greater than 255 characters"},
      {"DotDot", [](Task* t) { t->mutable_task_id()->set_value(".."); }, "'..' is disallowed"},
      {"Slash", [](Task* t) { t->mutable_task_id()->set_value("a/b"); },
       "'a/b' contains invalid characters"},
      {"Agent", [](Task* t) { t->mutable_agent_id()->set_value("b"); },
       "Task uses invalid agent b while agent a is expected"},
      {"KillPolicy",
       [](Task* t) { t->mutable_kill_policy()->mutable_grace_period()->set_nanoseconds(-1); },
       "Task's 'kill_policy.grace_period' must be non-negative"},
      {"CompletionTime", [](Task* t) { t->mutable_max_completion_time()->set_nanoseconds(-1); },
       "Task's `max_completion_time` must be non-negative"},
      {"CheckType", [](Task* t) { t->mutable_check(); },
       "Task uses invalid check: CheckInfo must specify 'type'"},
      {"CheckCommand", [](Task* t) { t->mutable_check()->set_type(v1::CheckInfo::COMMAND); },
       "Task uses invalid check: Expecting 'command' to be set for COMMAND check"},
      {"HealthCheckHttp",
       [](Task* t) { t->mutable_health_check()->set_type(v1::HealthCheck::HTTP); },
       "Task uses invalid health check: Expecting 'http' to be set for HTTP health check"},
      {"HealthCheckPath",
       [](Task* t) {
         t->mutable_health_check()->set_type(v1::HealthCheck::HTTP);
         t->mutable_health_check()->mutable_http()->set_port(1);
         t->mutable_health_check()->mutable_http()->set_path("x");
       },
       "Task uses invalid health check: The path 'x' of HTTP health check must start with '/'"},
      {"NoResources", [](Task* t) { t->clear_resources(); }, "Task uses no resources"},
      {"NotAllocated", [](Task* t) { t->mutable_resources(0)->clear_allocation_info(); },
       "Invalid task resources: The resources are not allocated to a role"},
      {"TwoRoles",
       [](Task* t) { t->mutable_resources(0)->mutable_allocation_info()->set_role("db"); },
       "Invalid task resources: The resources have multiple allocation roles ('web' and 'db') but "
       "only "
       "one allocation role is allowed"},
      {"Gpus",
       [](Task* t) {
         *t->mutable_resources() =
             model::Resources::Parse("gpus:0.5").value().AllocatedTo("web").ToProto();
       },
       "Task uses invalid resources: Invalid 'gpus' resource: The 'gpus' resource must be an "
       "unsigned "
       "integer"},
      {"Revocable",
       [](Task* t) {
         *t->add_resources() = t->resources(0);
         t->mutable_resources(2)->mutable_revocable();
       },
       "Task mixes revocable and non-revocable resources: Cannot use both revocable and "
       "non-revocable "
       "'cpus' at the same time"},
      {"Environment",
       [](Task* t) { t->mutable_command()->mutable_environment()->add_variables()->set_name("X"); },
       "Task's `CommandInfo` is invalid: Environment variable 'X' of type 'VALUE' must have a "
       "value set"},
      {"Docker", [](Task* t) { t->mutable_container()->set_type(v1::ContainerInfo::DOCKER); },
       "Task's `ContainerInfo` is invalid: DockerInfo 'docker' is not set for DOCKER typed "
       "ContainerInfo"},
      {"LimitName", [](Task* t) { (*t->mutable_limits())["disk"].set_value(1); },
       "Only cpus and mem may be included in a task's resource limits"},
      {"LimitBelow", [](Task* t) { (*t->mutable_limits())["cpus"].set_value(0.5); },
       "The cpu limit must be greater than or equal to the cpu request"},
      {"LimitMemory", [](Task* t) { (*t->mutable_limits())["mem"].set_value(31); },
       "The memory limit must be greater than or equal to the memory request"},
      {"LimitInfinite",
       [](Task* t) {
         (*t->mutable_limits())["mem"].set_value(std::numeric_limits<double>::infinity());
       },
       ""},
      {"Neither", [](Task* t) { t->clear_command(); },
       "Task should have at least one (but not both) of CommandInfo or ExecutorInfo present"},
      {"Executor",
       [](Task* t) {
         t->clear_command();
         t->mutable_executor()->mutable_executor_id()->set_value("e");
         t->mutable_executor()->mutable_command()->set_value("run");
       },
       "Executor 'e' cannot be run: this master launches command tasks only; set "
       "'TaskInfo.command' "
       "instead of 'TaskInfo.executor'"},
      {"TooBig", [](Task* t) { t->mutable_resources(0)->mutable_scalar()->set_value(5); },
       "Total resources cpus(allocated: web):5; mem(allocated: web):32 required by task and its "
       "executor "
       "is more than available cpus(allocated: web):4; mem(allocated: web):1024"},
  };
}

class TaskValidationTest : public ::testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(Sentences, TaskValidationTest, ::testing::ValuesIn(Cases()),
                         [](const auto& info) { return info.param.name; });

TEST_P(TaskValidationTest, Says) {
  v1::TaskInfo task = ValidTask();
  GetParam().spoil(&task);
  EXPECT_EQ(Check(task), GetParam().sentence);
}

TEST(TaskValidationContextTest, Sentences) {
  EXPECT_EQ(Check(ValidTask(), [](TaskContext* c) { c->duplicate = true; }),
            "Task has duplicate ID: t");
  EXPECT_EQ(Check(ValidTask(), [](TaskContext* c) { c->duplicate_unreachable = true; }),
            "Task reuses the ID of an unreachable task: t");
  v1::TaskInfo limited = ValidTask();
  (*limited.mutable_limits())["cpus"].set_value(2);
  EXPECT_EQ(Check(limited, [](TaskContext* c) { c->agent_handles_limits = false; }),
            "Agent is not capable of handling task resource limits");
}

}  // namespace
}  // namespace meseta::master
