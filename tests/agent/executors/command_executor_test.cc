// Command tasks as containers, and ends as states: names and texts that clients match.
#include "agent/executors/command_executor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "agent/recovery/paths.h"

namespace meseta::agent {
namespace {

using ::testing::HasSubstr;

v1::TaskInfo Task(const std::string& command) {
  v1::TaskInfo task;
  task.set_name("n");
  task.mutable_task_id()->set_value("t");
  task.mutable_agent_id()->set_value("S0");
  task.mutable_command()->set_value(command);
  return task;
}

std::string NameOf(const v1::TaskInfo& task) {
  v1::FrameworkID framework;
  framework.set_value("F");
  return CommandExecutorInfo(task, framework, {}).name();
}

TEST(CommandExecutor, NamesAreCutAsMesosCutsThem) {
  EXPECT_EQ(NameOf(Task("exit 7")), "Command Executor (Task: t) (Command: sh -c 'exit 7')");
  EXPECT_EQ(NameOf(Task("123456789012345")),
            "Command Executor (Task: t) (Command: sh -c '123456789012345')");
  EXPECT_EQ(NameOf(Task("echo hello; sleep 1")),
            "Command Executor (Task: t) (Command: sh -c 'echo hello; ...')");
  v1::TaskInfo argv = Task("/bin/echo");
  argv.mutable_command()->set_shell(false);
  argv.mutable_command()->add_arguments("echo");
  argv.mutable_command()->add_arguments("a");
  EXPECT_EQ(NameOf(argv), "Command Executor (Task: t) (Command: [echo, a])");
}

TEST(CommandExecutor, TheEnvironmentIsTheTasksAndTheAgents) {
  v1::TaskInfo task = Task("true");
  auto* variable = task.mutable_command()->mutable_environment()->add_variables();
  variable->set_name("X");
  variable->set_value("1");
  variable = task.mutable_command()->mutable_environment()->add_variables();
  variable->set_name("MESOS_TASK_ID");
  variable->set_value("a lie");
  v1::FrameworkInfo framework;
  framework.set_user("someone");
  framework.mutable_id()->set_value("F");
  CommandTaskOptions options;
  options.work_dir = "/w";
  const auto spec =
      CommandContainerSpec(task, framework, AgentId("S0"), ContainerId("c"), options);
  EXPECT_EQ(spec.sandbox, "/w/slaves/S0/frameworks/F/executors/t/runs/c");
  EXPECT_EQ(spec.user, "someone");
  EXPECT_EQ(spec.environment.at("X"), "1");
  EXPECT_EQ(spec.environment.at("MESOS_TASK_ID"), "t");
  EXPECT_EQ(spec.environment.at("MESOS_SANDBOX"), spec.sandbox);
  EXPECT_THAT(spec.environment.at("PATH"), HasSubstr("/usr/bin"));
  options.switch_user = false;
  EXPECT_EQ(CommandContainerSpec(task, framework, AgentId("S0"), ContainerId("c"), options).user, "");
}

TEST(CommandExecutor, GraceOfAKill) {
  v1::TaskInfo task = Task("true");
  EXPECT_EQ(KillGrace(task, nullptr), Duration::Seconds(3));
  task.mutable_kill_policy()->mutable_grace_period()->set_nanoseconds(7);
  EXPECT_EQ(KillGrace(task, nullptr), Duration::Nanos(7));
  v1::KillPolicy policy;
  EXPECT_EQ(KillGrace(task, &policy), Duration::Nanos(7));
  policy.mutable_grace_period()->set_nanoseconds(9);
  EXPECT_EQ(KillGrace(task, &policy), Duration::Nanos(9));
  policy.mutable_grace_period()->set_nanoseconds(-9);
  EXPECT_EQ(KillGrace(task, &policy), Duration());
}

TEST(CommandExecutor, Outcomes) {
  using Cause = ContainerExited::Cause;
  const auto state = [](Cause cause, int status, bool killed) {
    return OutcomeOf(ContainerExited{ContainerId("c"), cause, status}, killed, true).state;
  };
  EXPECT_EQ(state(Cause::kSelf, 0, false), v1::TASK_FINISHED);
  EXPECT_EQ(state(Cause::kSelf, 1 << 8, false), v1::TASK_FAILED);
  EXPECT_EQ(state(Cause::kSelf, SIGTERM, false), v1::TASK_FAILED);
  EXPECT_EQ(state(Cause::kSelf, 0, true), v1::TASK_KILLED);
  EXPECT_EQ(state(Cause::kKilled, SIGTERM, true), v1::TASK_KILLED);
  EXPECT_EQ(state(Cause::kMaxCompletionTime, SIGKILL, false), v1::TASK_FAILED);
  EXPECT_EQ(state(Cause::kLost, 0, false), v1::TASK_FAILED);
  const auto core = OutcomeOf(ContainerExited{ContainerId("c"), Cause::kSelf, SIGSEGV | 0x80},
                              false, true);
  EXPECT_EQ(core.message, "Command terminated with signal Segmentation fault (core dumped)");
}

TEST(CommandExecutor, TasksThatCannotRun) {
  v1::FrameworkInfo framework;
  framework.mutable_id()->set_value("F");
  EXPECT_TRUE(CheckCommandTask(framework, Task("true")).ok());
  for (const char* id : {"..", "a/b", "", "a\nb"}) {
    v1::TaskInfo task = Task("true");
    task.mutable_task_id()->set_value(id);
    EXPECT_FALSE(CheckCommandTask(framework, task).ok()) << id;
  }
  v1::TaskInfo executor = Task("true");
  executor.mutable_executor()->mutable_executor_id()->set_value("e");
  EXPECT_THAT(CheckCommandTask(framework, executor).message(), HasSubstr("names an executor"));
  v1::TaskInfo image = Task("true");
  image.mutable_container()->set_type(v1::ContainerInfo::DOCKER);
  EXPECT_THAT(CheckCommandTask(framework, image).message(), HasSubstr("image"));
  v1::TaskInfo volume = Task("true");
  volume.mutable_container()->set_type(v1::ContainerInfo::MESOS);
  volume.mutable_container()->add_volumes();
  EXPECT_THAT(CheckCommandTask(framework, volume).message(), HasSubstr("volumes"));
  v1::TaskInfo secret = Task("true");
  secret.mutable_command()->mutable_environment()->add_variables()->set_type(
      v1::Environment::Variable::SECRET);
  EXPECT_THAT(CheckCommandTask(framework, secret).message(), HasSubstr("secrets"));
  v1::TaskInfo limits = Task("true");
  (*limits.mutable_limits())["cpus"].set_value(1);
  EXPECT_THAT(CheckCommandTask(framework, limits).message(), HasSubstr("limits"));
}

}  // namespace
}  // namespace meseta::agent
