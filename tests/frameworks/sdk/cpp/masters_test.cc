#include "frameworks/sdk/cpp/masters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace meseta::sdk {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(MastersTest, AreReadInAllTheirForms) {
  const auto masters =
      ParseMasters({"a:1,b", "https://c:2/", "http://a:1", "[::1]:5050"}, "http");
  ASSERT_TRUE(masters.ok()) << masters.status();
  EXPECT_THAT(*masters, ElementsAre("http://a:1", "http://b:5050", "https://c:2",
                                    "http://[::1]:5050"));
  EXPECT_THAT(*ParseMasters({"a"}, "https"), ElementsAre("https://a:5050"));
}

TEST(MastersTest, BadOnesAreNamed) {
  EXPECT_THAT(ParseMasters({}, "http").status().message(), HasSubstr("No master is named"));
  EXPECT_THAT(ParseMasters({" , "}, "http").status().message(), HasSubstr("No master is named"));
  EXPECT_THAT(ParseMasters({"zk://z:2181/mesos"}, "http").status().message(),
              HasSubstr("ZooKeeper"));
  EXPECT_THAT(ParseMasters({"a:b"}, "http").status().message(), HasSubstr("'a:b'"));
  std::vector<std::string> many;
  for (size_t i = 0; i <= kMaxMasters; ++i) many.push_back("m" + std::to_string(i));
  EXPECT_THAT(ParseMasters(many, "http").status().message(), HasSubstr("More than 16"));
}

TEST(MastersTest, TheRingGoesRound) {
  MasterRing ring({"http://a:1", "http://b:1"});
  EXPECT_EQ(ring.current(), "http://a:1");
  ring.Next();
  EXPECT_EQ(ring.current(), "http://b:1");
  ring.Next();
  EXPECT_EQ(ring.current(), "http://a:1");
}

TEST(MastersTest, LeadersAreFollowedInAllTheirForms) {
  MasterRing ring({"https://a:1", "https://b:1"});
  ASSERT_TRUE(ring.Follow("//b:1/api/v1/scheduler").ok());
  EXPECT_EQ(ring.current(), "https://b:1");
  EXPECT_EQ(ring.size(), 2u);
  ASSERT_TRUE(ring.Follow("c:7").ok());
  EXPECT_EQ(ring.current(), "https://c:7");
  EXPECT_EQ(ring.size(), 3u);
  ASSERT_TRUE(ring.Follow("http://d:1/x").ok());
  EXPECT_EQ(ring.current(), "http://d:1");
  EXPECT_FALSE(ring.Follow("/no/host").ok());
  EXPECT_EQ(ring.current(), "http://d:1");
}

TEST(MastersTest, NamedLeadersAreBounded) {
  MasterRing ring({"http://a:1"});
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(ring.Follow("m" + std::to_string(i) + ":1").ok());
  EXPECT_EQ(ring.size(), kMaxKnownMasters);
  EXPECT_EQ(ring.current(), "http://m99:1");
}

}  // namespace
}  // namespace meseta::sdk
