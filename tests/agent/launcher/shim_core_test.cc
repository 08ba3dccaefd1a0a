// Goal: the shim signals its task exactly as kill grace and max_completion_time say.
#include "agent/launcher/shim_core.h"

#include <gtest/gtest.h>

#include <csignal>

namespace meseta::shim {
namespace {

TEST(ShimCore, NothingIsDueWithoutLimitOrKill) {
  ShimCore core;
  core.Started(100, -1);
  EXPECT_EQ(core.wake_at(), kNever);
  EXPECT_EQ(core.Tick(1'000'000), 0);
  EXPECT_EQ(core.cause(), ExitCause::kSelf);
}

TEST(ShimCore, KillIsTermThenKillAfterTheGraceAndAgain) {
  ShimCore core;
  core.Started(0, -1);
  EXPECT_EQ(core.Kill(50, 100), SIGTERM);
  EXPECT_EQ(core.wake_at(), 150);
  EXPECT_EQ(core.Tick(149), 0);
  EXPECT_EQ(core.Tick(150), SIGKILL);
  EXPECT_EQ(core.wake_at(), 150 + kRepeatKillNs);
  EXPECT_EQ(core.Tick(150 + kRepeatKillNs), SIGKILL);
  EXPECT_EQ(core.cause(), ExitCause::kKilled);
}

TEST(ShimCore, LaterKillOnlyBringsTheEndNearer) {
  ShimCore core;
  core.Started(0, -1);
  EXPECT_EQ(core.Kill(100, 0), SIGTERM);
  EXPECT_EQ(core.Kill(1000, 10), 0);
  EXPECT_EQ(core.wake_at(), 100);
  EXPECT_EQ(core.Kill(20, 30), 0);
  EXPECT_EQ(core.wake_at(), 50);
  EXPECT_EQ(core.Kill(0, 40), SIGKILL);
}

TEST(ShimCore, NoGraceMeansKillAtOnce) {
  ShimCore core;
  core.Started(0, -1);
  EXPECT_EQ(core.Kill(0, 5), SIGKILL);
  EXPECT_EQ(core.cause(), ExitCause::kKilled);
}

TEST(ShimCore, NegativeAndHugeGracesAreBounded) {
  ShimCore core;
  core.Started(0, -1);
  EXPECT_EQ(core.Kill(kNever, 10), SIGTERM);
  EXPECT_EQ(core.wake_at(), kNever);
  EXPECT_EQ(core.Kill(-5, 20), SIGKILL);
}

TEST(ShimCore, MaxCompletionTimeKillsWithoutGrace) {
  ShimCore core;
  core.Started(100, 900);
  EXPECT_EQ(core.wake_at(), 1000);
  EXPECT_EQ(core.Tick(999), 0);
  EXPECT_EQ(core.Tick(1000), SIGKILL);
  EXPECT_EQ(core.cause(), ExitCause::kMaxCompletionTime);
  EXPECT_EQ(core.wake_at(), 1000 + kRepeatKillNs);
}

TEST(ShimCore, KillBeforeTheLimitIsAKill) {
  ShimCore core;
  core.Started(0, 1000);
  EXPECT_EQ(core.Kill(5000, 10), SIGTERM);
  EXPECT_EQ(core.Tick(1000), 0);
  EXPECT_EQ(core.cause(), ExitCause::kKilled);
  EXPECT_EQ(core.wake_at(), 5010);
}

}  // namespace
}  // namespace meseta::shim
