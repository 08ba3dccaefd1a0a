// Reconcile: the bounds as numbers, and every small state of one app. The conversations in testdata
// tell the stories.
#include "frameworks/services/deploy/reconcile.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/frameworks/services/deploy/builders.h"

namespace meseta::services {
namespace {

std::shared_ptr<AppSpec> Rolling(uint32_t instances, double min, double over) {
  auto app = App("/a", instances, 2);
  app->mutable_upgrade_strategy()->set_minimum_health_capacity(min);
  app->mutable_upgrade_strategy()->set_maximum_over_capacity(over);
  return app;
}

TEST(ReconcileTest, Capacities) {
  struct Row {
    uint32_t instances;
    double min;
    double over;
    uint32_t min_healthy;
    uint32_t max_active;
  };
  for (const Row& row : std::vector<Row>{
           {4, 1, 1, 4, 8},     {4, .5, 0, 2, 4},    {4, 0, 0, 0, 4},       {4, 1, 0, 4, 5},
           {1, 1, 1, 1, 2},     {1, .5, 0, 1, 2},    {1, 0, 0, 0, 1},       {1, 1, 0, 1, 2},
           {3, .5, .5, 2, 4},   {5, .25, .1, 2, 5},  {10, .9, .1, 9, 11},   {100, .55, 0, 55, 100},
           {100, .5, .15, 50, 115}, {0, 1, 1, 0, 1}}) {
    const Capacity capacity = CapacityOf(*Rolling(0, row.min, row.over), row.instances);
    EXPECT_EQ(capacity.min_healthy, row.min_healthy) << row.instances << " " << row.min;
    EXPECT_EQ(capacity.max_active, row.max_active) << row.instances << " " << row.over;
  }
}

TEST(ReconcileTest, WithoutAnAppNothingStays) {
  AppGoal goal;
  goal.mode = AppGoal::Mode::kStop;
  auto dying = One("2");
  dying->set_kill_wanted(true);
  const AppDecision decision = Reconcile(goal, {One("1"), dying}, 0);
  EXPECT_EQ(decision.kill, (Ids{"1"}));
  EXPECT_FALSE(decision.done);
  EXPECT_TRUE(Reconcile(goal, {}, 0).done);
}

TEST(ReconcileTest, ADyingInstanceKeepsItsPlaceUntilItIsGivenUp) {
  const AppGoal goal{AppGoal::Mode::kKeep, App("/a", 2), 2, {}};
  auto dying = One("2");
  dying->set_kill_wanted(true);
  EXPECT_EQ(Reconcile(goal, {One("1"), dying}, 0).launch, 0U);
  dying->set_condition(Instance::UNREACHABLE);
  EXPECT_EQ(Reconcile(goal, {One("1"), dying}, 0).launch, 0U);
  dying->set_condition(Instance::UNREACHABLE_INACTIVE);
  EXPECT_EQ(Reconcile(goal, {One("1"), dying}, 0).launch, 1U);
}

TEST(ReconcileTest, AnInstanceThatIsBackIsSurplus) {
  const AppGoal goal{AppGoal::Mode::kKeep, App("/a", 1), 1, {}};
  const auto away = One("1", 1, Instance::UNREACHABLE_INACTIVE);
  EXPECT_EQ(Reconcile(goal, {away}, 0).launch, 1U);
  EXPECT_TRUE(Reconcile(goal, {away, One("2")}, 0).kill.empty());
  EXPECT_EQ(Reconcile(goal, {One("1"), One("2")}, 0).kill.size(), 1U);
}

TEST(ReconcileTest, OfOldOnesTheUnhealthyGoFirstAndThenThoseOfWhichNothingIsKnown) {
  const AppGoal goal{AppGoal::Mode::kRestart, Rolling(4, .25, 0), 4, {}};
  auto healthy = One("1");
  healthy->set_healthy(true);
  auto ill = One("2");
  ill->set_healthy(false);
  const auto unknown = One("3");
  const auto away = One("4", 1, Instance::UNREACHABLE);
  AppDecision decision = Reconcile(goal, {healthy, ill, unknown, away}, 0);
  std::sort(decision.kill.begin(), decision.kill.end());
  EXPECT_EQ(decision.kill, (Ids{"2", "3", "4"}));
}

TEST(ReconcileTest, AnOldOneThatWasGivenUpIsKilledAndAwaited) {
  const AppGoal goal{AppGoal::Mode::kRestart, Rolling(1, 1, 1), 1, {}};
  const auto away = One("1", 1, Instance::UNREACHABLE_INACTIVE);
  EXPECT_EQ(Reconcile(goal, {away, One("2", 2)}, 0).kill, (Ids{"1"}));
  EXPECT_FALSE(Reconcile(goal, {away, One("2", 2)}, 0).done);
  EXPECT_TRUE(Reconcile(goal, {One("2", 2)}, 0).done);
}

// All states of up to six instances of an upgrade, each in one of eight conditions: the bounds hold
// after the kills and launches, deciding twice is the same as once, and if all is well and nothing is
// left to decide, it is done.
class EveryStateTest : public testing::TestWithParam<std::pair<double, double>> {};

InstancePtr InState(size_t index, int state) {
  auto one = One(std::to_string(index), state % 2 == 0 ? 1 : 2);
  switch (state / 2) {
    case 0: one->set_healthy(true); break;
    case 1: one->set_healthy(false); break;
    case 2: one->set_condition(Instance::STAGING); break;
    default: one->set_kill_wanted(true); break;
  }
  return one;
}

uint32_t Good(const std::vector<InstancePtr>& all) {
  return static_cast<uint32_t>(std::count_if(all.begin(), all.end(), [](const InstancePtr& one) {
    return one->healthy() && !one->kill_wanted();
  }));
}

void ExpectSound(const AppGoal& goal, const std::vector<InstancePtr>& before) {
  const AppDecision decision = Reconcile(goal, before, 0);
  std::vector<InstancePtr> after;
  for (const InstancePtr& one : before) {
    auto copy = std::make_shared<Instance>(*one);
    const auto killed = std::find(decision.kill.begin(), decision.kill.end(), one->id());
    if (killed != decision.kill.end()) {
      ASSERT_FALSE(copy->kill_wanted());
      copy->set_kill_wanted(true);
    }
    after.push_back(std::move(copy));
  }
  const Capacity capacity = CapacityOf(*goal.app, goal.target);
  ASSERT_GE(Good(after), std::min(Good(before), capacity.min_healthy));
  if (decision.launch > 0) {
    ASSERT_LE(after.size() + decision.launch, capacity.max_active);
  }
  const AppDecision again = Reconcile(goal, after, 0);
  ASSERT_TRUE(again.kill.empty());
  ASSERT_EQ(again.launch, decision.launch);

  const bool waits = std::any_of(after.begin(), after.end(), [](const InstancePtr& one) {
    return one->kill_wanted() || (one->config_version() == 2 && !one->healthy());
  });
  if (!waits) {
    ASSERT_TRUE(decision.done || decision.launch > 0) << "stuck";
  }
  if (decision.done) {
    ASSERT_EQ(decision.good, goal.target);
    for (const InstancePtr& one : before) ASSERT_EQ(one->config_version(), 2);
  }
}

TEST_P(EveryStateTest, IsSound) {
  const auto [min, over] = GetParam();
  for (uint32_t target = 0; target <= 4; ++target) {
    auto app = Rolling(target, min, over);
    app->add_health_checks();
    const AppGoal goal{AppGoal::Mode::kRestart, app, target, {}};
    for (size_t count = 0; count <= 5; ++count) {
      // States are interchangeable between instances: only non-decreasing sequences.
      std::vector<int> states(count, 0);
      while (true) {
        std::vector<InstancePtr> instances;
        for (size_t i = 0; i < count; ++i) instances.push_back(InState(i, states[i]));
        ASSERT_NO_FATAL_FAILURE(ExpectSound(goal, instances));
        size_t digit = count;
        while (digit > 0 && states[digit - 1] == 7) --digit;
        if (digit == 0) break;
        const int next = states[digit - 1] + 1;
        for (size_t i = digit - 1; i < count; ++i) states[i] = next;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Strategies, EveryStateTest,
                         testing::Values(std::pair(1.0, 1.0), std::pair(1.0, 0.0),
                                         std::pair(.5, 0.0), std::pair(.5, .5),
                                         std::pair(0.0, 0.0), std::pair(0.0, 1.0),
                                         std::pair(.25, .25)));

}  // namespace
}  // namespace meseta::services
