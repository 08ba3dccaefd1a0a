// Goal: addresses, clocks, entropy and the restart budget.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "actors/runtime/address.h"
#include "actors/runtime/clock.h"
#include "actors/runtime/entropy.h"
#include "actors/runtime/supervision.h"

namespace meseta::runtime {
namespace {

TEST(ActorAddressTest, ReadsAndWrites) {
  for (const char* text : {"master@10.0.0.1:5050", "slave(1)@host.example.org:5051",
                           "scheduler-0b9e@[::1]:65535", "log-replica(1)@h:1"}) {
    const Result<ActorAddress> address = ActorAddress::Parse(text);
    ASSERT_TRUE(address.ok()) << address.status();
    EXPECT_EQ(address->ToString(), text);
  }
  const ActorAddress v6 = *ActorAddress::Parse("m@[fe80::1]:5050");
  EXPECT_EQ(v6.name, "m");
  EXPECT_EQ(v6.host, "fe80::1");
  EXPECT_EQ(v6.port, 5050);
  EXPECT_EQ(v6.HostPort(), "[fe80::1]:5050");
}

TEST(ActorAddressTest, RefusesOthers) {
  for (const char* text :
       {"", "@", ":", "master", "master@host", "@host:1", "m@:1", "m@h:", "m@h:0", "m@h:65536",
        "m@h:1x", "m@::1:5050", "m@[h]:1", "m@[::1:1", "a b@h:1", "m@h@g:1", "h:1@m"}) {
    EXPECT_EQ(ActorAddress::Parse(text).status().code(), StatusCode::kInvalidArgument) << text;
  }
}

RC_GTEST_PROP(ActorAddressProperty, AnyBytesAreRefusedOrReadBack, (const std::string& text)) {
  const Result<ActorAddress> address = ActorAddress::Parse(text);
  if (address.ok()) RC_ASSERT(*ActorAddress::Parse(address->ToString()) == *address);
}

TEST(ClockTest, ManualClockMovesWhenTold) {
  ManualClock clock;
  const Now before = clock.Both();
  clock.Advance(Duration::Seconds(3));
  EXPECT_EQ(clock.Mono() - before.mono, Duration::Seconds(3));
  EXPECT_EQ(clock.Wall() - before.wall, Duration::Seconds(3));
}

TEST(ClockTest, RealClockGoesOn) {
  const Clock& clock = RealClock::Get();
  const Time first = clock.Mono();
  EXPECT_GE(clock.Mono(), first);
  EXPECT_GT(clock.Wall(), ManualClock::kWallStart - Duration::Days(3650));
}

TEST(EntropyTest, DrawsDiffer) {
  EXPECT_NE(EntropySeed(), EntropySeed());
  EXPECT_EQ(SecureBytes(33).size(), 33u);
  EXPECT_NE(SecureBytes(16), SecureBytes(16));
}

TEST(RestartBudgetTest, BacksOffThenGivesUpThenForgets) {
  RestartBudget budget(OnFailure::kRestart);
  Time now = Time::FromNanos(1);
  Duration last;
  for (size_t i = 0; i < kMaxRestarts; ++i) {
    const std::optional<Duration> delay = budget.Failed(now);
    ASSERT_TRUE(delay.has_value());
    EXPECT_GT(*delay, last);
    EXPECT_LE(*delay, kMaxRestartDelay);
    last = *delay;
  }
  EXPECT_EQ(budget.Failed(now), std::nullopt);
  now = now + kRestartWindow;
  EXPECT_EQ(budget.Failed(now), kFirstRestartDelay);
}

TEST(RestartBudgetTest, FatalHasNone) {
  EXPECT_EQ(RestartBudget(OnFailure::kFatal).Failed(Time()), std::nullopt);
}

}  // namespace
}  // namespace meseta::runtime
