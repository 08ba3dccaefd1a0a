// ViewCore: snapshots show what the changes said, keep it, and history stays bounded.
#include "master/view/view_core.h"

#include <gtest/gtest.h>

namespace meseta::master {
namespace {

TaskPtr Task(const std::string& id, v1::TaskState state) {
  auto task = std::make_shared<v1::Task>();
  task->set_name(id);
  task->mutable_task_id()->set_value(id);
  task->mutable_framework_id()->set_value("f");
  task->mutable_agent_id()->set_value("a");
  task->set_state(state);
  return task;
}

FrameworkUpserted Framework() {
  auto info = std::make_shared<v1::FrameworkInfo>();
  info->mutable_id()->set_value("f");
  auto record = std::make_shared<FrameworkRecord>();
  record->info = info;
  record->active = true;
  return {record};
}

AgentUpserted Agent(const std::string& id, const std::string& resources) {
  auto info = std::make_shared<v1::AgentInfo>();
  info->mutable_id()->set_value(id);
  auto record = std::make_shared<AgentRecord>();
  record->info = info;
  record->total = model::Resources::Parse(resources).value();
  record->used[FrameworkId("f")] = model::Resources::Parse("cpus:1").value();
  return {record};
}

class ViewCoreTest : public ::testing::Test {
 protected:
  void Apply(std::vector<ViewChange> changes) {
    view_.Apply(next_, changes);
    next_ += changes.size();
  }
  static ViewCore::Options Small() {
    ViewCore::Options options;
    options.max_completed_tasks_per_framework = 2;
    options.max_completed_frameworks = 1;
    options.max_unreachable_tasks_per_framework = 1;
    return options;
  }

  ViewCore view_{MasterRecord{}, Small()};
  uint64_t next_ = 1;
};

TEST_F(ViewCoreTest, ATaskMovesFromLiveToCompletedAndOldSnapshotsKeepIt) {
  Apply({Framework(), TaskUpserted{Task("t", v1::TASK_RUNNING)}});
  const SnapshotPtr before = view_.Publish();
  Apply({TaskCompleted{Task("t", v1::TASK_FINISHED)}});
  const SnapshotPtr after = view_.Publish();

  const auto& old = **before->frameworks.Find(FrameworkId("f"));
  EXPECT_EQ((*old.tasks.Find(TaskId("t")))->state(), v1::TASK_RUNNING);
  EXPECT_TRUE(old.completed_tasks.empty());
  const auto& now = **after->frameworks.Find(FrameworkId("f"));
  EXPECT_TRUE(now.tasks.empty());
  EXPECT_EQ(now.completed_tasks.size(), 1u);
  EXPECT_EQ(after->version, 3u);
  EXPECT_EQ(before->totals.live_tasks.at(v1::TASK_RUNNING), 1);
  EXPECT_EQ(after->totals.live_tasks.at(v1::TASK_RUNNING), 0);
  EXPECT_EQ(after->totals.terminal_tasks.at(v1::TASK_FINISHED), 1);
}

TEST_F(ViewCoreTest, HistoryIsBoundedOldestFirst) {
  Apply({Framework()});
  for (const char* id : {"a", "b", "c"}) Apply({TaskCompleted{Task(id, v1::TASK_FAILED)}});
  const SnapshotPtr snapshot = view_.Publish();
  std::vector<std::string> ids;
  (*snapshot->frameworks.Find(FrameworkId("f")))->completed_tasks.ForEach(
      [&](uint64_t, const TaskPtr& task) { ids.push_back(task->task_id().value()); });
  EXPECT_EQ(ids, (std::vector<std::string>{"b", "c"}));
}

TEST_F(ViewCoreTest, UnreachableTasksComeBack) {
  Apply({Framework(), TaskUpserted{Task("t", v1::TASK_RUNNING)},
         TaskUnreachable{Task("t", v1::TASK_UNREACHABLE)}});
  EXPECT_EQ(view_.Publish()->totals.live_tasks.at(v1::TASK_UNREACHABLE), 1);
  Apply({TaskUpserted{Task("t", v1::TASK_RUNNING)}});
  const SnapshotPtr snapshot = view_.Publish();
  EXPECT_EQ(snapshot->totals.live_tasks.at(v1::TASK_UNREACHABLE), 0);
  EXPECT_TRUE((*snapshot->frameworks.Find(FrameworkId("f")))->unreachable_tasks.empty());
}

TEST_F(ViewCoreTest, TotalsFollowAgents) {
  Apply({Agent("a", "cpus:4;mem:10"), Agent("b", "cpus:2")});
  EXPECT_EQ(view_.Publish()->totals.total.at("cpus").value(), 6);
  Apply({Agent("b", "cpus:3"), AgentUnreachable{AgentId("a"), WallTime()}});
  const SnapshotPtr snapshot = view_.Publish();
  EXPECT_EQ(snapshot->totals.total.at("cpus").value(), 3);
  EXPECT_EQ(snapshot->totals.used.at("cpus").value(), 1);
  EXPECT_EQ(snapshot->unreachable_agents.size(), 1u);
  EXPECT_EQ(snapshot->agents.size(), 1u);
}

TEST_F(ViewCoreTest, ACompletedFrameworkMovesToHistory) {
  Apply({Framework(), TaskCompleted{Task("t", v1::TASK_KILLED)}});
  auto record = std::make_shared<FrameworkRecord>(*Framework().framework);
  record->active = false;
  Apply({FrameworkCompleted{record}});
  const SnapshotPtr snapshot = view_.Publish();
  EXPECT_TRUE(snapshot->frameworks.empty());
  EXPECT_EQ(snapshot->completed_frameworks.size(), 1u);
}

}  // namespace
}  // namespace meseta::master
