// The real `meseta` against a real cluster: one `meseta dev` for all tests, on a free port.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

#include "actors/base/json/json_parser.h"
#include "tests/frameworks/cli/program.h"

namespace meseta::cli {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::string Meseta() { return std::string(MESETA_BINARY_DIR) + "/bin/meseta"; }

struct Outcome {
  int code = 0;
  std::string out;
  std::string err;
};

// A cluster of its own, stopped as a user stops it.
class DevCluster {
 public:
  explicit DevCluster(std::vector<std::string> flags = {}) {
    flags.insert(flags.begin(), {Meseta(), "dev", "--port=0", "--no-services"});
    program_ = std::make_unique<Program>(flags);
    ready_ = Eventually([this] { return program_->out().ends_with("\n"); });
    const std::string line = program_->out();
    if (line.starts_with("ready http://")) master_ = line.substr(6, line.size() - 7);
  }
  [[nodiscard]] bool ready() const { return ready_ && !master_.empty(); }
  [[nodiscard]] std::string log() const { return program_->err(); }
  [[nodiscard]] Program& program() { return *program_; }

  [[nodiscard]] std::vector<std::string> Command(std::vector<std::string> args) const {
    args.insert(args.begin(), {Meseta(), "--master=" + master_});
    return args;
  }
  [[nodiscard]] Outcome Run(std::vector<std::string> args) const {
    Program program(Command(std::move(args)));
    const int code = program.Wait();
    return {code, program.out(), program.err()};
  }

 private:
  std::unique_ptr<Program> program_;
  bool ready_ = false;
  std::string master_;
};

class CliTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    cluster = new DevCluster();
    ASSERT_TRUE(cluster->ready()) << cluster->log();
  }
  static void TearDownTestSuite() {
    cluster->program().Signal(SIGTERM);
    EXPECT_EQ(cluster->program().Wait(), 0) << cluster->log();
    delete cluster;
    cluster = nullptr;
  }
  void SetUp() override {
    if (!cluster->ready()) FAIL() << "no cluster";
  }
  static DevCluster* cluster;
};
DevCluster* CliTest::cluster = nullptr;

// The first task id that a run has spoken of.
std::string TaskId(const std::string& err) { return err.substr(0, err.find(' ')); }

TEST_F(CliTest, RunFollowsOutputAndSucceeds) {
  const Outcome run = cluster->Run({"run", "--name=hello", "--env", "WHO=you", "--follow", "--",
                                    "echo \"hello $WHO\"; echo oops >&2"});
  EXPECT_EQ(run.code, 0) << run.err;
  EXPECT_EQ(run.out, "hello you\n");
  EXPECT_THAT(run.err, HasSubstr("oops\n"));
  EXPECT_THAT(run.err, HasSubstr("TASK_FINISHED"));
}

TEST_F(CliTest, ArgumentsReachTheProgramUnchanged) {
  const Outcome run = cluster->Run({"run", "-f", "--", "/bin/echo", "a  b", "$HOME", "--", "-f"});
  EXPECT_EQ(run.code, 0) << run.err;
  EXPECT_EQ(run.out, "a  b $HOME -- -f\n");
}

TEST_F(CliTest, BytesOfOutputArriveAsTheyAre) {
  const Outcome run = cluster->Run(
      {"run", "-f", "--", "head -c 200000 /dev/zero | tr '\\0' '\\377'; printf '\\0end'"});
  EXPECT_EQ(run.code, 0) << run.err;
  EXPECT_EQ(run.out, std::string(200000, '\xff') + std::string("\0end", 4));
}

TEST_F(CliTest, AFailedTaskFailsTheRun) {
  const Outcome run = cluster->Run({"run", "--", "exit 7"});
  EXPECT_EQ(run.code, 1);
  EXPECT_THAT(run.err, HasSubstr("TASK_FAILED: Command exited with status 7"));
}

TEST_F(CliTest, InstancesPrefixTheirLines) {
  const Outcome run = cluster->Run({"run", "--instances=3", "-f", "--", "echo one; echo two"});
  EXPECT_EQ(run.code, 0) << run.err;
  for (const char* line : {"[0] one\n", "[1] two\n", "[2] one\n"}) {
    EXPECT_THAT(run.out, HasSubstr(line));
  }
  EXPECT_EQ(std::count(run.out.begin(), run.out.end(), '\n'), 6);
}

