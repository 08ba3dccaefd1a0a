// What GET /meseta/members says, as `meseta master members ls` shows it.
#include "frameworks/cli/member_rows.h"

#include <gtest/gtest.h>

namespace meseta::cli {
namespace {

constexpr char kAnswer[] = R"({"cluster_id":"c","term":3,"leader":"h1:5050","state":"member",
  "members":[{"id":"0a","address":"h1:5050","role":"leader","self":true,"up":true,"match":9,"lag":0},
             {"id":"0b","address":"h2:5050","role":"learner","self":false,"up":false,
              "snapshotting":true,"match":2,"lag":7}],
  "invited":["h3:5050"]})";

TEST(MemberRowsTest, ReadsAndShows) {
  const auto list = ReadMembers(kAnswer);
  ASSERT_TRUE(list.ok()) << list.status();
  EXPECT_TRUE(list->from_leader);
  EXPECT_EQ(FindMember(*list, "h2")->id, "0b");
  EXPECT_EQ(FindMember(*list, "0b")->address, "h2:5050");
  EXPECT_EQ(FindMember(*list, "h9"), nullptr);
  EXPECT_TRUE(IsInvited(*list, "h3:5050"));
  const std::string table = MemberTable(*list);
  EXPECT_NE(table.find("snapshot"), std::string::npos) << table;
  EXPECT_NE(table.find("invited"), std::string::npos) << table;
  EXPECT_EQ(table.find("no leader"), std::string::npos) << table;
  EXPECT_EQ(StartHint(*list, "h3:5050"),
            "meseta-master --peers=h1:5050,h2:5050,h3:5050 --ip=h3 --port=5050 "
            "--work_dir=<an empty folder>");
}

TEST(MemberRowsTest, RemovedByATryWhoseAnswerWasLostIsRemoved) {
  const auto list = ReadMembers(kAnswer);
  ASSERT_TRUE(list.ok()) << list.status();
  for (const char* there : {"h2:5050", "h2", "0b", "h3:5050"}) {
    EXPECT_TRUE(IsRemoved(*list, there, OkStatus())) << there;
    EXPECT_TRUE(IsRemoved(*list, there, NotFound("no such member"))) << there;
    EXPECT_FALSE(IsRemoved(*list, there, Unavailable("no leader"))) << there;
    EXPECT_FALSE(IsRemoved(*list, there, Internal("its only vote"))) << there;
  }
  EXPECT_FALSE(IsRemoved(*list, "h9:5050", NotFound("no such member")));
}

TEST(MemberRowsTest, WithoutALeaderItSaysSo) {
  const auto list = ReadMembers(R"({"members":[],"problem":"the disk is full"})");
  ASSERT_TRUE(list.ok());
  EXPECT_FALSE(list->from_leader);
  const std::string table = MemberTable(*list);
  EXPECT_NE(table.find("There is no leader"), std::string::npos);
  EXPECT_NE(table.find("the disk is full"), std::string::npos);
  EXPECT_FALSE(ReadMembers("{}").ok());
  EXPECT_FALSE(ReadMembers("not found").ok());
}

TEST(MemberRowsTest, RequestsAreJson) {
  EXPECT_EQ(MemberRequest("remove", "h\"1"), R"({"action":"remove","member":"h\"1"})");
}

}  // namespace
}  // namespace meseta::cli
