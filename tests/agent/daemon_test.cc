// A real meseta-agent with a scripted master: real tasks, real kill -9. Waits for events, with
// deadlines; nothing sleeps but the tasks.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/agent/agent_process.h"
#include "tests/agent/scripted_master.h"

namespace meseta::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> Names(const std::vector<v1::TaskStatus>& statuses) {
  std::vector<std::string> names;
  for (const auto& status : statuses) names.push_back(v1::TaskState_Name(status.state()));
  return names;
}

std::string ReadAll(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

class AgentDaemonTest : public ::testing::Test {
 protected:
  std::string WorkDir() const { return folder_.path() + "/w"; }
  std::unique_ptr<AgentProcess> StartAgent() {
    return std::make_unique<AgentProcess>(
        master_.address(), WorkDir(),
        std::vector<std::string>{"--no-switch_user", "--resources=cpus:4;mem:1024;disk:1000"});
  }
  std::string Sandbox(const std::string& task) const {
    return WorkDir() + "/slaves/S0/frameworks/F/executors/" + task + "/runs/latest";
  }

  TemporaryFolder folder_;
  ScriptedMaster master_;
};

TEST_F(AgentDaemonTest, RunsRealTasks) {
  const auto agent = StartAgent();
  ASSERT_TRUE(master_.WaitForRegistrations(1, 0)) << agent->Log();
  master_.Run("ok", "echo hello; env");
  master_.Run("seven", "exit 7");
  master_.Run("nine", "kill -9 $$");
  master_.Run("missing", "no_such_command_anywhere");
  const auto ok = master_.WaitFor("ok", v1::TASK_FINISHED);
  EXPECT_THAT(Names(ok), ElementsAre("TASK_STARTING", "TASK_RUNNING", "TASK_FINISHED"))
      << agent->Log();
  const std::string out = ReadAll(Sandbox("ok") + "/stdout");
  EXPECT_THAT(out, HasSubstr("hello\n"));
  EXPECT_THAT(out, HasSubstr("MESOS_TASK_ID=ok\n"));
  EXPECT_THAT(out, HasSubstr("MESOS_SANDBOX=" + WorkDir() + "/slaves/S0/frameworks/F/"));
  const auto seven = master_.WaitFor("seven", v1::TASK_FAILED);
  EXPECT_EQ(seven.back().message(), "Command exited with status 7");
  const auto nine = master_.WaitFor("nine", v1::TASK_FAILED);
  EXPECT_EQ(nine.back().message(), "Command terminated with signal Killed");
  const auto missing = master_.WaitFor("missing", v1::TASK_FAILED);
  EXPECT_EQ(missing.back().message(), "Command exited with status 127");
}

TEST_F(AgentDaemonTest, KillsATask) {
  const auto agent = StartAgent();
  ASSERT_TRUE(master_.WaitForRegistrations(1, 0)) << agent->Log();
  master_.Run("t", "sleep 1000");
  EXPECT_EQ(master_.WaitFor("t", v1::TASK_RUNNING).size(), 2u) << agent->Log();
  master_.Kill("t");
  const auto updates = master_.WaitFor("t", v1::TASK_KILLED);
  EXPECT_THAT(Names(updates),
              ElementsAre("TASK_STARTING", "TASK_RUNNING", "TASK_KILLING", "TASK_KILLED"));
  EXPECT_EQ(updates.back().message(), "Command terminated with signal Terminated");
}

TEST_F(AgentDaemonTest, AnAgentKilledByForceFindsItsTasksAgain) {
  auto agent = StartAgent();
  ASSERT_TRUE(master_.WaitForRegistrations(1, 0)) << agent->Log();
  const std::string gate = folder_.path() + "/gate";
  master_.Run("ends", "while [ ! -e " + gate + " ]; do sleep 0.02; done; touch " + gate + ".done; exit 3");
  master_.Run("stays", "sleep 1000");
  ASSERT_EQ(master_.WaitFor("ends", v1::TASK_RUNNING).size(), 2u) << agent->Log();
  ASSERT_EQ(master_.WaitFor("stays", v1::TASK_RUNNING).size(), 2u);
  agent->End(SIGKILL);
  std::ofstream(gate) << "go";
  // It ends while no agent is there.
  for (int i = 0; i < 1000 && !std::filesystem::exists(gate + ".done"); ++i) usleep(10'000);
  ASSERT_TRUE(std::filesystem::exists(gate + ".done"));
  agent = StartAgent();
  ASSERT_TRUE(master_.WaitForRegistrations(1, 1)) << agent->Log();
  EXPECT_EQ(master_.last_reregistration().tasks_size(), 2);
  const auto ends = master_.WaitFor("ends", v1::TASK_FAILED);
  EXPECT_THAT(Names(ends), ElementsAre("TASK_STARTING", "TASK_RUNNING", "TASK_FAILED"))
      << agent->Log();
  EXPECT_EQ(ends.back().message(), "Command exited with status 3");
  master_.Kill("stays");
  const auto stays = master_.WaitFor("stays", v1::TASK_KILLED);
  EXPECT_THAT(Names(stays),
              ElementsAre("TASK_STARTING", "TASK_RUNNING", "TASK_KILLING", "TASK_KILLED"))
      << agent->Log();
}

TEST_F(AgentDaemonTest, ABurstOfTasksWithKillsOfTheAgentLosesNothing) {
  constexpr int kTasks = 200;
  auto agent = StartAgent();
  ASSERT_TRUE(master_.WaitForRegistrations(1, 0)) << agent->Log();
  for (int i = 0; i < kTasks; ++i) master_.Run("t" + std::to_string(i), "exit " + std::to_string(i % 3));
  ASSERT_TRUE(master_.WaitForTerminal(kTasks / 4)) << agent->Log();
  agent->End(SIGKILL);
  agent = StartAgent();
  ASSERT_TRUE(master_.WaitForRegistrations(1, 1)) << agent->Log();
  const internal::ReregisterAgent named_tasks = master_.last_reregistration();
  // Those whose order was lost with the agent would be asked for again by reconciliation.
  for (int i = 0; i < kTasks; ++i) {
    const std::string id = "t" + std::to_string(i);
    if (master_.updates(id).empty()) {
      bool named = false;
      for (const auto& task : named_tasks.tasks()) {
        named = named || task.task_id().value() == id;
      }
      if (!named) master_.Run(id, "exit " + std::to_string(i % 3));
    }
  }
  ASSERT_TRUE(master_.WaitForTerminal(kTasks)) << agent->Log();
  for (int i = 0; i < kTasks; ++i) {
    const auto updates = master_.updates("t" + std::to_string(i));
    ASSERT_FALSE(updates.empty());
    EXPECT_EQ(updates.back().message(), "Command exited with status " + std::to_string(i % 3)) << i;
  }
}

TEST_F(AgentDaemonTest, ThroughputOfOneAgent) {
  constexpr int kTasks = 500;
  const auto agent = StartAgent();
  ASSERT_TRUE(master_.WaitForRegistrations(1, 0)) << agent->Log();
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < kTasks; ++i) master_.Run("t" + std::to_string(i), "true");
  ASSERT_TRUE(master_.WaitForTerminal(kTasks)) << agent->Log();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  RecordProperty("tasks_per_second", static_cast<int>(kTasks / took.count()));
  std::printf("%d tasks in %.3f s: %.0f/s\n", kTasks, took.count(), kTasks / took.count());
}

TEST_F(AgentDaemonTest, BadStartsSayWhatIsWrong) {
  {
    const auto agent = StartAgent();
    ASSERT_TRUE(master_.WaitForRegistrations(1, 0)) << agent->Log();
    AgentProcess second(master_.address(), WorkDir(), {"--resources=cpus:4;mem:1024;disk:1000"});
    EXPECT_EQ(WEXITSTATUS(second.Join()), 78);
    EXPECT_THAT(second.Log(), HasSubstr("another agent runs on this --work_dir"));
  }
  AgentProcess grown(master_.address(), WorkDir(), {"--resources=cpus:8;mem:1024;disk:1000"});
  EXPECT_EQ(WEXITSTATUS(grown.Join()), 78);
  EXPECT_THAT(grown.Log(), HasSubstr("resources changed from"));
  AgentProcess zookeeper("zk://h:2181/mesos", WorkDir());
  EXPECT_EQ(WEXITSTATUS(zookeeper.Join()), 64);
  EXPECT_THAT(zookeeper.Log(), HasSubstr("ZooKeeper"));
}

}  // namespace
}  // namespace meseta::agent
