// Goal: when which address is tried. Method: virtual time.
#include "actors/net/dial_core.h"

#include <gtest/gtest.h>

namespace meseta::net {
namespace {

constexpr Time kStart = Time::FromNanos(1'000'000'000);

TEST(DialCoreTest, TriesAddressesInTurnThenPauses) {
  DialCore core({"a", "b", "c"}, Rng(1));
  for (const char* address : {"a", "b", "c"}) {
    EXPECT_EQ(core.Poll(kStart), address);
    EXPECT_EQ(core.Poll(kStart), std::nullopt);  // One attempt at a time.
    EXPECT_EQ(core.wake_at(), Time::Max());
    core.Failed(kStart);
  }
  EXPECT_EQ(core.Poll(kStart), std::nullopt);
  EXPECT_GE(core.wake_at(), kStart + kMinBackoff / 2);
  EXPECT_LE(core.wake_at(), kStart + kMinBackoff);
  EXPECT_EQ(core.Poll(core.wake_at()), "a");
}

TEST(DialCoreTest, BackoffDoublesToItsMaximumWithJitter) {
  DialCore core({"a"}, Rng(7));
  Time now = kStart;
  Duration expected = kMinBackoff;
  bool jittered = false;
  for (int i = 0; i < 40; ++i) {
    ASSERT_EQ(core.Poll(now), "a");
    core.Failed(now);
    const Duration pause = core.wake_at() - now;
    EXPECT_GE(pause, expected / 2);
    EXPECT_LE(pause, expected);
    jittered |= pause != expected;
    expected = std::min(expected * 2, kMaxBackoff);
    now = core.wake_at();
  }
  EXPECT_EQ(expected, kMaxBackoff);
  EXPECT_TRUE(jittered);
}

TEST(DialCoreTest, AStableLinkResetsThePause) {
  DialCore core({"a", "b"}, Rng(3));
  Time now = kStart;
  for (int i = 0; i < 20; ++i) {
    (void)core.Poll(now);
    core.Failed(now);
    now = std::max(now, core.wake_at());
  }
  ASSERT_TRUE(core.Poll(now));
  core.Up(now);
  now = now + kStableAfter;
  core.Failed(now);
  EXPECT_LE(core.wake_at() - now, kMinBackoff);
  EXPECT_EQ(core.Poll(core.wake_at()), "a");  // Starts over with the first.
}

TEST(DialCoreTest, AFlappingPeerIsNotHammered) {
  DialCore core({"a"}, Rng(3));
  Time now = kStart;
  Duration last;
  for (int i = 0; i < 12; ++i) {
    ASSERT_TRUE(core.Poll(now));
    core.Up(now);
    now = now + Duration::Millis(1);
    core.Failed(now);
    last = core.wake_at() - now;
    now = core.wake_at();
  }
  EXPECT_GE(last, kMaxBackoff / 2);
}

TEST(DialCoreTest, StrayEventsChangeNothing) {
  DialCore core({"a"}, Rng(3));
  core.Up(kStart);
  core.Failed(kStart);
  EXPECT_EQ(core.Poll(kStart), "a");
}

}  // namespace
}  // namespace meseta::net
