// DeploymentTable: the deployments under way. Decides which step each is in, what that makes the goal
// of each of its apps, and when a deployment is done, stuck or to be rolled back.
//
// Steps are strictly serial, the actions of one step run side by side; deployments are independent of
// each other. An app whose step has not come yet is kept as it was before the deployment, one whose
// step has passed as it is wanted.
//
// Progress is a new highest number of good instances of an app of this step, or a new lowest of those
// that are still to go. When there was none for the shortest progress_deadline_seconds of this step's
// apps, the deployment is past its deadline, which is told once. What is seen first of each app after
// a step began, or after a failover, is where counting starts and no progress.
//
// Invariant: an app is in at most one deployment. Changes are returned as records to persist; a record
// that is gone is to be deleted. Each call costs what it touches. Pure.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "frameworks/services/deploy/reconcile.h"
#include "frameworks/services/model/catalog.h"

namespace meseta::services {

class DeploymentTable {
 public:
  static constexpr size_t kDefaultMaxRunning = 100;  // --max_running_deployments

  struct Progress {
    std::vector<DeploymentPtr> changed;         // To persist.
    std::vector<DeploymentPtr> steps_done;      // As they were in the step that ended.
    std::vector<DeploymentPtr> succeeded;       // To delete.
    std::vector<DeploymentPtr> past_deadline;   // No progress for too long; the caller rolls back or
                                                // drops them.
    std::vector<Path> touched;                  // Apps whose goal changed.
  };

  // From the disk. False: it has an app of another one, and is not taken.
  bool Load(DeploymentPtr deployment);
  // The ids of those that have one of these apps.
  [[nodiscard]] std::vector<std::string> Conflicts(const std::vector<Path>& apps) const;
  // Of these apps, those that a deployment is to upgrade and has not upgraded yet.
  [[nodiscard]] std::set<Path> Upgrading(const std::vector<Path>& apps) const;
  // REQUIRES: no conflicts. Steps without actions are skipped.
  Progress Start(DeploymentPtr deployment, int64_t now_ms);
  // Drops it; its apps are kept as they are from now on.
  Progress Cancel(const std::string& id);

  // What the reconciler is to do about an app. `wanted`: as the catalog has it; null: it is removed.
  [[nodiscard]] AppGoal GoalOf(const Path& app, const AppPtr& wanted) const;
  // What it said.
  Progress Decided(const Path& app, const AppDecision& decision, int64_t now_ms);
  Progress Tick(int64_t now_ms);
  [[nodiscard]] std::optional<int64_t> NextDeadlineMs() const;

  [[nodiscard]] DeploymentPtr Find(const std::string& id) const;
  [[nodiscard]] DeploymentPtr OfApp(const Path& app) const;
  [[nodiscard]] std::vector<DeploymentPtr> All() const;  // Oldest first.
  [[nodiscard]] size_t size() const { return running_.size(); }

 private:
  using Action = internal::DeploymentAction;

  // An app of the step that is under way.
  struct OfStep {
    const Action* action = nullptr;  // In the record.
    bool done = false;               // Stays so until the step ends.
    bool seen = false;
    uint32_t good = 0;               // The most there were.
    uint32_t left = 0;               // The fewest there were.
  };
  struct Running {
    DeploymentPtr record;
    std::map<Path, const internal::DeploymentChange*> changes;  // In the record.
    std::map<Path, int> step_of;  // Of the app's last action: what comes before it has not begun.
    std::map<Path, OfStep> step;
    size_t not_done = 0;          // Of this step's apps.
    std::optional<int64_t> deadline_ms;
  };

  Running* Add(DeploymentPtr deployment);
  void Remove(const std::string& id);
  void SetRecord(Running* running, DeploymentPtr record);
  // From this step to the first that has something left to do, or to the end.
  void GoOn(Running* running, Progress* progress, int64_t now_ms);
  void ReadStep(Running* running);
  void NoteProgress(Running* running, int64_t now_ms, Progress* progress);
  void SetDeadline(Running* running);

  std::map<std::string, Running> running_;
  std::map<Path, std::string> by_app_;
  std::map<std::pair<int64_t, std::string>, Running*> deadlines_;
  std::set<std::string> loaded_at_end_;  // Nothing was left to do; the next Tick ends them.
};

}  // namespace meseta::services
