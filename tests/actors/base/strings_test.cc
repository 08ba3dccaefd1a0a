#include "actors/base/strings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace meseta::strings {
namespace {

using ::testing::ElementsAre;

TEST(StringsTest, SplitJoinTrim) {
  EXPECT_THAT(Split("a,,b", ','), ElementsAre("a", "", "b"));
  EXPECT_THAT(Split("", ','), ElementsAre(""));
  EXPECT_THAT(SplitList(" a , b,, "), ElementsAre("a", "b"));
  EXPECT_EQ(Join({"a", "b", "a"}, ", "), "a, b, a");
  EXPECT_EQ(Join({}, ","), "");
  EXPECT_EQ(Trim(" \t a b \r\n"), "a b");
  EXPECT_EQ(Trim(" \n"), "");
  EXPECT_EQ(ToUpper("aZ_9"), "AZ_9");
  EXPECT_EQ(ToLower("aZ_9"), "az_9");
}

TEST(StringsTest, NearestFindsTyposAndPrefixesOnly) {
  const std::vector<std::string> names{"port", "work_dir", "agent_ping_timeout", "ip"};
  EXPECT_EQ(Nearest("prot", names), "port");
  EXPECT_EQ(Nearest("workdir", names), "work_dir");
  EXPECT_EQ(Nearest("agent_ping", names), "agent_ping_timeout");
  EXPECT_EQ(Nearest("zebra", names), "");
  EXPECT_EQ(Nearest("", names), "");
  EXPECT_EQ(Nearest(std::string(1000, 'p'), names), "");
}

TEST(StringsTest, WrapBreaksAtSpaces) {
  EXPECT_THAT(Wrap("one two three", 7), ElementsAre("one two", "three"));
  EXPECT_THAT(Wrap("incomprehensible a", 5), ElementsAre("incomprehensible", "a"));
  EXPECT_THAT(Wrap("a\nb", 10), ElementsAre("a", "b"));
}

}  // namespace
}  // namespace meseta::strings
