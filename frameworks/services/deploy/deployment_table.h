// DeploymentTable: the deployments under way. Decides which step each is in, what that makes the goal
// of each of its apps, and when a deployment is done, stuck or to be rolled back.
//
// Invariant: an app is in at most one deployment. Changes are returned as records to persist; a record
// that is gone is to be deleted. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
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

  void Load(DeploymentPtr deployment);
  // The ids of those that have one of these apps.
  [[nodiscard]] std::vector<std::string> Conflicts(const std::vector<Path>& apps) const;
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
  struct Running {
    DeploymentPtr record;
    std::map<Path, bool> done;       // Of the apps of this step.
    std::map<Path, uint32_t> good;   // The most there were of each.
  };
  Progress EnterStep(Running* running, int64_t now_ms);

  std::map<std::string, Running> running_;
  std::map<Path, std::string> by_app_;
};

}  // namespace meseta::services
