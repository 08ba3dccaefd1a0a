// Goal: containers outlive their agent, and the next one finds each: running, ended meanwhile, or
// lost. Method: a forked "agent" launches and is killed with SIGKILL; the parent recovers.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "agent/launcher/run_directory.h"
#include "tests/agent/containerizer/containerizer_fixture.h"

namespace meseta::agent {
namespace {

using Cause = ContainerExited::Cause;

class RecoveryTest : public PosixContainerizerTest {
 protected:
  // Runs the specs in an agent that dies as soon as all have been started.
  void LaunchInDyingAgent(const std::vector<ContainerSpec>& specs) {
    host_ = nullptr;  // No threads across the fork.
    const pid_t agent = fork();
    ASSERT_GE(agent, 0);
    if (agent == 0) {
      setpgid(0, 0);
      ContainerizerHost host(root_);
      for (const ContainerSpec& spec : specs) {
        host->Launch(spec);
        if (!std::holds_alternative<ContainerStarted>(host.Next(spec.id))) _exit(1);
      }
      kill(0, SIGKILL);  // Its whole process group, as a supervisor would.
      _exit(1);
    }
    int status = 0;
    ASSERT_EQ(waitpid(agent, &status, 0), agent);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the agent could not launch";
    host_ = std::make_unique<ContainerizerHost>(root_);
  }