TEST_F(CliTest, RunPrintsItsResultAsJson) {
  const Outcome run = cluster->Run({"run", "--json", "--", "exit 3"});
  EXPECT_EQ(run.code, 1);
  const auto json = ParseJson(run.out);
  ASSERT_TRUE(json.ok()) << run.out;
  EXPECT_EQ(json->at("exit_code").as_int64(), 1);
  EXPECT_EQ(json->at("tasks").as_array()[0].at("state").as_string(), "TASK_FAILED");
}

TEST_F(CliTest, TasksAreListedShownAndTheirOutputPrinted) {
  const Outcome run = cluster->Run({"run", "--name=listed", "--", "echo out; echo err >&2"});
  ASSERT_EQ(run.code, 0) << run.err;
  const std::string id = TaskId(run.err);
  EXPECT_THAT(id, StartsWith("listed-"));

  EXPECT_THAT(cluster->Run({"task", "ls"}).out, HasSubstr(id + "  listed"));
  EXPECT_THAT(cluster->Run({"task", "ls", "--active"}).out, Not(HasSubstr(id)));
  const auto list = ParseJson(cluster->Run({"task", "ls", "--json"}).out);
  ASSERT_TRUE(list.ok());
  EXPECT_EQ(list->as_array()[0].at("id").as_string(), id);

  // The beginning of the id is enough.
  const std::string prefix = id.substr(0, id.size() - 3);
  EXPECT_THAT(cluster->Run({"task", "show", prefix}).out, HasSubstr("state       TASK_FINISHED"));
  const auto shown = ParseJson(cluster->Run({"task", "show", prefix, "--json"}).out);
  ASSERT_TRUE(shown.ok());
  EXPECT_EQ(shown->at("id").as_string(), id);
  EXPECT_EQ(cluster->Run({"task", "logs", prefix}).out, "out\n");
  EXPECT_EQ(cluster->Run({"task", "logs", "-f", prefix}).out, "out\n");
  EXPECT_EQ(cluster->Run({"task", "logs", "--stderr", prefix}).out, "err\n");

  EXPECT_THAT(cluster->Run({"task", "show", prefix}).out,
              HasSubstr("ago: Command exited with status 0"));
  const Outcome missing = cluster->Run({"task", "show", "no-such-task"});
  EXPECT_EQ(missing.code, 1);
  EXPECT_THAT(missing.err, HasSubstr("No task has an id"));
  const Outcome ended = cluster->Run({"task", "kill", id});
  EXPECT_EQ(ended.code, 1);
  EXPECT_THAT(ended.err, HasSubstr("has ended already"));
}

TEST_F(CliTest, AgentsAndFrameworksAreListed) {
  EXPECT_THAT(cluster->Run({"agent", "ls"}).out, HasSubstr("  active  "));
  const auto agents = ParseJson(cluster->Run({"agent", "ls", "--json"}).out);
  ASSERT_TRUE(agents.ok());
  EXPECT_EQ(agents->as_array().size(), 1);
  ASSERT_EQ(cluster->Run({"run", "--name=fw", "--", "true"}).code, 0);
  EXPECT_THAT(cluster->Run({"framework", "ls", "--all"}).out, HasSubstr("meseta run: fw"));
  EXPECT_THAT(cluster->Run({"framework", "ls"}).out, Not(HasSubstr("meseta run: fw")));
}

TEST_F(CliTest, CtrlCKillsTheTask) {
  Program run(cluster->Command({"run", "--name=long", "--", "sleep", "1000"}));
  ASSERT_TRUE(Eventually([&] { return run.err().find("TASK_RUNNING") != std::string::npos; }));
  run.Signal(SIGINT);
  EXPECT_EQ(run.Wait(), 1);
  EXPECT_THAT(run.err(), HasSubstr("TASK_KILLED"));
  EXPECT_THAT(cluster->Run({"task", "show", TaskId(run.err())}).out, HasSubstr("TASK_KILLED"));
}

TEST_F(CliTest, TimeoutKillsTheTask) {
  const Outcome run = cluster->Run({"run", "--timeout=200ms", "--", "sleep 1000"});
  EXPECT_EQ(run.code, 1);
  EXPECT_THAT(run.err, HasSubstr("not done after 200ms"));
}

