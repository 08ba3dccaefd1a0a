// What arguments mean, and what wrong ones say. Pure: no environment but the one given.
#include "frameworks/cli/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace meseta::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Result<CommandLine> Parse(const std::vector<std::string>& args, const Environment& env = {}) {
  return ParseCommandLine(args, env);
}

std::string Problem(const std::vector<std::string>& args) {
  const auto line = Parse(args);
  if (line.ok()) return "accepted";
  EXPECT_EQ(ExitCodeOf(line.status()), 64);
  return line.status().message();
}

TEST(CommandLine, RunTakesWhatFollowsTheDashesAsItIs) {
  const auto line = Parse({"run", "--cpus=0.5", "--mem", "1GB", "--instances=3", "-f", "--env",
                           "A=1", "--env=B=x=y", "--", "echo", "--env", "C=3", "-f", "--", "x"});
  ASSERT_TRUE(line.ok()) << line.status();
  EXPECT_EQ(line->id, CommandId::kRun);
  EXPECT_EQ(line->options.cpus, 0.5);
  EXPECT_EQ(line->options.mem.value, 1024);
  EXPECT_EQ(line->options.instances, 3);
  EXPECT_TRUE(line->options.follow);
  EXPECT_EQ(line->options.environment,
            (std::map<std::string, std::string>{{"A", "1"}, {"B", "x=y"}}));
  EXPECT_THAT(line->arguments, ElementsAre("echo", "--env", "C=3", "-f", "--", "x"));
}

TEST(CommandLine, FlagsOfEveryCommandMayComeFirst) {
  const auto line = Parse({"--master", "m:1", "--json", "task", "show", "abc"});
  ASSERT_TRUE(line.ok()) << line.status();
  EXPECT_EQ(line->id, CommandId::kTaskShow);
  EXPECT_EQ(line->options.master, "m:1");
  EXPECT_TRUE(line->options.json);
  EXPECT_THAT(line->arguments, ElementsAre("abc"));
}

TEST(CommandLine, MasterComesFromTheEnvironmentUnlessGiven) {
  const Environment env{{"MESETA_MASTER", "env:1"}};
  EXPECT_EQ(Parse({"agent", "ls"}, env)->options.master, "env:1");
  EXPECT_EQ(Parse({"agent", "ls", "--master=flag:2"}, env)->options.master, "flag:2");
  EXPECT_EQ(Parse({"agent", "ls"})->options.master, "127.0.0.1:5050");
}

TEST(CommandLine, MegabytesWithAndWithoutUnit) {
  EXPECT_EQ(Parse({"run", "--mem=64", "--", "x"})->options.mem.value, 64);
  EXPECT_EQ(Parse({"run", "--mem=512KB", "--", "x"})->options.mem.value, 0.5);
  EXPECT_THAT(Problem({"run", "--mem=lots", "--", "x"}), HasSubstr("--mem"));
  EXPECT_THAT(Problem({"run", "--mem=-1", "--", "x"}), HasSubstr("--mem"));
}

TEST(CommandLine, HelpWhereverItIsAskedFor) {
  for (const std::vector<std::string>& args :
       std::vector<std::vector<std::string>>{{"help", "run"}, {"run", "--help"}, {"run", "-h"}}) {
    const auto line = Parse(args);
    ASSERT_TRUE(line.ok()) << line.status();
    EXPECT_EQ(line->id, CommandId::kHelp);
    EXPECT_THAT(line->text, HasSubstr("Usage: meseta run [--flag=value ...] -- CMD [ARGS...]"));
    EXPECT_THAT(line->text, HasSubstr("--instances"));
    EXPECT_THAT(line->text, HasSubstr("64   the command line is wrong"));
  }
  EXPECT_THAT(Parse({"task", "--help"})->text, HasSubstr("meseta task logs ID"));
  EXPECT_THAT(Parse({"--help"})->text, HasSubstr("meseta framework ls"));
  EXPECT_THAT(Parse({"help"})->text, HasSubstr("MESETA_MASTER"));
  EXPECT_THAT(Parse({"help", "all"})->text, HasSubstr("Usage: meseta dev"));
  EXPECT_THAT(Parse({"--version"})->text, HasSubstr("meseta 0."));
}

