// LeadershipCore: elections, failed beginnings, failed terms, and what ended attempts still say.
#include "state/leadership/leadership_core.h"

#include <gtest/gtest.h>

namespace meseta::leadership {
namespace {

using Phase = LeadershipCore::Phase;

LogRole Leads(uint64_t term) { return {.leading = true, .term = term, .leader = "a:1"}; }
LogRole Follows(uint64_t term, std::optional<std::string> leader) {
  LogRole role;
  role.term = term;
  role.leader = std::move(leader);
  if (!role.leader) role.waits_for = "Two of three masters do not answer";
  return role;
}
Time At(int ms) { return Time() + Duration::Millis(ms); }

struct Led {
  LeadershipCore core{"master"};
  Led() {
    EXPECT_EQ(core.RoleChanged(Leads(3)).barrier, 3u);
    EXPECT_EQ(core.Opened(core.attempt(), OkStatus(), At(1)).build, 3u);
  }
};

TEST(LeadershipCoreTest, BuildsATermOnlyBehindItsBarrier) {
  LeadershipCore core{"master"};
  EXPECT_EQ(core.waits_for(), "The masters elect a leader");
  auto effects = core.RoleChanged(Leads(3));
  EXPECT_EQ(effects.barrier, 3u);
  EXPECT_FALSE(effects.build || effects.end || effects.tell_followers);
  EXPECT_EQ(core.phase(), Phase::kOpening);
  EXPECT_NE(core.waits_for(), "");
  EXPECT_EQ(core.other_leader(), std::nullopt);  // Never a redirect to itself.
  effects = core.Opened(core.attempt(), OkStatus(), At(1));
  EXPECT_EQ(effects.build, 3u);
  EXPECT_EQ(core.phase(), Phase::kLeading);
  EXPECT_EQ(core.waits_for(), "");
}

TEST(LeadershipCoreTest, LosingTheRoleEndsTheTermAndTellsAgents) {
  Led led;
  auto effects = led.core.RoleChanged(Follows(4, std::nullopt));
  EXPECT_TRUE(effects.end && effects.tell_followers);
  EXPECT_EQ(led.core.phase(), Phase::kStandby);
  EXPECT_EQ(led.core.waits_for(), "Two of three masters do not answer");
  effects = led.core.RoleChanged(Follows(4, "b:1"));
  EXPECT_TRUE(effects.tell_followers);
  EXPECT_FALSE(effects.end);
  EXPECT_EQ(led.core.other_leader(), "b:1");
  EXPECT_FALSE(led.core.RoleChanged(Follows(5, "b:1")).tell_followers);  // Nothing new to them.
}

TEST(LeadershipCoreTest, ANewTermOfOurOwnStartsOver) {
  Led led;
  const auto effects = led.core.RoleChanged(Leads(5));
  EXPECT_TRUE(effects.end && effects.tell_followers);
  EXPECT_EQ(effects.barrier, 5u);
}

TEST(LeadershipCoreTest, TheSameRoleAgainChangesNothing) {
  Led led;
  const auto effects = led.core.RoleChanged(Leads(3));
  EXPECT_FALSE(effects.end || effects.barrier || effects.build || effects.tell_followers);
  EXPECT_EQ(led.core.phase(), Phase::kLeading);
}

TEST(LeadershipCoreTest, AFailedTermHandsOverAndStartsOverAfterAPause) {
  Led led;
  auto effects = led.core.Failed(led.core.attempt(), "the disk is full", At(10));
  EXPECT_TRUE(effects.end && effects.hand_over && effects.tell_followers);
  ASSERT_EQ(effects.wake_at, At(10) + LeadershipCore::kRetry);
  EXPECT_NE(led.core.waits_for().find("the disk is full"), std::string::npos);
  EXPECT_FALSE(led.core.Tick(At(11)).barrier);
  effects = led.core.Tick(*effects.wake_at);
  EXPECT_EQ(effects.barrier, 3u);
  EXPECT_EQ(led.core.Opened(led.core.attempt(), OkStatus(), At(1011)).build, 3u);
}

TEST(LeadershipCoreTest, AnUnknownOutcomeOfTheBarrierIsTriedAnew) {
  LeadershipCore core{"master"};
  (void)core.RoleChanged(Leads(3));
  const auto effects = core.Opened(core.attempt(), DeadlineExceeded("unknown"), At(1));
  EXPECT_FALSE(effects.build);
  EXPECT_TRUE(effects.hand_over);
  EXPECT_EQ(core.Tick(*effects.wake_at).barrier, 3u);
}

TEST(LeadershipCoreTest, WhatAnEndedAttemptSaysIsIgnored) {
  LeadershipCore core{"master"};
  (void)core.RoleChanged(Leads(3));
  const uint64_t first = core.attempt();
  (void)core.RoleChanged(Follows(3, "b:1"));
  EXPECT_FALSE(core.Opened(first, OkStatus(), At(2)).build);
  (void)core.RoleChanged(Leads(4));
  EXPECT_FALSE(core.Opened(first, OkStatus(), At(4)).build);
  EXPECT_EQ(core.Opened(core.attempt(), OkStatus(), At(5)).build, 4u);
  EXPECT_FALSE(core.Failed(first, "late", At(6)).end);
  EXPECT_EQ(core.phase(), Phase::kLeading);
}

TEST(LeadershipCoreTest, LosingTheRoleWhilePausingForgetsTheAttempt) {
  Led led;
  const auto effects = led.core.Failed(led.core.attempt(), "why", At(10));
  (void)led.core.RoleChanged(Follows(4, "b:1"));
  EXPECT_FALSE(led.core.Tick(*effects.wake_at).barrier);
  EXPECT_EQ(led.core.phase(), Phase::kStandby);
}

}  // namespace
}  // namespace meseta::leadership
