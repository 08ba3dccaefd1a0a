// Goal: flags come from the right place, and every mistake is one clear sentence.
#include "actors/base/flags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "actors/base/files.h"
#include "actors/base/strings.h"

namespace meseta {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class FlagsTest : public ::testing::Test {
 protected:
  FlagsTest() {
    flags.Add(&port, "port", "Port to listen on.").Group(kEssential).Check([](uint16_t p) {
      return p != 0 ? OkStatus() : InvalidArgument("must not be 0");
    });
    flags.Add(&work_dir, "work_dir", "Where state is kept.").Group(kEssential).Required();
    flags.Add(&offer_timeout, "offer_timeout", "When offers are taken back.");
    flags.Add(&ping, "agent_ping_timeout", "Time for an answer.").Alias("slave_ping_timeout");
    flags.Add(&cache, "cache_size", "Size of the cache.");
    flags.Add(&ratio, "ratio", "A number.");
    flags.Add(&root, "root_submissions", "Whether root may run tasks.");
    flags.Add(&strict, "strict", "Whether to be strict.");
    flags.Add(&roles, "roles", "Names of roles.");
    flags.Add(&acls, "acls", "Rules as JSON.");
    flags.Add(&secret, "secret", "The key.").Secret().Group(kSecurity);
    flags.Add(&limit, "limit", "A limit.").Secret();
  }

  ~FlagsTest() override {
    if (!folder.empty()) std::system(("rm -rf " + folder).c_str());  // Made by mkdtemp below.
  }

  std::string WriteTemporary(const std::string& content) {
    if (folder.empty()) {
      char name[] = "/tmp/flags_test.XXXXXX";
      folder = mkdtemp(name);
    }
    const std::string path = folder + "/file";
    EXPECT_TRUE(files::WriteFileDurably(path, content).ok());
    return path;
  }

  // Adds the required flag.
  Status Parse(std::vector<std::string> args, const Environment& environment = {}) {
    args.push_back("--work_dir=/var/lib/meseta");
    return flags.Parse(args, environment);
  }
  std::string Problem(std::vector<std::string> args, const Environment& environment = {}) {
    return Parse(std::move(args), environment).message();
  }

