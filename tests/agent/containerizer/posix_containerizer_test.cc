// Goal: real commands end as the contract in containerizer.h says, whoever ends them. Method: a
// PosixContainerizer over the built meseta-shim; waits are for events, never for time.
#include "agent/containerizer/posix_containerizer.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "agent/launcher/run_directory.h"
#include "tests/agent/containerizer/containerizer_fixture.h"

namespace meseta::agent {
namespace {

using Cause = ContainerExited::Cause;

TEST_F(PosixContainerizerTest, SuccessAndExitCodes) {
  for (const int code : {0, 1, 42, 255}) {
    const ContainerId id("exit-" + std::to_string(code));
    (*host_)->Launch(Shell(id.value(), "exit " + std::to_string(code)));
    EXPECT_GT(host_->Expect<ContainerStarted>(id).pid, 1);
    const auto exited = host_->Expect<ContainerExited>(id);
    EXPECT_EQ(exited.cause, Cause::kSelf);
    EXPECT_EQ(WEXITSTATUS(exited.wait_status), code);
    (*host_)->Forget(id);
  }
}

TEST_F(PosixContainerizerTest, SignalsOfStrangers) {
  const ContainerId id("abort");
  (*host_)->Launch(Shell("abort", "kill -ABRT $$"));
  host_->Expect<ContainerStarted>(id);
  const auto exited = host_->Expect<ContainerExited>(id);
  EXPECT_EQ(exited.cause, Cause::kSelf);
  EXPECT_EQ(WTERMSIG(exited.wait_status), SIGABRT);
}

TEST_F(PosixContainerizerTest, MissingCommands) {
  const ContainerId shell("shell");
  (*host_)->Launch(Shell("shell", "no-such-command-here"));
  host_->Expect<ContainerStarted>(shell);
  EXPECT_EQ(WEXITSTATUS(host_->Expect<ContainerExited>(shell).wait_status), 127);

  const ContainerId argv("argv");
  ContainerSpec spec = Shell("argv", "/no/such/program");
  spec.command.set_shell(false);
  (*host_)->Launch(spec);
  const auto failed = host_->Expect<ContainerFailed>(argv);
  EXPECT_EQ(failed.reason, v1::TaskStatus::REASON_CONTAINER_LAUNCH_FAILED);
  EXPECT_EQ(failed.status.message(),
            "Failed to launch container: Failed to execute '/no/such/program': "
            "No such file or directory");
}

TEST_F(PosixContainerizerTest, ArgumentsAreGivenAsTheyAre) {
  const ContainerId id("args");
  ContainerSpec spec = Shell("args", "printf");
  spec.command.set_shell(false);
  for (const char* argument : {"printf", "%s|", "a b", "$HOME", ""}) {
    spec.command.add_arguments(argument);
  }
  (*host_)->Launch(spec);
  host_->Expect<ContainerStarted>(id);
  EXPECT_EQ(host_->Expect<ContainerExited>(id).wait_status, 0);
  EXPECT_EQ(Output("args"), "a b|$HOME||");
}

TEST_F(PosixContainerizerTest, BadUser) {
  const ContainerId id("user");
  ContainerSpec spec = Shell("user", "true");
  spec.user = "no-such-user";
  (*host_)->Launch(spec);
  const auto failed = host_->Expect<ContainerFailed>(id);
  EXPECT_EQ(failed.reason, v1::TaskStatus::REASON_CONTAINER_LAUNCH_FAILED);
  EXPECT_EQ(failed.status.message(),
            "Failed to launch container: Failed to get user information for 'no-such-user': "
            "No such user");
}

TEST_F(PosixContainerizerTest, RunsAsAnotherUser) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root to switch users";
  const ContainerId id("nobody");
  ContainerSpec spec = Shell("nobody", "id -un; touch mine");
  spec.user = "nobody";
  (*host_)->Launch(spec);
  host_->Expect<ContainerStarted>(id);
  EXPECT_EQ(host_->Expect<ContainerExited>(id).wait_status, 0);
  EXPECT_EQ(Output("nobody"), "nobody\n");
  struct stat info;
  ASSERT_EQ(stat(Sandbox("nobody").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0750U);
  EXPECT_NE(info.st_uid, 0U);
}

TEST_F(PosixContainerizerTest, HugeOutputIsKept) {
  const ContainerId id("huge");
  (*host_)->Launch(Shell("huge", "head -c 10485760 /dev/zero"));
  host_->Expect<ContainerStarted>(id);
  EXPECT_EQ(host_->Expect<ContainerExited>(id).wait_status, 0);
  EXPECT_EQ(std::filesystem::file_size(Sandbox("huge") + "/stdout"), 10485760U);
}

TEST_F(PosixContainerizerTest, KillLetsTheTaskSayGoodbye) {
  const ContainerId id("polite");
  (*host_)->Launch(Shell("polite", "trap 'echo bye; exit 5' TERM; touch up; "
                                   "while :; do sleep 0.01; done"));
  host_->Expect<ContainerStarted>(id);
  AwaitFile("polite", "up");
  (*host_)->Kill(id, Duration::Seconds(60));
  const auto exited = host_->Expect<ContainerExited>(id);
  EXPECT_EQ(exited.cause, Cause::kKilled);
  EXPECT_EQ(WEXITSTATUS(exited.wait_status), 5);
  EXPECT_EQ(Output("polite"), "bye\n");
}

TEST_F(PosixContainerizerTest, KillTakesTheWholeTree) {
  const ContainerId id("tree");
  (*host_)->Launch(Shell("tree", "trap '' TERM; (setsid sh -c 'echo $$ > far; exec sleep 1000' &) ; "
                                 "sleep 1000 & echo $! > near; while :; do sleep 1; done"));
  host_->Expect<ContainerStarted>(id);
  AwaitFile("tree", "far");
  AwaitFile("tree", "near");
  while (Output("tree", "far").empty() || Output("tree", "near").empty()) usleep(1000);
  const auto usage = host_->Usage(id);
  ASSERT_TRUE(usage.ok()) << usage.status();
  EXPECT_GE(usage.value().processes(), 3U);
  EXPECT_GT(usage.value().mem_rss_bytes(), 0U);
  EXPECT_GT(usage.value().timestamp(), 1e9);
  (*host_)->Kill(id, Duration::Millis(50));
  const auto exited = host_->Expect<ContainerExited>(id);
  EXPECT_EQ(exited.cause, Cause::kKilled);
  EXPECT_EQ(WTERMSIG(exited.wait_status), SIGKILL);
  for (const char* file : {"far", "near"}) {
    EXPECT_EQ(LiveStartTime(static_cast<pid_t>(std::stol(Output("tree", file)))), 0) << file;
  }
  EXPECT_EQ(host_->Usage(id).status().code(), StatusCode::kNotFound);
}

TEST_F(PosixContainerizerTest, LeftoversDieWithTheMainProcess) {
  const ContainerId id("left");
  (*host_)->Launch(Shell("left", "setsid sleep 1000 & echo $! > child; exit 3"));
  host_->Expect<ContainerStarted>(id);
  EXPECT_EQ(WEXITSTATUS(host_->Expect<ContainerExited>(id).wait_status), 3);
  EXPECT_EQ(LiveStartTime(static_cast<pid_t>(std::stol(Output("left", "child")))), 0);
}

TEST_F(PosixContainerizerTest, MaxCompletionTime) {
  const ContainerId id("limit");
  ContainerSpec spec = Shell("limit", "sleep 1000");
  spec.max_completion_time = Duration::Millis(100);
  (*host_)->Launch(spec);
  host_->Expect<ContainerStarted>(id);
  const auto exited = host_->Expect<ContainerExited>(id);
  EXPECT_EQ(exited.cause, Cause::kMaxCompletionTime);
  EXPECT_EQ(WTERMSIG(exited.wait_status), SIGKILL);
}

TEST_F(PosixContainerizerTest, KillRightAfterLaunchEndsOnce) {
  for (int i = 0; i < 20; ++i) {
    const ContainerId id("early-" + std::to_string(i));
    (*host_)->Launch(Shell(id.value(), "sleep 1000"));
    if (i % 2 == 1) usleep(static_cast<useconds_t>(i) * 300);
    (*host_)->Kill(id, Duration::Seconds(60));
    ContainerEvent event = host_->Next(id);
    if (std::holds_alternative<ContainerStarted>(event)) event = host_->Next(id);
    ASSERT_TRUE(std::holds_alternative<ContainerExited>(event));
    EXPECT_EQ(std::get<ContainerExited>(event).cause, Cause::kKilled);
    EXPECT_EQ(host_->Pending(id), 0U);
    (*host_)->Forget(id);
  }
}

TEST_F(PosixContainerizerTest, RlimitsAreAppliedOrRefused) {
  const ContainerId id("limits");
  ContainerSpec spec = Shell("limits", "ulimit -n");
  spec.rlimits.emplace();
  auto* limit = spec.rlimits->add_rlimits();
  limit->set_type(v1::RLimitInfo::RLimit::RLMT_NOFILE);
  limit->set_soft(64);
  limit->set_hard(64);
  (*host_)->Launch(spec);
  host_->Expect<ContainerStarted>(id);
  host_->Expect<ContainerExited>(id);
  EXPECT_EQ(Output("limits"), "64\n");

  const ContainerId half("half");
  spec.id = half;
  spec.rlimits->mutable_rlimits(0)->clear_hard();
  (*host_)->Launch(spec);
  EXPECT_NE(host_->Expect<ContainerFailed>(half).status.message().find("both a soft and a hard"),
            std::string::npos);

  // More files than the kernel lets anybody have.
  const ContainerId refused("refused");
  spec.id = refused;
  spec.rlimits->mutable_rlimits(0)->clear_soft();
  (*host_)->Launch(spec);
  EXPECT_EQ(host_->Expect<ContainerFailed>(refused).status.message(),
            "Failed to launch container: Failed to set resource limit RLIMIT_NOFILE: "
            "Operation not permitted");
}

TEST_F(PosixContainerizerTest, SandboxThatCannotBeMadeIsASentence) {
  std::ofstream(root_ + "/file") << "not a folder";
  const ContainerId id("nowhere");
  ContainerSpec spec = Shell("nowhere", "true");
  spec.sandbox = root_ + "/file/sandbox";
  (*host_)->Launch(spec);
  EXPECT_NE(host_->Expect<ContainerFailed>(id).status.message().find(
                "Failed to create the sandbox '" + spec.sandbox + "'"),
            std::string::npos);
}

TEST_F(PosixContainerizerTest, NoDescriptorsLeftIsASentence) {
  std::vector<int> taken;
  rlimit old;
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &old), 0);
  rlimit low = old;
  low.rlim_cur = 64;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
  for (int fd; (fd = dup(0)) >= 0;) taken.push_back(fd);
  const ContainerId id("emfile");
  (*host_)->Launch(Shell("emfile", "true"));
  const auto failed = host_->Expect<ContainerFailed>(id);
  for (const int fd : taken) close(fd);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &old), 0);
  EXPECT_NE(failed.status.message().find("Too many open files"), std::string::npos)
      << failed.status;
  const ContainerId after("after");
  (*host_)->Launch(Shell("after", "true"));
  host_->Expect<ContainerStarted>(after);
  EXPECT_EQ(host_->Expect<ContainerExited>(after).wait_status, 0);
}

