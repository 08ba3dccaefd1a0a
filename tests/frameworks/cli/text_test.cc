// Small pure parts: tables, ids, addresses, names, prefixed lines.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "frameworks/cli/id_prefix.h"
#include "frameworks/cli/line_prefixer.h"
#include "frameworks/cli/master_list.h"
#include "frameworks/cli/table.h"
#include "frameworks/cli/task_name.h"

namespace meseta::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Table, AlignsColumnsByCharactersNotBytes) {
  Table table({"A", "B"});
  table.AddRow({"\xc3\xa9\xc3\xa9", "x"});
  table.AddRow({"", "y"});
  EXPECT_EQ(table.ToString(), "A   B\n\xc3\xa9\xc3\xa9  x\n-   y\n");
}

TEST(Table, ShortTexts) {
  EXPECT_EQ(ShortAge(-5), "0s");
  EXPECT_EQ(ShortAge(119), "119s");
  EXPECT_EQ(ShortAge(120), "2m");
  EXPECT_EQ(ShortAge(7200), "2h");
  EXPECT_EQ(ShortAge(86400 * 3), "3d");
  EXPECT_EQ(ShortNumber(4), "4");
  EXPECT_EQ(ShortNumber(0.1 + 0.2), "0.3");
}

TEST(ResolveId, TakesExactAndUniqueBeginnings) {
  const std::vector<std::string> ids{"job-1", "job-12", "other"};
  EXPECT_EQ(*ResolveId("job-1", ids, "task"), "job-1");
  EXPECT_EQ(*ResolveId("job-12", ids, "task"), "job-12");
  EXPECT_EQ(*ResolveId("o", ids, "task"), "other");
  const Status ambiguous = ResolveId("job", ids, "task").status();
  EXPECT_EQ(ambiguous.code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(ambiguous.message(), HasSubstr("\n  job-1\n  job-12"));
  EXPECT_EQ(ResolveId("x", ids, "task").status().code(), StatusCode::kNotFound);
}

TEST(ResolveId, ListsABoundedNumber) {
  std::vector<std::string> ids;
  for (int i = 0; i < 500; ++i) ids.push_back("t" + std::to_string(i));
  const std::string message = ResolveId("t", ids, "task").status().message();
  EXPECT_THAT(message, HasSubstr("of 500 tasks"));
  EXPECT_EQ(std::count(message.begin(), message.end(), '\n'), kMaxListedIds + 1);
}

TEST(ParseMasters, TakesListsSchemesAndDefaultPorts) {
  EXPECT_THAT(*ParseMasters("m1:1"), ElementsAre("http://m1:1"));
  EXPECT_THAT(*ParseMasters("m1, https://m2:2/ ,m3:3"),
              ElementsAre("http://m1:5050", "https://m2:2", "https://m3:3"));
  EXPECT_THAT(*ParseMasters("http://[::1]:7"), ElementsAre("http://[::1]:7"));
  EXPECT_FALSE(ParseMasters("").ok());
  EXPECT_FALSE(ParseMasters("m:port").ok());
  EXPECT_THAT(ParseMasters("zk://a:1/m").status().message(), HasSubstr("ZooKeeper"));
}

TEST(BaseOfLocation, KeepsTheSchemeWhereNoneIsGiven) {
  EXPECT_EQ(*BaseOfLocation("https://a:1", "//b:2/api/v1/scheduler"), "https://b:2");
  EXPECT_EQ(*BaseOfLocation("https://a:1", "http://b:2/x"), "http://b:2");
  EXPECT_FALSE(BaseOfLocation("http://a:1", "").ok());
}

TEST(BaseOfPid, IsWhatFollowsTheActor) {
  EXPECT_EQ(*BaseOfPid("http://m:1", "slave(1)@127.0.0.1:5051"), "http://127.0.0.1:5051");
  EXPECT_EQ(*BaseOfPid("https://m:1", "slave(1)@[::1]:5051"), "https://[::1]:5051");
  EXPECT_FALSE(BaseOfPid("http://m:1", "").ok());
}

TEST(TaskName, IsSafeInIdsAndPaths) {
  EXPECT_EQ(TaskName("/usr/bin/sleep 5"), "sleep");
  EXPECT_EQ(TaskName("echo;ls"), "echo");
  EXPECT_EQ(TaskName("my app"), "my");
  EXPECT_EQ(TaskName("a*b"), "a-b");
  EXPECT_EQ(TaskName("../.."), "task");
  EXPECT_EQ(TaskName("--x"), "x");
  EXPECT_EQ(TaskName("( cd x )"), "task");
  EXPECT_EQ(TaskName(std::string(500, 'a')).size(), 63);
}

TEST(LinePrefixer, PrefixesWholeLinesHoweverTheyArrive) {
  LinePrefixer lines("[0] ");
  EXPECT_EQ(lines.Put("a"), "");
  EXPECT_EQ(lines.Put("b\nc\n\nd"), "[0] ab\n[0] c\n[0] \n");
  EXPECT_EQ(lines.End(), "[0] d\n");
  EXPECT_EQ(lines.End(), "");
}

TEST(LinePrefixer, WithoutPrefixPassesBytesOn) {
  LinePrefixer bytes("");
  EXPECT_EQ(bytes.Put("a\nb"), "a\nb");
  EXPECT_EQ(bytes.End(), "");
}

TEST(LinePrefixer, HoldsABoundedLine) {
  LinePrefixer lines("> ");
  EXPECT_EQ(lines.Put(std::string(kMaxHeldLine + 1, 'x')).size(), kMaxHeldLine + 4);
}

}  // namespace
}  // namespace meseta::cli