  uint16_t port = 5050;
  Path work_dir;
  std::optional<Duration> offer_timeout;
  Duration ping = Duration::Seconds(15);
  Bytes cache = Bytes::Megabytes(64);
  double ratio = 0.25;
  bool root = true;
  bool strict = false;
  std::vector<std::string> roles;
  std::optional<std::string> acls;
  std::optional<std::string> secret;
  std::optional<int> limit;
  std::string folder;
  FlagSet flags{"meseta-test", "Runs a test."};
};

TEST_F(FlagsTest, DefaultsStayWhenNothingIsGiven) {
  ASSERT_EQ(Parse({}), OkStatus());
  EXPECT_EQ(port, 5050);
  EXPECT_FALSE(offer_timeout.has_value());
  EXPECT_FALSE(flags.IsGiven("port"));
  EXPECT_TRUE(flags.IsGiven("work_dir"));
}

TEST_F(FlagsTest, AllTypesAreRead) {
  ASSERT_EQ(Parse({"--port=80", "--offer_timeout=10secs", "--agent_ping_timeout=1.5mins",
                   "--cache_size=1.5GB", "--ratio=-0.5", "--no-root_submissions", "--strict",
                   "--roles=web, db,,", "--acls={\"a\": 1}"}),
            OkStatus());
  EXPECT_EQ(port, 80);
  EXPECT_EQ(offer_timeout, Duration::Seconds(10));
  EXPECT_EQ(ping, Duration::Seconds(90));
  EXPECT_EQ(cache, Bytes::Megabytes(1536));
  EXPECT_EQ(ratio, -0.5);
  EXPECT_FALSE(root);
  EXPECT_TRUE(strict);
  EXPECT_THAT(roles, ElementsAre("web", "db"));
  EXPECT_EQ(acls, "{\"a\": 1}");
}

TEST_F(FlagsTest, ValuesMayFollowAndDashesStandForUnderscores) {
  ASSERT_EQ(Parse({"--port", "81", "--offer-timeout", "5secs", "--no-root-submissions",
                   "--strict=true", "--ratio", "-1"}),
            OkStatus());
  EXPECT_EQ(port, 81);
  EXPECT_EQ(offer_timeout, Duration::Seconds(5));
  EXPECT_FALSE(root);
  EXPECT_TRUE(strict);
  EXPECT_EQ(ratio, -1);
}

TEST_F(FlagsTest, CommandLineBeatsEnvironmentBeatsFileBeatsDefault) {
  const std::string path = WriteTemporary(
      "# Comment\n\nport=1\nMESETA_RATIO=2\nMESETA_CACHE_SIZE=\"3MB\"\nagent-ping-timeout = "
      "4secs\n");
  ASSERT_EQ(Parse({"--flags_file=" + path, "--port=10"},
                  {{"MESETA_PORT", "20"}, {"MESETA_RATIO", "20"}, {"MESETA_OTHER", "x"}}),
            OkStatus());
  EXPECT_EQ(port, 10);
  EXPECT_EQ(ratio, 20);
  EXPECT_EQ(cache, Bytes::Megabytes(3));
  EXPECT_EQ(ping, Duration::Seconds(4));
}

TEST_F(FlagsTest, TheFlagsFileMayBeNamedByTheEnvironment) {
  const std::string path = WriteTemporary("port=7\n");
  ASSERT_EQ(Parse({}, {{"MESETA_FLAGS_FILE", path}}), OkStatus());
  EXPECT_EQ(port, 7);
}

TEST_F(FlagsTest, FurtherEnvironmentPrefixesComeSecond) {
  flags.EnvironmentPrefixes({"MESETA_", "MESOS_"});
  ASSERT_EQ(Parse({}, {{"MESOS_PORT", "1"}, {"MESOS_RATIO", "2"}, {"MESETA_PORT", "3"}}),
            OkStatus());
  EXPECT_EQ(port, 3);
  EXPECT_EQ(ratio, 2);
}

TEST_F(FlagsTest, OldNamesWorkWithAWarning) {
  ASSERT_EQ(Parse({"--slave_ping_timeout=1secs"}), OkStatus());
  EXPECT_EQ(ping, Duration::Seconds(1));
  EXPECT_THAT(flags.warnings(),
              ElementsAre("--slave_ping_timeout is an old name; use --agent_ping_timeout"));
}

TEST_F(FlagsTest, FileValuesAreReadExceptForPaths) {
  const std::string path = WriteTemporary("{\"permissive\": true}\n");
  ASSERT_EQ(flags.Parse({"--acls=file://" + path, "--work_dir=file://" + path}, {}), OkStatus());
  EXPECT_EQ(acls, "{\"permissive\": true}");
  EXPECT_EQ(work_dir.value, path);
  EXPECT_THAT(Problem({"--acls=file:///no/such"}),
              HasSubstr("--acls: Cannot open '/no/such': No such file"));
}

TEST_F(FlagsTest, UnknownNamesGetASuggestion) {
  EXPECT_EQ(Problem({"--prot=1"}), "Unknown flag '--prot'; did you mean --port?");
  EXPECT_EQ(Problem({"--agent_ping=1"}),
            "Unknown flag '--agent_ping'; did you mean --agent_ping_timeout?");
  EXPECT_EQ(Problem({"--zzzzzz"}), "Unknown flag '--zzzzzz'; --help lists all flags");
  EXPECT_EQ(Problem({"x"}), "Unexpected argument 'x'; flags are given as --name=value");
}

TEST_F(FlagsTest, BadValuesNameFlagAndSource) {
  EXPECT_EQ(Problem({"--port=abc"}),
            "--port: Invalid number 'abc': expecting an integer from 0 to 65535");
  EXPECT_THAT(Problem({"--port=70000"}), HasSubstr("from 0 to 65535"));
  EXPECT_EQ(Problem({"--port=0"}), "--port: must not be 0");
  EXPECT_EQ(Problem({}, {{"MESETA_STRICT", "maybe"}}),
            "MESETA_STRICT: Invalid value 'maybe': expecting true or false");
  EXPECT_THAT(Problem({"--offer_timeout=10"}), HasSubstr("Invalid duration '10'"));
  EXPECT_EQ(Problem({"--port"}), "--port needs a value, as in --port=INTEGER");
  EXPECT_EQ(Problem({"--no-port"}), "--no-port cannot be given, as --port is not a boolean flag");
  EXPECT_EQ(Problem({"--no-strict=true"}), "--no-strict takes no value");
  EXPECT_EQ(Problem({"--port=1", "--port=2"}), "--port is given twice");
}

TEST_F(FlagsTest, ProblemsOfTheFileNameTheLine) {
  EXPECT_THAT(Problem({"--flags_file=" + WriteTemporary("\nprot=1\n")}),
              HasSubstr("file line 2: unknown flag 'prot'; did you mean --port?"));
  EXPECT_THAT(Problem({"--flags_file=" + WriteTemporary("port\n")}),
              HasSubstr("file line 1: expecting NAME=value"));
  EXPECT_THAT(Problem({"--flags_file=" + WriteTemporary("port=x\n")}),
              HasSubstr("file line 1 (port): Invalid number"));
  EXPECT_THAT(Problem({"--flags_file=" + WriteTemporary("port=1\nport=2\n")}),
              HasSubstr("line 2: port is given twice"));
  EXPECT_THAT(Problem({"--flags_file=/no/such"}), HasSubstr("Cannot open '/no/such'"));
}

TEST_F(FlagsTest, RequiredFlagsAreAskedForUnlessHelpIs) {
  EXPECT_EQ(flags.Parse({}, {}).message(), "Missing required flag --work_dir");
  EXPECT_EQ(flags.Parse({"--help"}, {}), OkStatus());
  EXPECT_TRUE(flags.help_requested());
}

TEST_F(FlagsTest, HelpAndVersionComeFromTheCommandLineOnly) {
  ASSERT_EQ(Parse({}, {{"MESETA_VERSION", "1.2"}, {"MESETA_HELP", "true"}}), OkStatus());
  EXPECT_FALSE(flags.help_requested());
}

TEST_F(FlagsTest, CheckOfSeveralFlagsRunsLast) {
  flags.Check(
      [&] { return !strict || secret ? OkStatus() : InvalidArgument("--strict needs --secret"); });
  EXPECT_EQ(Problem({"--strict"}), "--strict needs --secret");
  EXPECT_EQ(Parse({"--strict", "--secret=x"}), OkStatus());
}

TEST_F(FlagsTest, ValuesListWhatIsSetAndHideSecrets) {
  ASSERT_EQ(Parse({"--secret=hunter2"}), OkStatus());
  const auto values = flags.Values();
  EXPECT_EQ(values.at("port"), "5050");
  EXPECT_EQ(values.at("agent_ping_timeout"), "15secs");
  EXPECT_EQ(values.at("root_submissions"), "true");
  EXPECT_EQ(values.at("work_dir"), "/var/lib/meseta");
  EXPECT_EQ(values.at("help"), "false");
  EXPECT_EQ(values.at("secret"), "********");
  EXPECT_FALSE(values.contains("offer_timeout"));
  EXPECT_THAT(Problem({"--limit=hunter2"}), Not(HasSubstr("hunter2")));
}

TEST_F(FlagsTest, HelpIsGroupedAndFitsTheWidth) {
  const std::string help = flags.Help(80);
  for (const std::string& line : strings::Split(help, '\n')) EXPECT_LE(line.size(), 80u) << line;
  EXPECT_THAT(help, HasSubstr("  --port=INTEGER  (default: 5050; MESETA_PORT)\n"
                              "      Port to listen on.\n"));
  EXPECT_THAT(help, HasSubstr("  --work_dir=PATH  (required; MESETA_WORK_DIR)\n"));
  EXPECT_THAT(help, HasSubstr("--no-root_submissions"));
  EXPECT_LT(help.find("\nEssential:\n"), help.find("\nUseful:\n"));
}

TEST_F(FlagsTest, ArgumentsWhereAllowed) {
  flags.AllowArguments();
  ASSERT_EQ(Parse({"task", "list", "--port=1"}), OkStatus());
  EXPECT_THAT(flags.arguments(), ElementsAre("task", "list"));
}

TEST_F(FlagsTest, TwoDashesEndTheFlags) {
  flags.AllowArguments();
  ASSERT_EQ(flags.Parse({"--work_dir=/x", "run", "--", "ls", "--port=1"}, {}), OkStatus());
  EXPECT_THAT(flags.arguments(), ElementsAre("run", "ls", "--port=1"));
  EXPECT_EQ(port, 5050);
}

}  // namespace
}  // namespace meseta
