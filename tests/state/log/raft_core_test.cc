// Goal: the core keeps what Raft promises, in a handful of small stories told in code; the golden
// conversations tell each rule's.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/state/log/core_group.h"

namespace meseta::log {
namespace {

TEST(RaftCoreTest, ASingleVoterLeadsAtOnceAndForEver) {
  CoreGroup group;
  group.Found({1});
  EXPECT_EQ(group.core(1).role(), Role::kLeader);
  EXPECT_TRUE(group.core(1).serving());
  EXPECT_EQ(group.core(1).lease_until(), Time::Max());
  ASSERT_TRUE(group.Propose(1, "x").ok());
  EXPECT_EQ(group.nodes.at(1).state, std::vector<std::string>{"x"});
  group.Crash(1);
  group.Start(1);
  EXPECT_EQ(group.nodes.at(1).state, std::vector<std::string>{"x"});
  EXPECT_EQ(group.core(1).term(), 3u);
}

// Its last change says that it is the only voter, but not that the old leader has left: that one may
// still hold a lease. (Found by the simulation.)
TEST(RaftCoreTest, ALastVoterThatRestartsWaitsForTheOldLeadersLease) {
  CoreGroup group;
  group.Found({1, 2});
  group.Elect(1);
  group.Run(Duration::Millis(500));
  ASSERT_TRUE(group.core(1).serving());
  ASSERT_TRUE(group.core(1).ProposeChange(RemoveMember{1}, group.now).ok());
  group.Carry(1);
  group.DeliverLink(1, 2);  // On its disk; the acknowledgement is lost.
  group.network.clear();
  group.Crash(2);
  const Time lease = group.core(1).lease_until();
  ASSERT_LT(group.now, lease);
  group.Start(2);
  while (group.now < lease) {
    EXPECT_NE(group.core(2).role(), Role::kLeader);
    group.Advance(Duration::Millis(10));
    group.Tick(2);
  }
  group.cut = {{1, 2}, {2, 1}};
  group.Run(Duration::Seconds(5));
  EXPECT_EQ(group.core(2).role(), Role::kLeader);
}

TEST(RaftCoreTest, ThreeElectReplicateAndSurviveTheLeader) {
  CoreGroup group;
  group.Found({1, 2, 3});
  group.Run(Duration::Seconds(3));
  const auto leader = group.Leader();
  ASSERT_TRUE(leader.has_value());
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(group.Propose(*leader, std::to_string(i)).ok());
  group.Run(Duration::Millis(300));
  for (auto& [id, node] : group.nodes) EXPECT_EQ(node.state.size(), 100u) << id;
  group.Crash(*leader);
  group.Run(Duration::Seconds(3));
  const auto next = group.Leader();
  ASSERT_TRUE(next.has_value());
  ASSERT_TRUE(group.Propose(*next, "more").ok());
  group.Start(*leader);
  group.Run(Duration::Seconds(1));
  for (auto& [id, node] : group.nodes) EXPECT_EQ(node.state.size(), 101u) << id;
  EXPECT_EQ(group.Leader(), next);
  EXPECT_THAT(group.violations, testing::IsEmpty());
}

TEST(RaftCoreTest, ANewMemberGetsTheSnapshotCatchesUpAndVotes) {
  CoreGroup group;
  group.Found({1});
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(group.Propose(1, std::to_string(i)).ok());
  group.Snapshot(1, 40);
  group.AddEmpty(2);
  AddMember add;
  add.id = 2;
  add.address = "h2";
  ASSERT_TRUE(group.core(1).ProposeChange(add, group.now).ok());
  group.Carry(1);
  group.Run(Duration::Seconds(1));
  EXPECT_EQ(group.nodes.at(2).state.size(), 50u);
  EXPECT_TRUE(IsVoter(group.core(2).status().configuration, 2));
  EXPECT_LT(group.core(1).lease_until(), Time::Max());
  EXPECT_GT(group.core(1).lease_until(), group.now);
  EXPECT_THAT(group.violations, testing::IsEmpty());
}

}  // namespace
}  // namespace meseta::log
