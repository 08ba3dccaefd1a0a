#include "actors/base/timer_queue.h"

#include <gtest/gtest.h>

#include <string>

namespace meseta {
namespace {

Time At(int64_t n) { return Time::FromNanos(n); }

TEST(TimerQueueTest, DueOnesComeInOrderOfTimeThenOfSetting) {
  TimerQueue<std::string> timers;
  EXPECT_EQ(timers.Next(), std::nullopt);
  timers.Set("c", At(3));
  timers.Set("b", At(2));
  timers.Set("a", At(2));
  EXPECT_EQ(timers.Next(), At(2));
  EXPECT_EQ(timers.TakeDue(At(1)), std::nullopt);
  EXPECT_EQ(timers.TakeDue(At(2)), "b");
  EXPECT_EQ(timers.TakeDue(At(2)), "a");
  EXPECT_EQ(timers.TakeDue(At(2)), std::nullopt);
  EXPECT_EQ(timers.TakeDue(At(9)), "c");
  EXPECT_EQ(timers.size(), 0u);
}

TEST(TimerQueueTest, SettingReplacesAndCancelRemoves) {
  TimerQueue<int> timers;
  timers.Set(1, At(5));
  timers.Set(1, At(7));
  EXPECT_EQ(timers.size(), 1u);
  EXPECT_EQ(timers.At(1), At(7));
  EXPECT_TRUE(timers.Cancel(1));
  EXPECT_FALSE(timers.Cancel(1));
  EXPECT_EQ(timers.Next(), std::nullopt);
  EXPECT_EQ(timers.At(1), std::nullopt);
}

}  // namespace
}  // namespace meseta
