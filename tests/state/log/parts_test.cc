// Goal: the parts of the core that are plain values: the log in memory, quorums, windows, parked
// messages, configurations.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "state/log/membership.h"
#include "state/log/outbox.h"
#include "state/log/progress_table.h"
#include "state/log/quorum.h"
#include "state/log/raft_log.h"
#include "state/log/term_lease.h"

namespace meseta::log {
namespace {

EntryPtr MakeEntry(Index index, Term term) {
  Entry entry;
  entry.index = index;
  entry.term = term;
  return std::make_shared<const Entry>(entry);
}

RaftLog MakeLog(Index first, const std::vector<Term>& terms) {
  std::vector<EntryPtr> entries;
  for (const Term term : terms) entries.push_back(MakeEntry(first++, term));
  return RaftLog(std::nullopt, std::move(entries));
}

SnapshotMeta MakeMeta(Index index, Term term) {
  SnapshotMeta meta;
  meta.set_index(index);
  meta.set_term(term);
  return meta;
}

TEST(RaftLogTest, KnowsTheTermsOfEntriesAndOfTheirBase) {
  const RaftLog log = MakeLog(1, {1, 1, 3});
  EXPECT_EQ(log.TermAt(0), Term{0});
  EXPECT_EQ(log.TermAt(2), Term{1});
  EXPECT_EQ(log.TermAt(3), Term{3});
  EXPECT_EQ(log.TermAt(4), std::nullopt);
  EXPECT_EQ(log.At(4), nullptr);
  EXPECT_EQ(log.At(0), nullptr);
}

TEST(RaftLogTest, FindsWhereLogsMightAgree) {
  const RaftLog log = MakeLog(1, {1, 1, 2, 2, 4, 4});
  EXPECT_EQ(log.LastAtMost(6, 4), 6u);
  EXPECT_EQ(log.LastAtMost(6, 3), 4u);
  EXPECT_EQ(log.LastAtMost(3, 9), 3u);
  EXPECT_EQ(log.LastAtMost(6, 0), 0u);
  EXPECT_EQ(log.LastAtMost(99, 1), 2u);
}

TEST(RaftLogTest, ForgetsTheOldAndTheWrong) {
  RaftLog log = MakeLog(1, {1, 1, 2, 2});
  log.CompactTo(2);
  EXPECT_EQ(log.first(), 3u);
  EXPECT_EQ(log.TermAt(2), Term{1});
  EXPECT_EQ(log.TermAt(1), std::nullopt);
  EXPECT_EQ(log.LastAtMost(4, 0), 1u);  // Before what is kept.
  log.TruncateAfter(2);
  EXPECT_EQ(log.last(), 2u);
  EXPECT_EQ(log.last_term(), 1u);
  log.CompactTo(99);
  EXPECT_EQ(log.last(), 2u);
  log.Reset(7, 3);
  EXPECT_EQ(log.first(), 8u);
  EXPECT_EQ(log.TermAt(7), Term{3});
}

TEST(RaftLogTest, StartsFromADiskWithEntriesOlderThanTheSnapshot) {
  std::vector<EntryPtr> entries = {MakeEntry(3, 1), MakeEntry(4, 2), MakeEntry(5, 2)};
  const RaftLog log(MakeMeta(4, 2), entries);
  EXPECT_EQ(log.first(), 3u);
  EXPECT_EQ(log.last(), 5u);
  EXPECT_EQ(log.TermAt(2), std::nullopt);  // Nobody knows it any more.
  EXPECT_EQ(log.TermAt(4), Term{2});
}

TEST(RaftLogTest, EntriesThatDoNotReachTheSnapshotOrHaveGapsAreLeftOut) {
  EXPECT_EQ(RaftLog(MakeMeta(9, 2), {MakeEntry(3, 1)}).first(), 10u);
  EXPECT_EQ(RaftLog(MakeMeta(2, 1), {MakeEntry(4, 1)}).last(), 2u);
  EXPECT_EQ(RaftLog(MakeMeta(2, 1), {MakeEntry(3, 1), MakeEntry(5, 1)}).last(), 3u);
}

RC_GTEST_PROP(QuorumTest, IsWhatAMajorityReaches, (std::vector<uint64_t> values)) {
  RC_PRE(!values.empty());
  const size_t quorum = values.size() / 2 + 1;
  const uint64_t value = QuorumValue(values, quorum);
  const auto reach = [&](uint64_t v) {
    return static_cast<size_t>(
        std::count_if(values.begin(), values.end(), [&](uint64_t other) { return other >= v; }));
  };
  RC_ASSERT(reach(value) >= quorum);
  for (const uint64_t other : values) RC_ASSERT(other <= value || reach(other) < quorum);
}

TEST(QuorumTest, NobodyAgreesOnNothing) {
  EXPECT_EQ(QuorumValue({}, 1), 0u);
  EXPECT_EQ(QuorumValue({7, 8}, 3), 0u);
}

TEST(InflightWindowTest, CountsWhatIsUnanswered) {
  InflightWindow window;
  window.Add(3, 10, Time::FromNanos(1));
  window.Add(5, 20, Time::FromNanos(2));
  EXPECT_EQ(window.bytes(), 30u);
  window.FreeTo(4);
  EXPECT_EQ(window.count(), 1u);
  EXPECT_EQ(window.bytes(), 20u);
  EXPECT_EQ(window.oldest(), Time::FromNanos(2));
  window.FreeTo(5);
  EXPECT_TRUE(window.empty());
}

Message To(MemberId to, Term term) {
  Message message;
  message.set_to(to);
  message.set_term(term);
  return message;
}

TEST(OutboxTest, KeepsTheOrderPerMember) {
  Outbox outbox;
  std::vector<Message> out;
  outbox.Add(To(1, 1), 5, 4, &out);
  outbox.Add(To(1, 2), 0, 4, &out);  // Needs nothing, but stands behind.
  outbox.Add(To(2, 3), 0, 4, &out);
  ASSERT_EQ(out.size(), 1u);
  EXPECT_EQ(out[0].to(), 2u);
  outbox.Release(5, &out);
  ASSERT_EQ(out.size(), 3u);
  EXPECT_EQ(out[1].term(), 1u);
  EXPECT_EQ(out[2].term(), 2u);
  EXPECT_TRUE(outbox.empty());
}

TEST(OutboxTest, IsBounded) {
  Outbox outbox;
  std::vector<Message> out;
  for (size_t i = 0; i < kMaxParkedMessages + 10; ++i) outbox.Add(To(1, i + 1), 1, 0, &out);
  outbox.Release(1, &out);
  EXPECT_EQ(out.size(), kMaxParkedMessages);
}

Configuration Members(const std::vector<MemberId>& voters) {
  Configuration configuration;
  for (const MemberId id : voters) {
    internal::LogMember* member = configuration.add_members();
    member->set_id(id);
    member->set_address("h" + std::to_string(id));
  }
  return configuration;
}

TEST(ConfigurationTest, OnesThatMakeNoSenseAreRefused) {
  EXPECT_TRUE(ValidateConfiguration(Members({1, 2})).ok());
  EXPECT_FALSE(ValidateConfiguration(Members({})).ok());
  EXPECT_FALSE(ValidateConfiguration(Members({1, 1})).ok());
  EXPECT_FALSE(ValidateConfiguration(Members({1, 0})).ok());
  Configuration learners = Members({1});
  learners.mutable_members(0)->set_learner(true);
  EXPECT_FALSE(ValidateConfiguration(learners).ok());
  std::vector<MemberId> many;
  for (MemberId id = 1; id <= kMaxMembers + 1; ++id) many.push_back(id);
  EXPECT_FALSE(ValidateConfiguration(Members(many)).ok());
  EXPECT_EQ(ParseConfiguration("\xff\xff"), std::nullopt);
}

TEST(ConfigurationTest, TheHistoryFollowsTheLog) {
  ConfigurationHistory history;
  history.Reset(1, Members({1}));
  history.Append(5, Members({1, 2}));
  history.Append(9, Members({1, 2, 3}));
  EXPECT_EQ(Voters(history.At(4)).size(), 1u);
  EXPECT_EQ(Voters(history.At(5)).size(), 2u);
  EXPECT_EQ(Voters(history.At(100)).size(), 3u);
  history.CompactTo(7);
  EXPECT_EQ(Voters(history.At(1)).size(), 2u);
  EXPECT_TRUE(history.TruncateAfter(8));
  EXPECT_FALSE(history.TruncateAfter(8));
  EXPECT_EQ(history.index(), 5u);
}

size_t VotersThatDiffer(const Configuration& a, const Configuration& b) {
  size_t differ = 0;
  for (const MemberId id : Voters(a)) differ += IsVoter(b, id) ? 0 : 1;
  for (const MemberId id : Voters(b)) differ += IsVoter(a, id) ? 0 : 1;
  return differ;
}

TEST(TermLeaseTest, IsNoneOfAnotherTerms) {
  TermLease lease;
  EXPECT_EQ(lease.until(0), Time());
  lease.Hold(5, Time::FromNanos(100));
  EXPECT_EQ(lease.until(), Time::FromNanos(100));
  EXPECT_EQ(lease.until(5), Time::FromNanos(100));
  EXPECT_EQ(lease.until(6), Time());
  lease.End();
  EXPECT_EQ(lease.until(5), Time());
  lease.Hold(7, Time::FromNanos(200));
  EXPECT_EQ(lease.until(5), Time());  // Its actors may not have ended yet.
  EXPECT_EQ(lease.until(7), Time::FromNanos(200));
}

RC_GTEST_PROP(MembershipTest, NoChangeTouchesTwoVoters, (std::vector<uint8_t> draws)) {
  Configuration current = Members({1, 2, 3});
  for (size_t i = 0; i + 2 < draws.size(); i += 3) {
    const MemberId id = 1 + draws[i + 1] % 6;
    const std::string address = "h" + std::to_string(1 + draws[i + 2] % 6);
    MemberChange change;
    switch (draws[i] % 6) {
      case 0:
        change = AddMember{id, address, draws[i] % 2 == 0};
        break;
      case 1:
        change = RemoveMember{id};
        break;
      case 2:
        change = PromoteMember{id};
        break;
      case 3:
        change = MoveMember{id, address};
        break;
      case 4:
        change = InviteMember{address};
        break;
      default:
        change = UninviteMember{address};
    }
    const auto next = ChangedConfiguration(current, change, Voters(current).front());
    if (!next.ok()) continue;
    RC_ASSERT(ValidateConfiguration(*next).ok());
    RC_ASSERT(VotersThatDiffer(current, *next) <= 1);
    std::vector<std::string> addresses;
    for (const auto& member : next->members()) addresses.push_back(member.address());
    std::sort(addresses.begin(), addresses.end());
    RC_ASSERT(std::adjacent_find(addresses.begin(), addresses.end()) == addresses.end());
    current = *next;
  }
}

TEST(MembershipTest, ReplacingAVoterKeepsItsPlace) {
  const auto next = ChangedConfiguration(Members({1, 2, 3}), AddMember{4, "h3", false}, 1);
  ASSERT_TRUE(next.ok());
  EXPECT_EQ(FindMember(*next, 3), nullptr);
  EXPECT_TRUE(FindMember(*next, 4)->learner());
  EXPECT_TRUE(FindMember(*next, 4)->promote());
  EXPECT_EQ(ChangedConfiguration(Members({1, 2, 3}), AddMember{4, "h1", false}, 1).status().code(),
            StatusCode::kAlreadyExists);
}

TEST(MembershipTest, AChangeThatIsMadeAlreadyChangesNothing) {
  const Configuration current = Members({1, 2});
  for (const MemberChange& change :
       {MemberChange(AddMember{2, "h2", true}), MemberChange(PromoteMember{2}),
        MemberChange(MoveMember{2, "h2"}), MemberChange(UninviteMember{"h9"})}) {
    const auto next = ChangedConfiguration(current, change, 1);
    ASSERT_TRUE(next.ok()) << next.status();
    EXPECT_EQ(ConfigurationBytes(*next), ConfigurationBytes(current));
  }
}

}  // namespace
}  // namespace meseta::log