TEST_F(PosixContainerizerTest, FullDiskIsASentence) {
  std::filesystem::create_directory(root_ + "/runs");
  if (mount("tmpfs", (root_ + "/runs").c_str(), "tmpfs", 0, "size=4k,nr_inodes=4") != 0) {
    GTEST_SKIP() << "needs root to mount a small disk";
  }
  const ContainerId id("enospc");
  std::ofstream(root_ + "/runs/.full") << std::string(8192, 'x');
  (*host_)->Launch(Shell("enospc", "true"));
  const auto failed = host_->Expect<ContainerFailed>(id);
  EXPECT_NE(failed.status.message().find("No space left on device"), std::string::npos)
      << failed.status;
  (*host_)->Forget(id);
  umount2((root_ + "/runs").c_str(), MNT_DETACH);
}

TEST_F(PosixContainerizerTest, KilledShimLosesItsTaskAndLeavesNothing) {
  const ContainerId id("shimless");
  (*host_)->Launch(Shell("shimless", "sleep 1000 & echo $! > child; touch up; wait"));
  const auto started = host_->Expect<ContainerStarted>(id);
  AwaitFile("shimless", "up");
  const RunFiles files = RunDirectory(root_ + "/runs", id).Read();
  ASSERT_TRUE(files.record.has_value());
  ASSERT_EQ(kill(static_cast<pid_t>(files.record->pid), SIGKILL), 0);
  EXPECT_EQ(host_->Expect<ContainerExited>(id).cause, Cause::kLost);
  const auto child = static_cast<pid_t>(std::stol(Output("shimless", "child")));
  for (const pid_t pid : {static_cast<pid_t>(started.pid), child}) {
    for (int i = 0; i < 10000 && LiveStartTime(pid) != 0; ++i) usleep(1000);
    EXPECT_EQ(LiveStartTime(pid), 0);
  }
}

TEST_F(PosixContainerizerTest, ForgetRemovesTheRunAndKeepsTheSandbox) {
  const ContainerId id("forgotten");
  (*host_)->Launch(Shell("forgotten", "echo kept"));
  host_->Expect<ContainerStarted>(id);
  host_->Expect<ContainerExited>(id);
  EXPECT_TRUE(std::filesystem::exists(root_ + "/runs/forgotten/exit"));
  (*host_)->Forget(id);
  for (int i = 0; i < 10000 && std::filesystem::exists(root_ + "/runs/forgotten"); ++i) usleep(1000);
  EXPECT_FALSE(std::filesystem::exists(root_ + "/runs/forgotten"));
  EXPECT_EQ(Output("forgotten"), "kept\n");
}

}  // namespace
}  // namespace meseta::agent