TEST(CommandLine, WhatReadsADiskKnowsNoMaster) {
  for (const char* command : {"inspect", "verify", "restore"}) {
    const std::string text = Parse({"log", command, "--help"})->text;
    EXPECT_THAT(text, HasSubstr("--json")) << command;
    EXPECT_THAT(text, testing::Not(HasSubstr("--master"))) << command;
    EXPECT_THAT(text, testing::Not(HasSubstr("--principal"))) << command;
  }
  EXPECT_THAT(Parse({"log", "backup", "--help"})->text, HasSubstr("--master"));
}

TEST(CommandLine, AddressesOfMastersAreAddresses) {
  EXPECT_THAT(Problem({"master", "members", "add", "h:0"}), HasSubstr("port 0"));
  EXPECT_THAT(Problem({"master", "members", "add", "a b"}), HasSubstr("a b"));
  EXPECT_THAT(Problem({"master", "members", "add", "h:x"}), HasSubstr("h:x"));
  EXPECT_TRUE(Parse({"master", "members", "add", "h"}).ok());
  const std::vector<std::string> restore{"log", "restore", "--file=f", "--dir=d"};
  for (const std::string bad : {"foo:bar", "h:0", "h"}) {
    auto args = restore;
    args.push_back("--address=" + bad);
    EXPECT_THAT(Problem(args), testing::AllOf(HasSubstr("--address"), HasSubstr(bad)));
  }
}

TEST(CommandLine, WrongOnesSayWhatAndWhereToLook) {
  EXPECT_THAT(Problem({}), HasSubstr("Which command?"));
  EXPECT_THAT(Problem({"rnu"}), HasSubstr("did you mean 'run'?"));
  EXPECT_THAT(Problem({"tsk", "ls"}), HasSubstr("did you mean 'task'?"));
  EXPECT_THAT(Problem({"task", "lss"}), HasSubstr("did you mean 'task ls'?"));
  EXPECT_THAT(Problem({"task"}), HasSubstr("meseta task kill ID"));
  EXPECT_THAT(Problem({"task", "show"}), HasSubstr("needs ID"));
  EXPECT_THAT(Problem({"task", "show", "a", "b"}), HasSubstr("Unexpected argument 'b'"));
  EXPECT_THAT(Problem({"task", "show", "-x"}), HasSubstr("Unknown flag '-x'"));
  EXPECT_THAT(Problem({"task", "show", ""}), HasSubstr("empty"));
  EXPECT_THAT(Problem({"task", "ls", "--folow"}), HasSubstr("See meseta task ls --help."));
  EXPECT_THAT(Problem({"run"}), HasSubstr("needs -- CMD"));
  EXPECT_THAT(Problem({"run", "ls", "--all"}), HasSubstr("Put -- before"));
  EXPECT_THAT(Problem({"run", "--instances=0", "--", "x"}),
              HasSubstr("--instances: must be from 1"));
  EXPECT_THAT(Problem({"run", "--cpus=0", "--", "x"}), HasSubstr("--cpus: must be more than 0"));
  EXPECT_THAT(Problem({"run", "--env=X", "--", "x"}), HasSubstr("NAME=VALUE"));
  EXPECT_THAT(Problem({"run", "--env"}), HasSubstr("NAME=VALUE"));
  EXPECT_THAT(Problem({"--master"}), HasSubstr("Which command?"));
}

TEST(CommandLine, ExitCodesTellFailuresApart) {
  EXPECT_EQ(ExitCodeOf(OkStatus()), 0);
  EXPECT_EQ(ExitCodeOf(NotFound("x")), 1);
  EXPECT_EQ(ExitCodeOf(InvalidArgument("x")), 64);
  EXPECT_EQ(ExitCodeOf(Unavailable("x")), 69);
  EXPECT_EQ(ExitCodeOf(DeadlineExceeded("x")), 69);
  EXPECT_EQ(ExitCodeOf(Unauthenticated("x")), 77);
  EXPECT_EQ(ExitCodeOf(PermissionDenied("x")), 77);
}

}  // namespace
}  // namespace meseta::cli
