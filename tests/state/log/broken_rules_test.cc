// Goal: the random runs notice when a rule of Raft is broken, so their silence means something; and
// each rule is really asked for.
// Method: the same runs with one rule overridden; within some seeds a checker must speak up.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>

#include "tests/state/log/chaos.h"
#include "tests/state/log/script.h"

namespace meseta::log {
namespace {

constexpr uint64_t kMaxSeeds = 1500;

struct TwoVotes : Rules {
  bool VoteIsFree(MemberId, MemberId) const override { return true; }
};
struct AnyLog : Rules {
  bool LogIsUpToDate(Term, Index, Term, Index) const override { return true; }
};
struct NoDisk : Rules {
  bool WaitsForDisk() const override { return false; }
};
struct AnyPrevious : Rules {
  bool EntryMatches(Term, Term) const override { return true; }
};
struct CommitOlderTerms : Rules {
  bool MayCommit(Term, Term) const override { return true; }
};
struct HalfIsEnough : Rules {
  size_t Quorum(size_t voters) const override { return (voters + 1) / 2; }
};
struct CommitBeyond : Rules {
  Index FollowerCommit(Index leader_commit, Index) const override { return leader_commit; }
};
struct ReadsWithoutLease : Rules {
  bool LeaseHolds(Time, Time, bool) const override { return true; }
};
struct ReadsWithoutRound : Rules {
  bool ProbeConfirmsRead(uint64_t, uint64_t) const override { return true; }
};
struct VotesAtAnyTime : Rules {
  bool MayVoteNow(Duration, Duration) const override { return true; }
};
struct ChangesAtAnyTime : Rules {
  bool MayChangeMembers(bool, bool) const override { return true; }
};

// Null: as they stand.
std::vector<const Rules*> BrokenAndSound(const Rules* broken) { return {broken, nullptr}; }

template <class Broken>
void ExpectNoticed() {
  const Broken rules;
  for (uint64_t seed = 1; seed <= kMaxSeeds; ++seed) {
    Chaos chaos(seed, &rules);
    chaos.Run();
    if (!chaos.group().violations.empty()) return;
  }
  ADD_FAILURE() << "nobody noticed in " << kMaxSeeds << " runs";
}

TEST(BrokenRulesTest, TwoVotesInATerm) { ExpectNoticed<TwoVotes>(); }
TEST(BrokenRulesTest, VotesForShorterLogs) { ExpectNoticed<AnyLog>(); }
TEST(BrokenRulesTest, PromisesBeforeTheDisk) { ExpectNoticed<NoDisk>(); }
TEST(BrokenRulesTest, EntriesBehindOthers) { ExpectNoticed<AnyPrevious>(); }
TEST(BrokenRulesTest, HalfForAMajority) { ExpectNoticed<HalfIsEnough>(); }
TEST(BrokenRulesTest, CommitBeyondWhatCame) { ExpectNoticed<CommitBeyond>(); }
TEST(BrokenRulesTest, ReadsWithoutALease) { ExpectNoticed<ReadsWithoutLease>(); }

// Too rare for random runs of this length: the conversation that draws figure 8.
TEST(BrokenRulesTest, OlderTermsCommittedByCounting) {
  const CommitOlderTerms broken;
  for (const Rules* rules : BrokenAndSound(&broken)) {
    Script script(rules);
    ASSERT_FALSE(RunConversation("figure_8", &script).empty());
    EXPECT_EQ(script.sound(), rules == nullptr);
  }
}

// A leader that hands over has no lease. It is cut off from those who go on without it.
TEST(BrokenRulesTest, ReadsWithoutARound) {
  const ReadsWithoutRound broken;
  for (const Rules* rules : BrokenAndSound(&broken)) {
    CoreGroup group({}, rules);
    group.Found({1, 2, 3});
    group.Elect(1);
    ASSERT_TRUE(group.core(1).Transfer(2, group.now).ok());
    group.Carry(1);
    group.DeliverLink(1, 2);
    group.cut = {{1, 2}, {1, 3}, {2, 1}, {3, 1}};
    group.Settle();
    ASSERT_EQ(group.core(2).role(), Role::kLeader);
    ASSERT_TRUE(group.Propose(2, "x").ok());
    group.Settle();
    group.core(1).Read(1, group.now);
    group.Carry(1);
    EXPECT_EQ(group.nodes.at(1).reads.count(1), rules == nullptr ? 0u : 1u);
    EXPECT_GT(group.nodes.at(2).applied, group.nodes.at(1).applied);
  }
}

// 3 hears nothing of the leader 1, but 2 does, and so 1 has a lease.
TEST(BrokenRulesTest, VotesWhileALeaseHolds) {
  const VotesAtAnyTime broken;
  for (const Rules* rules : BrokenAndSound(&broken)) {
    CoreGroup group({}, rules);
    group.Found({1, 2, 3});
    group.Elect(1);
    group.cut = {{1, 3}, {3, 1}};
    group.Run(Duration::Millis(700));
    group.cut.insert({1, 2});
    group.cut.insert({2, 1});
    while (group.core(3).role() != Role::kLeader && group.core(1).lease_until() > group.now) {
      group.Run(Duration::Millis(10));
    }
    EXPECT_EQ(group.core(3).role() == Role::kLeader, rules != nullptr);
  }
}

// A leader that is cut off takes the others out one after the other, until it is a majority.
TEST(BrokenRulesTest, ChangesOfMembersAtOnce) {
  const ChangesAtAnyTime broken;
  for (const Rules* rules : BrokenAndSound(&broken)) {
    CoreGroup group({}, rules);
    group.Found({1, 2, 3});
    group.Elect(1);
    group.cut = {{1, 2}, {1, 3}, {2, 1}, {3, 1}};
    EXPECT_TRUE(group.core(1).ProposeChange(RemoveMember{2}, group.now).ok());
    group.Carry(1);
    EXPECT_EQ(group.core(1).ProposeChange(RemoveMember{3}, group.now).ok(), rules != nullptr);
    group.Carry(1);
    group.Run(Duration::Seconds(3));
    EXPECT_EQ(group.violations.empty(), rules == nullptr);
  }
}

}  // namespace
}  // namespace meseta::log
