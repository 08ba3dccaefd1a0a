#include "agent/leader_core.h"

#include <gtest/gtest.h>

namespace meseta::agent {
namespace {

using Step = LeaderCore::Step;
constexpr Step::Kind kRegister = Step::Kind::kRegister;
constexpr Step::Kind kAsk = Step::Kind::kAsk;

class LeaderCoreTest : public testing::Test {
 protected:
  explicit LeaderCoreTest(std::vector<std::string> masters = {"a:1", "b:1", "c:1"})
      : core_(std::move(masters)) {}

  void Up(MasterLink link, const std::string& address) { core_.Up(link, address, now_, rng_); }
  void Down(MasterLink link) { core_.Down(link, now_, rng_); }
  void Leads(MasterLink link) { core_.Leads(link, now_, rng_); }
  void Not(MasterLink link, const std::string& leader = "") {
    core_.DoesNotLead(link, leader, now_, rng_);
  }
  std::optional<Step> Poll() { return core_.Poll(now_, rng_); }
  // The next step, and when.
  std::optional<Step> Next(Duration* after = nullptr) {
    const Time before = now_;
    if (auto step = Poll()) {
      if (after != nullptr) *after = Duration();
      return step;
    }
    if (!core_.wake_at()) return std::nullopt;
    now_ = *core_.wake_at();
    if (after != nullptr) *after = now_ - before;
    return Poll();
  }
  // Registered on link 1 of three.
  void Settle() {
    Up(1, "a:1");
    Up(2, "b:1");
    Up(3, "c:1");
    Leads(1);
    EXPECT_EQ(Poll(), (Step{kRegister, 1}));
    core_.Registered();
    EXPECT_EQ(Poll(), std::nullopt);
  }

