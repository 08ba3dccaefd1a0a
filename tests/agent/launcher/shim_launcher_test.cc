// Goal: one shim, spoken to directly, runs a command as told. Method: the built meseta-shim.
#include "agent/launcher/shim_launcher.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <sstream>

#include "agent/launcher/run_directory.h"

namespace meseta::agent {
namespace {

class ShimLauncherTest : public testing::Test {
 protected:
  ShimLauncherTest() : strand_(io_), launcher_(strand_, MESETA_BINARY_DIR "/bin/meseta-shim") {
    char name[] = "/tmp/meseta-shim-test-XXXXXX";
    root_ = mkdtemp(name);
    spec_.sandbox = root_ + "/sandbox";
    std::filesystem::create_directory(spec_.sandbox);
    spec_.boot_id = ReadBootId();
    spec_.kill_grace = Duration::Seconds(60);
    EXPECT_TRUE(RunDirectory(root_, id_).Make().ok());
    spec_.run_directory = RunDirectory(root_, id_).path();
  }

  ~ShimLauncherTest() override { std::filesystem::remove_all(root_); }

  void Shell(const std::string& command) {
    spec_.executable = "/bin/sh";
    spec_.arguments = {"sh", "-c", command};
  }

  // Runs the loop until one of these came or the shim is gone; says `go` when it is ready.
  template <class Event>
  std::optional<Event> RunUntil() {
    std::optional<Event> found;
    wanted_ = [&](const ShimEvent& event) {
      if (const auto* one = std::get_if<Event>(&event)) found = *one;
      return found.has_value();
    };
    for (auto& event : std::exchange(backlog_, {})) Handle(event);
    while (!found.has_value() && !gone_ && io_.run_one() > 0) {
    }
    wanted_ = nullptr;
    return found;
  }

  void Launch() {
    auto launched = launcher_.Launch(id_, spec_);
    ASSERT_TRUE(launched.ok()) << launched.status();
    channel_ = *launched;
    channel_->Start([this](const ShimEvent& event) { Handle(event); });
  }

  void Handle(const ShimEvent& event) {
    if (std::holds_alternative<ShimReady>(event) && go_) channel_->Send(EncodeGo());
    if (std::holds_alternative<ShimGone>(event)) gone_ = true;
    if (wanted_) {
      wanted_(event);
    } else {
      backlog_.push_back(event);
    }
  }

  std::string Output(const std::string& file) {
    std::ifstream in(spec_.sandbox + "/" + file);
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
  }

