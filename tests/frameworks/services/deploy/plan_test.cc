// Plans of large and awkward catalogs. What plans look like is in testdata/plan_steps.txt.
#include "frameworks/services/deploy/plan.h"

#include <gtest/gtest.h>

#include "tests/frameworks/services/deploy/builders.h"

namespace meseta::services {
namespace {

internal::DeploymentRecord PlanOf(const Catalog& before, const Catalog& after) {
  return MakePlan({before, after, ChangedApps(before, after), {}, "id", 2, 5});
}

TEST(PlanTest, NoDifferenceIsNoStep) {
  Catalog catalog;
  catalog.PutApp(App("/a", 1));
  const auto plan = PlanOf(catalog, catalog);
  EXPECT_EQ(plan.steps_size(), 0);
  EXPECT_EQ(plan.changes_size(), 0);
  EXPECT_EQ(plan.started_at(), 5);
}

TEST(PlanTest, AChainAsLongAsTheCatalogHasAStepForEach) {
  constexpr int kApps = 3'000;
  Catalog before;
  Catalog after;
  for (int i = 0; i < kApps; ++i) {
    auto app = App("/a" + std::to_string(i), 1);
    if (i + 1 < kApps) app->add_dependencies("/a" + std::to_string(i + 1));
    after.PutApp(app);
  }
  const auto plan = PlanOf(before, after);
  ASSERT_EQ(plan.steps_size(), kApps + 1);  // And the one that starts them.
  EXPECT_EQ(plan.steps(1).actions(0).app(), "/a" + std::to_string(kApps - 1));
  EXPECT_EQ(plan.steps(kApps).actions(0).app(), "/a0");
}

TEST(PlanTest, GroupsThatDependOnGroupsCostNoProduct) {
  constexpr int kApps = 500;
  Catalog after;
  Path last;
  for (int group = 0; group < 10; ++group) {
    const Path path = "/g" + std::to_string(group);
    auto spec = std::make_shared<GroupSpec>();
    spec->set_id(path);
    if (!last.empty()) spec->add_dependencies(last);
    after.PutGroup(spec);
    for (int i = 0; i < kApps; ++i) after.PutApp(App(path + "/a" + std::to_string(i), 1));
    last = path;
  }
  const auto plan = PlanOf(Catalog(), after);
  ASSERT_EQ(plan.steps_size(), 11);
  for (int i = 1; i < 11; ++i) EXPECT_EQ(plan.steps(i).actions_size(), kApps);
}

TEST(PlanTest, AnUnchangedAppBetweenTwoChangedOnesKeepsTheirOrder) {
  Catalog before;
  auto bottom = App("/bottom", 1);
  auto middle = App("/middle", 1);
  auto top = App("/top", 1);
  middle->add_dependencies("/bottom");
  top->add_dependencies("/middle");
  before.PutApp(bottom);
  before.PutApp(middle);
  before.PutApp(top);
  Catalog after = before;
  auto bottom2 = std::make_shared<AppSpec>(*bottom);
  bottom2->set_last_config_change_at(2);
  auto top2 = std::make_shared<AppSpec>(*top);
  top2->set_last_config_change_at(2);
  after.PutApp(bottom2);
  after.PutApp(top2);
  const auto plan = PlanOf(before, after);
  ASSERT_EQ(plan.steps_size(), 2);
  EXPECT_EQ(plan.steps(0).actions(0).app(), "/bottom");
  EXPECT_EQ(plan.steps(1).actions(0).app(), "/top");
}

TEST(PlanTest, CyclesAreSeenThroughGroups) {
  Catalog catalog;
  auto a = App("/x/a", 1);
  a->add_dependencies("/y");
  auto b = App("/y/b", 1);
  catalog.PutApp(a);
  catalog.PutApp(b);
  EXPECT_FALSE(HasCycle(catalog, {"/x/a", "/y/b"}));
  auto y = std::make_shared<GroupSpec>();
  y->set_id("/y");
  y->add_dependencies("/x");
  catalog.PutGroup(y);
  EXPECT_TRUE(HasCycle(catalog, {"/x/a"}));
  EXPECT_TRUE(HasCycle(catalog, {"/y/b"}));
}

TEST(PlanTest, ADependencyOnOnesOwnGroupIsACycle) {
  Catalog catalog;
  auto a = App("/x/a", 1);
  a->add_dependencies("/x");
  catalog.PutApp(a);
  EXPECT_TRUE(HasCycle(catalog, {"/x/a"}));
}

TEST(PlanTest, NamesOfTheApi) {
  EXPECT_EQ(ActionName(internal::DeploymentAction::START), "StartApplication");
  EXPECT_EQ(ActionName(internal::DeploymentAction::STOP), "StopApplication");
  EXPECT_EQ(ActionName(internal::DeploymentAction::SCALE), "ScaleApplication");
  EXPECT_EQ(ActionName(internal::DeploymentAction::RESTART), "RestartApplication");
}

}  // namespace
}  // namespace meseta::services
