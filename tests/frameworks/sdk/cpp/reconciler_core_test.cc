// Every task is asked for until it has an answer, and never too many at once.
#include "frameworks/sdk/cpp/reconciler_core.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace meseta::sdk {
namespace {

constexpr Time kStart = Time::FromNanos(1'000'000'000);

ReconcilerCore::Options Small() {
  ReconcilerCore::Options options;
  options.chunk = 10;
  options.window = 2;
  options.implicit_interval = Duration::Minutes(10);
  return options;
}

std::vector<ReconcilerCore::Task> Tasks(int count) {
  std::vector<ReconcilerCore::Task> tasks;
  for (int i = 0; i < count; ++i) {
    tasks.push_back({"t" + std::to_string(1000 + i), i % 2 == 0 ? "a" : ""});
  }
  return tasks;
}

v1::TaskStatus StatusOf(const std::string& id) {
  v1::TaskStatus status;
  status.mutable_task_id()->set_value(id);
  status.set_state(v1::TASK_RUNNING);
  return status;
}

std::vector<std::string> Asked(const ReconcilerCore::Effects& effects) {
  std::vector<std::string> ids;
  for (const auto& call : effects.send) {
    for (const auto& task : call.reconcile().tasks()) ids.push_back(task.task_id().value());
  }
  return ids;
}

TEST(ReconcilerCoreTest, NothingToAskIsAnsweredAtOnce) {
  ReconcilerCore core(Small(), Rng(1));
  const auto effects = core.Start({}, kStart);
  EXPECT_TRUE(effects.all_answered);
  EXPECT_TRUE(effects.send.empty());
  EXPECT_EQ(effects.wake_at, kStart + Duration::Minutes(10));
}

TEST(ReconcilerCoreTest, ChunksFollowAsAnswersCome) {
  ReconcilerCore core(Small(), Rng(1));
  auto effects = core.Start(Tasks(25), kStart);
  ASSERT_EQ(effects.send.size(), 2u);  // The window.
  EXPECT_EQ(effects.send[0].reconcile().tasks_size(), 10);
  EXPECT_EQ(effects.send[0].reconcile().tasks(0).agent_id().value(), "a");
  EXPECT_FALSE(effects.send[0].reconcile().tasks(1).has_agent_id());
  std::vector<std::string> ids = Asked(effects);
  size_t later = 0;
  for (size_t i = 0; i < ids.size(); ++i) {
    const auto answered = core.Handle(StatusOf(ids[i]), kStart);
    EXPECT_TRUE(answered.answered);
    for (const std::string& id : Asked(answered)) {
      EXPECT_EQ(i, 9u);  // The first chunk has given its place.
      ids.push_back(id);
      ++later;
    }
    EXPECT_EQ(answered.all_answered, i == 24);
  }
  EXPECT_EQ(later, 5u);
  EXPECT_EQ(core.waiting(), 0u);
}

TEST(ReconcilerCoreTest, SilentTasksDoNotHoldUpTheOthers) {
  ReconcilerCore core(Small(), Rng(1));
  auto effects = core.Start(Tasks(30), kStart);
  EXPECT_EQ(Asked(effects).size(), 20u);
  EXPECT_EQ(effects.wake_at, kStart + Duration::Seconds(1));
  effects = core.Tick(kStart + Duration::Seconds(1));
  EXPECT_EQ(Asked(effects).size(), 10u);
}

TEST(ReconcilerCoreTest, UnansweredOnesAreAskedForAgainAndLess) {
  ReconcilerCore core(Small(), Rng(1));
  auto effects = core.Start(Tasks(1), kStart);
  ASSERT_EQ(Asked(effects).size(), 1u);
  Duration last;
  Time now = kStart;
  for (int round = 0; round < 8; ++round) {
    ASSERT_TRUE(effects.wake_at.has_value());
    const Duration wait = *effects.wake_at - now;
    EXPECT_GE(wait, std::min(last, Duration::Seconds(40)));
    EXPECT_LE(wait, Duration::Minutes(1));
    last = wait;
    now = *effects.wake_at;
    effects = core.Tick(now);
    EXPECT_EQ(Asked(effects).size(), 1u) << round;
  }
  EXPECT_TRUE(core.Handle(StatusOf("t1000"), now).all_answered);
}

TEST(ReconcilerCoreTest, AnyUpdateIsAnAnswerOnceAndStrangersAreNone) {
  ReconcilerCore core(Small(), Rng(1));
  (void)core.Start(Tasks(2), kStart);
  EXPECT_FALSE(core.Handle(StatusOf("stranger"), kStart).answered);
  EXPECT_TRUE(core.Waits("t1000"));
  EXPECT_TRUE(core.Handle(StatusOf("t1000"), kStart).answered);
  EXPECT_FALSE(core.Waits("t1000"));
  EXPECT_FALSE(core.Handle(StatusOf("t1000"), kStart).answered);
  const auto forgotten = core.Forget("t1001", kStart);
  EXPECT_FALSE(forgotten.answered);
  EXPECT_TRUE(forgotten.all_answered);
}

TEST(ReconcilerCoreTest, ImplicitReconciliationRepeats) {
  ReconcilerCore core(Small(), Rng(1));
  auto effects = core.Start({}, kStart);
  for (int round = 1; round <= 3; ++round) {
    const Time now = kStart + Duration::Minutes(10) * round;
    ASSERT_EQ(effects.wake_at, now);
    EXPECT_TRUE(core.Tick(now - Duration::Seconds(1)).send.empty());
    effects = core.Tick(now);
    ASSERT_EQ(effects.send.size(), 1u);
    EXPECT_EQ(effects.send[0].reconcile().tasks_size(), 0);
    EXPECT_FALSE(effects.all_answered);
  }
  core.Stop();
  EXPECT_TRUE(core.Tick(kStart + Duration::Hours(1)).send.empty());
}

TEST(ReconcilerCoreTest, AnswersOfTheSessionBeforeCountForNothing) {
  ReconcilerCore core(Small(), Rng(1));
  (void)core.Start(Tasks(3), kStart);
  (void)core.Handle(StatusOf("t1000"), kStart);
  core.Stop();
  EXPECT_FALSE(core.Handle(StatusOf("t1001"), kStart).answered);
  const auto effects = core.Start(Tasks(3), kStart);
  EXPECT_EQ(Asked(effects).size(), 3u);
}

}  // namespace
}  // namespace meseta::sdk