  LeaderCore core_;
  Time now_ = Time::FromNanos(1'000'000'000);
  Rng rng_{7};
};

class OneMaster : public LeaderCoreTest {
 protected:
  OneMaster() : LeaderCoreTest({"a:1"}) {}
};

TEST_F(OneMaster, IsRegisteredWithAtOnce) {
  EXPECT_EQ(core_.Dials(), (std::vector<std::string>{"a:1"}));
  Up(1, "a:1");
  EXPECT_EQ(Poll(), (Step{kRegister, 1}));
  Leads(1);
  EXPECT_EQ(Poll(), std::nullopt);
  Down(1);
  EXPECT_EQ(core_.wake_at(), std::nullopt);
  Up(2, "a:1");
  EXPECT_EQ(Poll(), (Step{kRegister, 2}));
}

TEST_F(OneMaster, ThatDoesNotLeadNamesOneThatIsDialed) {
  Up(1, "a:1");
  EXPECT_EQ(Poll(), (Step{kRegister, 1}));
  Not(1, "b:1");
  EXPECT_EQ(core_.Dials(), (std::vector<std::string>{"a:1", "b:1"}));
  EXPECT_EQ(core_.present(), std::nullopt);
  Up(2, "b:1");
  EXPECT_EQ(Poll(), (Step{kRegister, 2}));
}

TEST_F(LeaderCoreTest, WaitsForAMasterToSayThatItLeads) {
  Up(1, "a:1");
  EXPECT_EQ(Poll(), std::nullopt);
  Up(2, "b:1");
  Leads(2);
  EXPECT_EQ(Poll(), (Step{kRegister, 2}));
  EXPECT_EQ(core_.wake_at(), std::nullopt);
}

TEST_F(LeaderCoreTest, AsksInTurnWhenNobodySaysAnything) {
  Up(1, "a:1");
  Up(2, "b:1");
  Duration after;
  EXPECT_EQ(Next(&after), (Step{kAsk, 1}));
  EXPECT_GE(after, LeaderCore::kAskMin / 2);
  EXPECT_LE(after, LeaderCore::kAskMin);
  EXPECT_EQ(Next(), (Step{kAsk, 2}));
  EXPECT_EQ(Next(), (Step{kAsk, 1}));
  for (int i = 0; i < 20; ++i) Next(&after);
  EXPECT_LE(after, LeaderCore::kAskMax);
  EXPECT_GE(after, LeaderCore::kAskMax / 2);
}

TEST_F(LeaderCoreTest, GoesToANewLeaderWhileTheOldOneHangs) {
  Settle();
  Leads(3);
  Duration after;
  EXPECT_EQ(core_.present(), 1u);
  EXPECT_EQ(Next(&after), (Step{kRegister, 3}));
  EXPECT_LE(after, LeaderCore::kSpread);
  EXPECT_EQ(core_.present(), 3u);
  Down(1);  // Noticed at last.
  EXPECT_EQ(core_.present(), 3u);
  EXPECT_EQ(core_.wake_at(), std::nullopt);
}

TEST_F(LeaderCoreTest, AgentsDoNotComeAllAtOnce) {
  Duration least = LeaderCore::kSpread, most;
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    core_ = LeaderCore({"a:1", "b:1", "c:1"});
    rng_ = Rng(seed);
    Settle();
    Leads(2);
    Duration after;
    ASSERT_EQ(Next(&after), (Step{kRegister, 2}));
    least = std::min(least, after);
    most = std::max(most, after);
  }
  EXPECT_LT(least, LeaderCore::kSpread / 10);
  EXPECT_GT(most, LeaderCore::kSpread - LeaderCore::kSpread / 10);
}

TEST_F(LeaderCoreTest, HearsayDoesNotMakeItLeave) {
  Settle();
  Not(2, "c:1");
  EXPECT_EQ(core_.present(), 1u);
  EXPECT_EQ(core_.wake_at(), std::nullopt);
  Not(2, "d:1");  // But it will hear from that one itself.
  EXPECT_EQ(core_.Dials().back(), "d:1");
  EXPECT_EQ(core_.present(), 1u);
}

TEST_F(LeaderCoreTest, FollowsTheLeaderThatADeposedOneNames) {
  Settle();
  Not(1, "c:1");
  EXPECT_EQ(core_.present(), std::nullopt);
  EXPECT_EQ(Next(), (Step{kRegister, 3}));
  Duration first, later;
  Not(3, "b:1");
  EXPECT_EQ(Next(&first), (Step{kRegister, 2}));
  for (int i = 0; i < 10; ++i) {  // Two that name each other are not asked in a hot loop.
    Not(2, "c:1");
    EXPECT_EQ(Next(), (Step{kRegister, 3}));
    Not(3, "b:1");
    EXPECT_EQ(Next(&later), (Step{kRegister, 2}));
  }
  EXPECT_GT(later, Duration::Seconds(4));
  EXPECT_LT(later, Duration::Seconds(6));
}

TEST_F(LeaderCoreTest, ALeaderThatSaysSoIsNotKeptWaitingByEarlierHearsay) {
  Settle();
  Down(1);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(Next()->kind, kAsk);  // A long election.
  Not(2, "c:1");
  Not(3, "b:1");
  Leads(3);
  Duration after;
  EXPECT_EQ(Next(&after), (Step{kRegister, 3}));
  EXPECT_LE(after, LeaderCore::kSpread);
}

TEST_F(LeaderCoreTest, TheEndOfTheLeadersLinkMakesItAskTheOthers) {
  Settle();
  Down(1);
  EXPECT_EQ(core_.present(), std::nullopt);
  EXPECT_EQ(Next()->kind, kAsk);
  Leads(2);
  EXPECT_EQ(Next(), (Step{kRegister, 2}));
  core_.Registered();
  EXPECT_EQ(core_.wake_at(), std::nullopt);
}

TEST_F(LeaderCoreTest, APlannedRegistrationEndsWithItsLink) {
  Settle();
  Leads(2);
  Down(2);
  EXPECT_EQ(core_.present(), 1u);
  EXPECT_EQ(Next(), std::nullopt);
  Leads(2);  // Late, of a link that is gone.
  EXPECT_EQ(Next(), std::nullopt);
}

TEST_F(LeaderCoreTest, LearnsFewAddressesAndEachOnce) {
  Settle();
  const size_t listed = core_.Dials().size();
  Not(2, "a:1");
  EXPECT_EQ(core_.Dials().size(), listed);
  for (int i = 0; i < 10; ++i) {
    const std::string leader = "x" + std::to_string(i) + ":1";
    Not(2, leader);
    Not(3, leader);
    EXPECT_EQ(core_.Dials().back(), leader);
  }
  EXPECT_EQ(core_.Dials().size(), listed + LeaderCore::kMaxLearned);
  EXPECT_EQ(LeaderCore(std::vector<std::string>(100, "a:1")).Dials().size(), 1u);
}

}  // namespace
}  // namespace meseta::agent