TEST_F(CliTest, TaskKillEndsARunOfOneAndNoOther) {
  Program run(cluster->Command({"run", "--name=victim", "--", "sleep", "1000"}));
  ASSERT_TRUE(Eventually([&] { return run.err().find("TASK_RUNNING") != std::string::npos; }));
  const Outcome kill = cluster->Run({"task", "kill", "victim"});
  EXPECT_EQ(kill.code, 0) << kill.err;
  EXPECT_THAT(kill.out, HasSubstr("TASK_KILLED"));
  EXPECT_EQ(run.Wait(), 1);

  Program two(cluster->Command({"run", "--name=pair", "--instances=2", "--", "sleep", "1000"}));
  ASSERT_TRUE(Eventually([&] {
    return cluster->Run({"task", "ls", "--active"}).out.find("-1  pair") != std::string::npos;
  }));
  const Outcome refused = cluster->Run({"task", "kill", TaskId(two.err())});
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.err, HasSubstr("press Ctrl-C in that meseta run"));
  two.Signal(SIGINT);
  EXPECT_EQ(two.Wait(), 1);
}

TEST_F(CliTest, WaitingSaysWhy) {
  const Outcome run = cluster->Run({"run", "--cpus=100000", "--timeout=6secs", "--", "true"});
  EXPECT_EQ(run.code, 1);
  EXPECT_THAT(run.err, HasSubstr("1 of 1 waits: each instance needs cpus 100000"));
}

TEST(CliAlone, ExitCodesWithoutACluster) {
  const auto run = [](std::vector<std::string> args) {
    args.insert(args.begin(), Meseta());
    Program program(args);
    return program.Wait();
  };
  EXPECT_EQ(run({"--master=127.0.0.1:1", "task", "ls"}), 69);
  EXPECT_EQ(run({"--master=127.0.0.1:1,127.0.0.1:2", "run", "--", "true"}), 69);
  EXPECT_EQ(run({"run"}), 64);
  EXPECT_EQ(run({"nonsense"}), 64);
  EXPECT_EQ(run({"help"}), 0);
}

TEST(CliAlone, AClusterEndsItsTasksAndComesBackToItsData) {
  const TempFolder data;
  std::string id;
  {
    DevCluster cluster({"--data_dir=" + data.path(), "--agents=2"});
    ASSERT_TRUE(cluster.ready()) << cluster.log();
    const auto agents = ParseJson(cluster.Run({"agent", "ls", "--json"}).out);
    ASSERT_TRUE(agents.ok());
    EXPECT_EQ(agents->as_array().size(), 2);
    Program run(cluster.Command({"run", "-f", "--", "echo pid $$; trap '' TERM; sleep 1000"}));
    ASSERT_TRUE(Eventually([&] { return run.out().ends_with("\n"); })) << run.err();
    const pid_t task = std::atoi(run.out().c_str() + 4);
    ASSERT_GT(task, 0);
    EXPECT_EQ(::kill(task, 0), 0);
    cluster.program().Signal(SIGINT);
    EXPECT_EQ(cluster.program().Wait(), 0) << cluster.log();
    EXPECT_NE(::kill(task, 0), 0) << "the task outlived its cluster";
    run.Signal(SIGINT);
    EXPECT_TRUE(Eventually([&] { return run.err().find("interrupted") != std::string::npos; }));
    run.Signal(SIGINT);
    EXPECT_EQ(run.Wait(), 130);
  }
  DevCluster again({"--data_dir=" + data.path(), "--agents=2"});
  ASSERT_TRUE(again.ready()) << again.log();
  again.program().Signal(SIGTERM);
  EXPECT_EQ(again.program().Wait(), 0);
}

TEST(CliAlone, AClusterEndsTheTasksOfOneThatWasKilled) {
  const TempFolder data;
  pid_t task = 0;
  {
    DevCluster cluster({"--data_dir=" + data.path()});
    ASSERT_TRUE(cluster.ready()) << cluster.log();
    Program run(cluster.Command({"run", "-f", "--", "echo pid $$; trap '' TERM; sleep 1000"}));
    ASSERT_TRUE(Eventually([&] { return run.out().ends_with("\n"); })) << run.err();
    task = std::atoi(run.out().c_str() + 4);
    ASSERT_GT(task, 0);
    cluster.program().Signal(SIGKILL);
    EXPECT_EQ(cluster.program().Wait(), 1000 + SIGKILL);
  }
  EXPECT_EQ(::kill(task, 0), 0) << "tasks outlive agents that are killed";
  DevCluster again({"--data_dir=" + data.path()});
  ASSERT_TRUE(again.ready()) << again.log();
  again.program().Signal(SIGTERM);
  EXPECT_EQ(again.program().Wait(), 0) << again.log();
  EXPECT_TRUE(Eventually([&] { return !std::filesystem::exists("/proc/" + std::to_string(task)); }))
      << "the task outlived the second cluster";
}

}  // namespace
}  // namespace meseta::cli