  ContainerToRecover Named(const std::string& id) const {
    return {ContainerId(id), Sandbox(id)};
  }
  [[nodiscard]] RunFiles Files(const std::string& id) const {
    return RunDirectory(root_ + "/runs", ContainerId(id)).Read();
  }
  void AwaitExitFile(const std::string& id) const {
    for (int i = 0; i < 60000 && !Files(id).exit.has_value(); ++i) usleep(1000);
    ASSERT_TRUE(Files(id).exit.has_value());
  }
};

TEST_F(RecoveryTest, RunningTaskIsFoundAndItsEndReported) {
  const ContainerId id("runs");
  LaunchInDyingAgent({Shell("runs", "while [ ! -e stop ]; do sleep 0.01; done; exit 6")});
  (*host_)->Recover({Named("runs")});
  const auto recovered = host_->Expect<ContainerRecovered>(id);
  EXPECT_EQ(recovered.pid, Files("runs").task->pid);
  EXPECT_TRUE(host_->Usage(id).ok());
  std::ofstream(Sandbox("runs") + "/stop");
  const auto exited = host_->Expect<ContainerExited>(id);
  EXPECT_EQ(exited.cause, Cause::kSelf);
  EXPECT_EQ(WEXITSTATUS(exited.wait_status), 6);
}

TEST_F(RecoveryTest, TaskThatEndedMeanwhileIsKnown) {
  const ContainerId id("ended");
  LaunchInDyingAgent({Shell("ended", "exit 17")});
  AwaitExitFile("ended");
  (*host_)->Recover({Named("ended")});
  const auto exited = host_->Expect<ContainerExited>(id);
  EXPECT_EQ(exited.cause, Cause::kSelf);
  EXPECT_EQ(WEXITSTATUS(exited.wait_status), 17);
}

TEST_F(RecoveryTest, RecoveredTaskCanBeKilled) {
  const ContainerId id("killed");
  LaunchInDyingAgent({Shell("killed", "trap '' TERM; while :; do sleep 1000; done")});
  (*host_)->Recover({Named("killed")});
  (*host_)->Kill(id, Duration::Millis(20));
  ContainerEvent event = host_->Next(id);
  if (std::holds_alternative<ContainerRecovered>(event)) event = host_->Next(id);
  ASSERT_TRUE(std::holds_alternative<ContainerExited>(event));
  EXPECT_EQ(std::get<ContainerExited>(event).cause, Cause::kKilled);
}

TEST_F(RecoveryTest, KillGraceGoesOnWithoutTheAgent) {
  const ContainerId id("grace");
  host_ = nullptr;
  const pid_t agent = fork();
  ASSERT_GE(agent, 0);
  if (agent == 0) {
    ContainerizerHost host(root_);
    host->Launch(Shell("grace", "trap 'touch termed' TERM; touch up; while :; do sleep 0.01; done"));
    host.Next(id);
    while (!std::filesystem::exists(Sandbox("grace") + "/up")) usleep(1000);
    host->Kill(id, Duration::Millis(300));
    while (!std::filesystem::exists(Sandbox("grace") + "/termed")) usleep(1000);
    kill(getpid(), SIGKILL);
  }
  waitpid(agent, nullptr, 0);
  AwaitExitFile("grace");
  host_ = std::make_unique<ContainerizerHost>(root_);
  (*host_)->Recover({Named("grace")});
  const auto exited = host_->Expect<ContainerExited>(id);
  EXPECT_EQ(exited.cause, Cause::kKilled);
  EXPECT_EQ(WTERMSIG(exited.wait_status), SIGKILL);
}

TEST_F(RecoveryTest, MaxCompletionTimeGoesOnWithoutTheAgent) {
  ContainerSpec spec = Shell("limit", "sleep 1000");
  spec.max_completion_time = Duration::Millis(200);
  LaunchInDyingAgent({spec});
  AwaitExitFile("limit");
  (*host_)->Recover({Named("limit")});
  EXPECT_EQ(host_->Expect<ContainerExited>(ContainerId("limit")).cause, Cause::kMaxCompletionTime);
}

TEST_F(RecoveryTest, AnotherBootOrNoFilesMeanLost) {
  LaunchInDyingAgent({Shell("rebooted", "sleep 1000")});
  const auto files = Files("rebooted");
  // The record of a boot that is gone, with the pid of a process that lives.
  std::string record(256, '\0');
  shim::FrameWriter writer(record.data(), record.size(), shim::FrameType::kRecord);
  writer.Number(shim::Key::kPid, files.record->pid);
  writer.Number(shim::Key::kStartTime, files.record->start_time);
  writer.Bytes(shim::Key::kBootId, "00000000-0000-0000-0000-000000000000");
  writer.Finish();
  record.resize(writer.size());
  std::ofstream(root_ + "/runs/rebooted/shim") << record;
  (*host_)->Recover({Named("rebooted"), Named("never-seen")});
  EXPECT_EQ(host_->Expect<ContainerExited>(ContainerId("rebooted")).cause, Cause::kLost);
  EXPECT_EQ(host_->Expect<ContainerExited>(ContainerId("never-seen")).cause, Cause::kLost);
  // A stranger of another boot is not touched.
  EXPECT_NE(LiveStartTime(static_cast<pid_t>(files.record->pid)), 0);
  kill(static_cast<pid_t>(files.task->pid), SIGKILL);
}

TEST_F(RecoveryTest, ReusedPidIsNotTheShim) {
  LaunchInDyingAgent({Shell("reused", "exit 0")});
  AwaitExitFile("reused");
  std::filesystem::remove(root_ + "/runs/reused/exit");
  std::string record(256, '\0');
  shim::FrameWriter writer(record.data(), record.size(), shim::FrameType::kRecord);
  writer.Number(shim::Key::kPid, getpid());
  writer.Number(shim::Key::kStartTime, LiveStartTime(getpid()) + 1);
  writer.Bytes(shim::Key::kBootId, ReadBootId());
  writer.Finish();
  record.resize(writer.size());
  std::ofstream(root_ + "/runs/reused/shim") << record;
  (*host_)->Recover({Named("reused")});
  EXPECT_EQ(host_->Expect<ContainerExited>(ContainerId("reused")).cause, Cause::kLost);
}

TEST_F(RecoveryTest, OrphansAreDestroyed) {
  LaunchInDyingAgent({Shell("orphan", "trap '' TERM; while :; do sleep 1000; done")});
  const auto files = Files("orphan");
  (*host_)->Recover({});
  for (int i = 0; i < 60000 && std::filesystem::exists(root_ + "/runs/orphan"); ++i) usleep(1000);
  EXPECT_FALSE(std::filesystem::exists(root_ + "/runs/orphan"));
  EXPECT_EQ(LiveStartTime(static_cast<pid_t>(files.task->pid)), 0);
  EXPECT_EQ(host_->Pending(ContainerId("orphan")), 0U);
}

}  // namespace
}  // namespace meseta::agent
