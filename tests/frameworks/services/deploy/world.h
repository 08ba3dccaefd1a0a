// World: changes, plans, deployments, reconciliation and instances together, without the rest of
// meseta-services: launches happen when the test says so, statuses are what it makes up. What is
// decided is logged. After each decision it checks what must hold at every moment; breaches are
// collected in problems().
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "frameworks/services/deploy/deployment_table.h"
#include "frameworks/services/deploy/plan.h"
#include "frameworks/services/deploy/reconcile.h"
#include "frameworks/services/instances/instance_core.h"
#include "frameworks/services/instances/instance_table.h"
#include "frameworks/services/model/changes.h"

namespace meseta::services {

class World {
 public:
  World();

  [[nodiscard]] Defaults& defaults() { return defaults_; }
  [[nodiscard]] const Catalog& catalog() const { return catalog_; }
  [[nodiscard]] const DeploymentTable& deployments() const { return deployments_; }
  [[nodiscard]] const InstanceTable& instances() const { return instances_; }
  [[nodiscard]] const std::map<Path, uint32_t>& wanted() const { return wanted_; }
  // Apps of which instances of several versions may stay: their deployment was dropped.
  [[nodiscard]] const std::set<Path>& mixed() const { return mixed_; }
  [[nodiscard]] const std::vector<std::string>& problems() const { return problems_; }
  [[nodiscard]] int64_t now_ms() const { return now_ms_; }
  // What was logged since the last call.
  [[nodiscard]] std::string TakeLog();

  // False: it was refused.
  bool Do(const Change& change, bool force = false, const std::string& rolls_back = "");
  void DryRun(const Change& change);
  void Cancel(const std::string& id);  // Drops it.
  [[nodiscard]] DeploymentPtr Deployment(const std::string& id) const;  // Also a past one.

  // Launches what waits, at most `most` of them; they are PROVISIONED.
  std::vector<std::string> Launch(const Path& app, uint32_t most, const std::string& host = "");
  void Said(const std::string& instance, v1::TaskState state);
  void Health(const std::string& instance, bool healthy);
  void Ready(const std::string& instance);
  void Kill(const std::string& instance);  // As the API's user asks.
  void Pass(int64_t ms);
  // All that is not recorded is forgotten.
  void Failover();

  [[nodiscard]] std::string ShowInstances(const Path& app) const;
  [[nodiscard]] std::string ShowCatalog() const;
  [[nodiscard]] std::string ShowDeployments() const;
  [[nodiscard]] static std::string ShowPlan(const internal::DeploymentRecord& plan);

 private:
  void Log(const std::string& line) { log_ += line + "\n"; }
  void Refused(const ApiError& error);
  void Apply(const InstanceChange& change);
  void Follow(const DeploymentTable::Progress& progress);
  void GiveUp(const DeploymentPtr& deployment);
  void Settle();
  void Reconcile(const Path& app);
  void Check(const AppGoal& goal, const std::vector<InstancePtr>& before,
             const AppDecision& decision);
  void Drop(const std::string& id);

  Defaults defaults_;
  Catalog catalog_;
  DeploymentTable deployments_;
  InstanceTable instances_;
  std::map<std::string, std::string> records_;         // Of deployments, as on disk.
  std::map<std::string, DeploymentPtr> past_;          // All there ever were.
  std::map<Path, uint32_t> wanted_;                    // The launch queue.
  std::map<Path, AppPtr> wanted_app_;
  std::map<Path, uint32_t> launched_;                  // For names.
  std::set<Path> dirty_;
  std::set<Path> mixed_;
  std::vector<std::string> problems_;
  std::string log_;
  int64_t now_ms_ = 0;
  VersionMs version_ = 0;
  uint32_t next_deployment_ = 1;
};

}  // namespace meseta::services
