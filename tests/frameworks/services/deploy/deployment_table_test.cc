// DeploymentTable on its own: records that the disk may hold, deadlines, order. Its part in a
// deployment is in testdata.
#include "frameworks/services/deploy/deployment_table.h"

#include <gtest/gtest.h>

#include "frameworks/services/deploy/plan.h"
#include "tests/frameworks/services/deploy/builders.h"

namespace meseta::services {
namespace {

// Scales apps to 2, all in one step.
std::shared_ptr<internal::DeploymentRecord> Record(const std::string& id,
                                                   const std::vector<Path>& apps,
                                                   double patience = 0) {
  auto record = std::make_shared<internal::DeploymentRecord>();
  record->set_id(id);
  record->set_version(1);
  auto* step = record->add_steps();
  for (const Path& app : apps) {
    auto* action = step->add_actions();
    action->set_kind(internal::DeploymentAction::SCALE);
    action->set_app(app);
    action->set_scale_to(2);
    auto* change = record->add_changes();
    change->set_app(app);
    *change->mutable_after() = *App(app, 2);
    change->mutable_after()->set_progress_deadline_seconds(patience);
  }
  return record;
}

AppDecision Decision(uint32_t good, uint32_t left = 0, bool done = false) {
  AppDecision decision;
  decision.good = good;
  decision.left = left;
  decision.done = done;
  return decision;
}

TEST(DeploymentTableTest, AStepIsDoneWhenAllOfItsAppsHaveBeenOnce) {
  DeploymentTable table;
  auto progress = table.Start(Record("d", {"/a", "/b"}), 10);
  EXPECT_EQ(progress.changed.size(), 1U);
  EXPECT_EQ(table.Conflicts({"/b", "/c"}), (Ids{"d"}));
  EXPECT_TRUE(table.Decided("/a", Decision(2, 0, true), 11).succeeded.empty());
  EXPECT_TRUE(table.Decided("/a", Decision(1, 0, false), 12).succeeded.empty());
  EXPECT_TRUE(table.Decided("/c", Decision(1, 0, true), 12).succeeded.empty());
  progress = table.Decided("/b", Decision(2, 0, true), 13);
  ASSERT_EQ(progress.succeeded.size(), 1U);
  EXPECT_EQ(progress.steps_done.size(), 1U);
  EXPECT_EQ(table.size(), 0U);
  EXPECT_TRUE(table.Conflicts({"/a"}).empty());
}

TEST(DeploymentTableTest, AnEmptyPlanHasSucceededAtOnce) {
  DeploymentTable table;
  EXPECT_EQ(table.Start(Record("d", {}), 10).succeeded.size(), 1U);
  EXPECT_EQ(table.size(), 0U);
}

TEST(DeploymentTableTest, ProgressMovesTheDeadline) {
  DeploymentTable table;
  auto record = Record("d", {"/a"}, 10);
  record->set_last_progress_at(1'000);
  table.Start(record, 1'000);
  EXPECT_EQ(table.NextDeadlineMs(), 11'000);
  // What is seen first is where counting starts.
  EXPECT_TRUE(table.Decided("/a", Decision(1, 3), 2'000).changed.empty());
  auto progress = table.Decided("/a", Decision(2, 3), 3'000);
  ASSERT_EQ(progress.changed.size(), 1U);
  EXPECT_EQ(progress.changed[0]->last_progress_at(), 3'000);
  EXPECT_EQ(table.NextDeadlineMs(), 13'000);
  EXPECT_TRUE(table.Decided("/a", Decision(1, 3), 4'000).changed.empty());
  EXPECT_TRUE(table.Decided("/a", Decision(2, 3), 5'000).changed.empty());
  table.Decided("/a", Decision(2, 2), 6'000);
  EXPECT_EQ(table.NextDeadlineMs(), 16'000);

  EXPECT_TRUE(table.Tick(15'999).past_deadline.empty());
  EXPECT_EQ(table.Tick(16'000).past_deadline.size(), 1U);
  EXPECT_TRUE(table.Tick(17'000).past_deadline.empty());  // Told once.
  EXPECT_EQ(table.NextDeadlineMs(), std::nullopt);
  EXPECT_EQ(table.size(), 1U);
}

TEST(DeploymentTableTest, TheMostImpatientAppOfTheStepCounts) {
  DeploymentTable table;
  auto record = Record("d", {"/a", "/b", "/c"});
  record->mutable_changes(1)->mutable_after()->set_progress_deadline_seconds(30);
  record->mutable_changes(2)->mutable_after()->set_progress_deadline_seconds(20);
  table.Start(record, 0);
  EXPECT_EQ(table.NextDeadlineMs(), 20'000);
}

TEST(DeploymentTableTest, RecordsThatContradictEachOtherAreNotTaken) {
  DeploymentTable table;
  EXPECT_TRUE(table.Load(Record("d", {"/a"})));
  EXPECT_FALSE(table.Load(Record("d", {"/b"})));
  EXPECT_FALSE(table.Load(Record("e", {"/a", "/b"})));
  EXPECT_FALSE(table.Load(Record("f", {"/c", "/c"})));
  EXPECT_EQ(table.size(), 1U);
  EXPECT_TRUE(table.Load(Record("g", {"/b"})));
}

TEST(DeploymentTableTest, ARecordThatIsAtItsEndIsEndedByTheNextTick) {
  DeploymentTable table;
  auto record = Record("d", {"/a"});
  record->set_current_step(7);
  EXPECT_TRUE(table.Load(record));
  EXPECT_EQ(table.NextDeadlineMs(), 0);
  EXPECT_EQ(table.Tick(5).succeeded.size(), 1U);
  EXPECT_EQ(table.size(), 0U);
}

TEST(DeploymentTableTest, TheOldestIsListedFirst) {
  DeploymentTable table;
  for (const auto& [id, at] : std::vector<std::pair<std::string, int64_t>>{
           {"a", 30}, {"b", 10}, {"c", 20}}) {
    auto record = Record(id, {"/" + id});
    record->set_started_at(at);
    table.Start(record, at);
  }
  std::string order;
  for (const DeploymentPtr& one : table.All()) order += one->id();
  EXPECT_EQ(order, "bca");
}

TEST(DeploymentTableTest, GoalsFollowTheSteps) {
  DeploymentTable table;
  auto record = Record("d", {"/a"});
  auto* later = record->add_steps()->add_actions();
  later->set_kind(internal::DeploymentAction::RESTART);
  later->set_app("/b");
  auto* change = record->add_changes();
  change->set_app("/b");
  *change->mutable_before() = *App("/b", 3, 1);
  *change->mutable_after() = *App("/b", 5, 2);
  const AppPtr wanted = App("/b", 5, 2);
  table.Start(record, 0);

  AppGoal goal = table.GoalOf("/b", wanted);  // As it was before.
  EXPECT_EQ(goal.mode, AppGoal::Mode::kKeep);
  EXPECT_EQ(goal.target, 3U);
  EXPECT_EQ(goal.app->last_config_change_at(), 1);
  EXPECT_EQ(table.Upgrading({"/a", "/b", "/c"}), (std::set<Path>{"/b"}));

  auto progress = table.Decided("/a", Decision(2, 0, true), 5);
  EXPECT_EQ(progress.touched, (std::vector<Path>{"/a", "/b"}));
  goal = table.GoalOf("/b", wanted);
  EXPECT_EQ(goal.mode, AppGoal::Mode::kRestart);
  EXPECT_EQ(goal.target, 5U);
  EXPECT_EQ(goal.app, wanted);
  goal = table.GoalOf("/a", App("/a", 2));  // Its step has passed.
  EXPECT_EQ(goal.mode, AppGoal::Mode::kKeep);
  EXPECT_EQ(goal.target, 2U);

  table.Cancel("d");
  goal = table.GoalOf("/b", wanted);
  EXPECT_EQ(goal.mode, AppGoal::Mode::kKeep);
  EXPECT_EQ(goal.target, 5U);
  EXPECT_EQ(table.GoalOf("/b", nullptr).mode, AppGoal::Mode::kStop);
}

}  // namespace
}  // namespace meseta::services