  boost::asio::io_context io_;
  IoStrand strand_;
  ShimLauncher launcher_;
  std::string root_;
  ContainerId id_{"run"};
  ShimSpec spec_;
  std::shared_ptr<ShimChannel> channel_;
  std::function<bool(const ShimEvent&)> wanted_;
  std::vector<ShimEvent> backlog_;
  bool gone_ = false;
  bool go_ = true;
};

TEST_F(ShimLauncherTest, RunsACommandAndTellsItsEnd) {
  Shell("echo out; echo err >&2; exit 7");
  Launch();
  const auto started = RunUntil<ShimStarted>();
  ASSERT_TRUE(started.has_value());
  EXPECT_GT(started->pid, 1);
  const auto exited = RunUntil<ShimExited>();
  ASSERT_TRUE(exited.has_value());
  EXPECT_TRUE(WIFEXITED(exited->wait_status));
  EXPECT_EQ(WEXITSTATUS(exited->wait_status), 7);
  EXPECT_EQ(exited->cause, shim::ExitCause::kSelf);
  EXPECT_TRUE(RunUntil<ShimGone>().has_value());
  EXPECT_EQ(Output("stdout"), "out\n");
  EXPECT_EQ(Output("stderr"), "err\n");
  const RunFiles files = RunDirectory(root_, id_).Read();
  ASSERT_TRUE(files.record && files.task && files.exit);
  EXPECT_EQ(files.record->boot_id, ReadBootId());
  EXPECT_EQ(files.task->pid, started->pid);
  EXPECT_EQ(WEXITSTATUS(files.exit->wait_status), 7);
}

TEST_F(ShimLauncherTest, EnvironmentSignalsAndFilesAreClean) {
  spec_.environment = {{"A", "x y=z"}, {"PATH", "/usr/bin:/bin"}};
  Shell("env | grep -v -E '^(PWD|SHLVL|_|OLDPWD)=' | sort; ls /proc/self/fd | wc -l; "
        "grep -E 'SigBlk|SigIgn' /proc/self/status; readlink /proc/self/fd/0; pwd");
  Launch();
  ASSERT_TRUE(RunUntil<ShimExited>().has_value());
  // ls holds 0, 1, 2 and the folder it lists.
  EXPECT_EQ(Output("stdout"),
            "A=x y=z\nPATH=/usr/bin:/bin\n4\nSigBlk:\t0000000000000000\n"
            "SigIgn:\t0000000000000000\n/dev/null\n" + spec_.sandbox + "\n");
}

TEST_F(ShimLauncherTest, ExecFailureNamesTheProgram) {
  spec_.executable = "no-such-program";
  spec_.arguments = {"no-such-program"};
  Launch();
  const auto failed = RunUntil<ShimLaunchFailed>();
  ASSERT_TRUE(failed.has_value());
  EXPECT_EQ(failed->status.message(),
            "Failed to execute 'no-such-program': No such file or directory");
}

TEST_F(ShimLauncherTest, PathOfTheTaskIsSearched) {
  spec_.environment = {{"PATH", "/nowhere:/bin"}};
  spec_.executable = "true";
  spec_.arguments = {"true"};
  Launch();
  EXPECT_EQ(RunUntil<ShimExited>().value_or(ShimExited{-1, {}}).wait_status, 0);
}

TEST_F(ShimLauncherTest, NoGoMeansNoTask) {
  go_ = false;
  Shell("echo ran > ran");
  Launch();
  ASSERT_TRUE(RunUntil<ShimReady>().has_value());
  EXPECT_TRUE(RunDirectory::Alive(RunDirectory(root_, id_).Read(), ReadBootId()));
  channel_->Close();
  ASSERT_TRUE(RunUntil<ShimGone>().has_value());
  EXPECT_FALSE(std::filesystem::exists(spec_.sandbox + "/ran"));
}

TEST_F(ShimLauncherTest, KillTermsThenKillsTheWholeTree) {
  // Children that ignore SIGTERM and one that has left the session.
  Shell("trap '' TERM; setsid sleep 1000 & sleep 1000 & echo up; while :; do sleep 1000; done");
  Launch();
  ASSERT_TRUE(RunUntil<ShimStarted>().has_value());
  channel_->Send(EncodeKill(Duration::Millis(100)));
  const auto exited = RunUntil<ShimExited>();
  ASSERT_TRUE(exited.has_value());
  EXPECT_EQ(exited->cause, shim::ExitCause::kKilled);
  EXPECT_TRUE(WIFSIGNALED(exited->wait_status));
}

TEST_F(ShimLauncherTest, TrappedTermEndsByItself) {
  Shell("trap 'echo bye; exit 3' TERM; echo up; while :; do sleep 0.01; done");
  Launch();
  ASSERT_TRUE(RunUntil<ShimStarted>().has_value());
  while (Output("stdout").empty()) usleep(1000);
  channel_->Send(EncodeKill(Duration::Seconds(60)));
  const auto exited = RunUntil<ShimExited>();
  ASSERT_TRUE(exited.has_value());
  EXPECT_EQ(WEXITSTATUS(exited->wait_status), 3);
  EXPECT_EQ(exited->cause, shim::ExitCause::kKilled);
  EXPECT_EQ(Output("stdout"), "up\nbye\n");
}

TEST_F(ShimLauncherTest, MaxCompletionTimeEndsIt) {
  spec_.max_completion_time = Duration::Millis(50);
  Shell("trap '' TERM; sleep 1000");
  Launch();
  const auto exited = RunUntil<ShimExited>();
  ASSERT_TRUE(exited.has_value());
  EXPECT_EQ(exited->cause, shim::ExitCause::kMaxCompletionTime);
  EXPECT_EQ(WTERMSIG(exited->wait_status), SIGKILL);
}

TEST_F(ShimLauncherTest, ReconnectsAndHearsTheEnd) {
  Shell("while [ ! -e stop ]; do sleep 0.01; done; exit 9");
  Launch();
  const auto started = RunUntil<ShimStarted>();
  ASSERT_TRUE(started.has_value());
  channel_->Close();
  ASSERT_TRUE(RunUntil<ShimGone>().has_value());
  gone_ = false;
  auto again = launcher_.Reconnect(root_, id_);
  ASSERT_TRUE(again.ok()) << again.status();
  channel_ = *again;
  channel_->Start([this](const ShimEvent& event) { Handle(event); });
  EXPECT_EQ(RunUntil<ShimStarted>().value_or(ShimStarted{}).pid, started->pid);
  std::ofstream(spec_.sandbox + "/stop");
  const auto exited = RunUntil<ShimExited>();
  ASSERT_TRUE(exited.has_value());
  EXPECT_EQ(WEXITSTATUS(exited->wait_status), 9);
}

TEST_F(ShimLauncherTest, LargeEnvironmentPassesTheSocket) {
  for (int i = 0; i < 20; ++i) {
    spec_.environment["BIG" + std::to_string(i)] = std::string(100'000, 'x');
  }
  Shell("exit ${#BIG7}");
  spec_.arguments[2] = "test ${#BIG7} = 100000";
  Launch();
  const auto exited = RunUntil<ShimExited>();
  ASSERT_TRUE(exited.has_value());
  EXPECT_EQ(exited->wait_status, 0);
}

TEST_F(ShimLauncherTest, TooLongArgumentIsAnError) {
  Shell(": " + std::string(200'000, 'x'));
  Launch();
  const auto failed = RunUntil<ShimLaunchFailed>();
  ASSERT_TRUE(failed.has_value());
  EXPECT_EQ(failed->status.message(), "Failed to execute '/bin/sh': Argument list too long");
}

TEST_F(ShimLauncherTest, RlimitsAndUserAreSet) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root to switch users";
  ASSERT_EQ(chown(spec_.sandbox.c_str(), 65534, 65534), 0);
  ASSERT_EQ(chmod(root_.c_str(), 0700), 0);  // The way to the sandbox is closed to the user.
  spec_.user = UserIds{65534, 65534, {65534, 12345}};
  spec_.rlimits = {{RLIMIT_NOFILE, 77, 99}};
  spec_.environment = {{"PATH", "/usr/bin:/bin"}};
  Shell("id -u; id -g; id -G; ulimit -Sn; ulimit -Hn");
  Launch();
  ASSERT_TRUE(RunUntil<ShimExited>().has_value());
  EXPECT_EQ(Output("stdout"), "65534\n65534\n65534 12345\n77\n99\n");
  struct stat info;
  ASSERT_EQ(stat((spec_.sandbox + "/stdout").c_str(), &info), 0);
  EXPECT_EQ(info.st_uid, 65534U);
}

}  // namespace
}  // namespace meseta::agent
