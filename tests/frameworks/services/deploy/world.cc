#include "tests/frameworks/services/deploy/world.h"

#include <algorithm>
#include <sstream>
#include <utility>

#include "frameworks/services/model/paths.h"

namespace meseta::services {
namespace {

std::string Joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += " " + word;
  return text;
}

bool IsGoodNow(const AppSpec& app, const Instance& instance) {
  if (instance.config_version() == app.last_config_change_at()) return IsGood(app, instance);
  return instance.condition() == Instance::RUNNING && !instance.kill_wanted() &&
         (!instance.has_healthy() || instance.healthy());
}

}  // namespace

World::World() {
  defaults_.local_port_min = 10'000;
  defaults_.local_port_max = 10'009;
}

std::string World::TakeLog() { return std::exchange(log_, ""); }

void World::Refused(const ApiError& error) {
  Log("refused: " + std::to_string(error.status) + " " + error.message);
  for (const ApiError::Detail& detail : error.details) {
    for (const std::string& problem : detail.errors) Log("  " + detail.path + ": " + problem);
  }
}

bool World::Do(const Change& change, bool force, const std::string& rolls_back) {
  const VersionMs version = version_ + 1;
  Answer<Changed> changed = ApplyChange(catalog_, change, {version, defaults_});
  if (!changed.ok()) {
    Refused(changed.error());
    return false;
  }
  const std::vector<std::string> conflicts = deployments_.Conflicts(changed->apps);
  if (!conflicts.empty() && !force) {
    Log("refused: 409 locked by" + Joined(conflicts));
    return false;
  }
  version_ = version;
  const std::set<Path> unfinished = deployments_.Upgrading(changed->apps);
  const std::string id = "d" + std::to_string(next_deployment_++);
  auto record = std::make_shared<internal::DeploymentRecord>(
      MakePlan({catalog_, changed->catalog, changed->apps, changed->kill_first, id, version, now_ms_,
                unfinished}));
  if (!rolls_back.empty()) record->set_rolls_back(rolls_back);
  for (const std::string& conflict : conflicts) {
    Log(conflict + " is cancelled");
    Drop(conflict);
  }
  const Catalog before = catalog_;
  catalog_ = std::move(changed->catalog);
  (void)catalog_.RecordChange(before, version);
  for (const Path& app : changed->apps) dirty_.insert(app);
  past_[id] = record;
  Log(id + (changed->created ? " (created)" : "") + ": " + ShowPlan(*record));
  Follow(deployments_.Start(record, now_ms_));
  Settle();
  return true;
}

void World::DryRun(const Change& change) {
  Answer<Changed> changed = ApplyChange(catalog_, change, {version_ + 1, defaults_});
  if (!changed.ok()) return Refused(changed.error());
  Log(ShowPlan(MakePlan({catalog_, changed->catalog, changed->apps, changed->kill_first, "dry",
                         version_ + 1, now_ms_})));
}

void World::Drop(const std::string& id) {
  const DeploymentPtr dropped = deployments_.Find(id);
  for (const auto& step : dropped->steps()) {
    for (const auto& action : step.actions()) {
      if (action.kind() == internal::DeploymentAction::RESTART) mixed_.insert(action.app());
    }
  }
  Follow(deployments_.Cancel(id));
  records_.erase(id);
}

void World::Cancel(const std::string& id) {
  if (!deployments_.Find(id)) return Log("no deployment " + id);
  Drop(id);
  Settle();
}

DeploymentPtr World::Deployment(const std::string& id) const {
  const auto found = past_.find(id);
  return found == past_.end() ? nullptr : found->second;
}

std::vector<std::string> World::Launch(const Path& app, uint32_t most, const std::string& host) {
  std::vector<std::string> ids;
  while (wanted_[app] > 0 && ids.size() < most) {
    --wanted_[app];
    auto instance = std::make_shared<Instance>();
    instance->set_id(SafePath(app) + "." + std::to_string(++launched_[app]));
    instance->set_task_id(instance->id() + ".task");
    instance->set_app(app);
    instance->set_app_version(wanted_app_[app]->version());
    instance->set_config_version(wanted_app_[app]->last_config_change_at());
    instance->set_condition(Instance::PROVISIONED);
    instance->set_staged_at(now_ms_);
    instance->set_host(host);
    ids.push_back(instance->id());
    instances_.Put(std::move(instance));
  }
  dirty_.insert(app);
  Settle();
  return ids;
}

void World::Apply(const InstanceChange& change) {
  if (change.kind == InstanceChange::Kind::kNone) return;
  dirty_.insert(change.instance.app());
  if (change.kind == InstanceChange::Kind::kEnded) {
    instances_.Erase(change.instance.id());
  } else {
    instances_.Put(std::make_shared<const Instance>(change.instance));
  }
}

void World::Said(const std::string& id, v1::TaskState state) {
  const InstancePtr instance = instances_.Find(id);
  if (!instance) return Log("no instance " + id);
  v1::TaskStatus status;
  status.mutable_task_id()->set_value(instance->task_id());
  status.set_state(state);
  Apply(OnStatus(*instance, status, catalog_.FindApp(instance->app()).get(), now_ms_));
  Settle();
}

void World::Health(const std::string& id, bool healthy) {
  if (const InstancePtr instance = instances_.Find(id)) {
    Apply(OnHealth(*instance, healthy, now_ms_));
  }
  Settle();
}

void World::Ready(const std::string& id) {
  if (const InstancePtr instance = instances_.Find(id)) Apply(OnReady(*instance));
  Settle();
}

void World::Kill(const std::string& id) {
  if (const InstancePtr instance = instances_.Find(id)) Apply(WantKill(*instance, "by request"));
  Settle();
}

void World::Pass(int64_t ms) {
  now_ms_ += ms;
  std::vector<InstancePtr> all;
  instances_.ForEach([&](const InstancePtr& instance) { all.push_back(instance); });
  for (const InstancePtr& one : all) {
    Apply(OnTime(*one, catalog_.FindApp(one->app()).get(), now_ms_));
  }
  Settle();
  Follow(deployments_.Tick(now_ms_));
  Settle();
}

void World::Failover() {
  deployments_ = DeploymentTable();
  wanted_.clear();
  wanted_app_.clear();
  for (const auto& [id, bytes] : records_) {
    auto record = std::make_shared<internal::DeploymentRecord>();
    record->ParseFromString(bytes);
    if (!deployments_.Load(std::move(record))) problems_.push_back(id + " was not loaded");
  }
  catalog_.ForEachApp([&](const AppPtr& app) { dirty_.insert(app->id()); });
  for (const Path& app : instances_.Apps()) dirty_.insert(app);
  Settle();
}

void World::Follow(const DeploymentTable::Progress& progress) {
  for (const Path& app : progress.touched) dirty_.insert(app);
  for (const DeploymentPtr& done : progress.steps_done) {
    Log(done->id() + ": step " + std::to_string(done->current_step() + 1) + " of " +
        std::to_string(done->steps_size()) + " is done");
  }
  for (const DeploymentPtr& changed : progress.changed) {
    records_[changed->id()] = changed->SerializeAsString();
  }
  for (const DeploymentPtr& succeeded : progress.succeeded) {
    records_.erase(succeeded->id());
    Log(succeeded->id() + " is done");
    for (const auto& step : succeeded->steps()) {
      for (const auto& action : step.actions()) {
        if (action.kind() == internal::DeploymentAction::RESTART) mixed_.erase(action.app());
        if (action.kind() == internal::DeploymentAction::STOP) mixed_.erase(action.app());
      }
    }
    for (const auto& change : succeeded->changes()) dirty_.insert(change.app());
  }
  for (const DeploymentPtr& late : progress.past_deadline) GiveUp(late);
}

void World::GiveUp(const DeploymentPtr& deployment) {
  Log(deployment->id() + " is past its deadline");
  bool roll_back = false;
  for (const auto& change : deployment->changes()) {
    roll_back |= change.after().rollback_on_deadline();
  }
  if (roll_back && deployment->rolls_back().empty()) {
    Do(UndoDeployment{deployment}, true, deployment->id());
  } else {
    Drop(deployment->id());
  }
}

void World::Settle() {
  while (!dirty_.empty()) {
    const Path app = *dirty_.begin();
    dirty_.erase(dirty_.begin());
    Reconcile(app);
  }
}

void World::Reconcile(const Path& app) {
  const AppGoal goal = deployments_.GoalOf(app, catalog_.FindApp(app));
  const std::vector<InstancePtr> before = instances_.OfApp(app);
  const AppDecision decision = services::Reconcile(goal, before, now_ms_);
  for (const std::string& id : decision.kill) {
    Apply(WantKill(*instances_.Find(id), "decided"));
  }
  dirty_.erase(app);
  Check(goal, before, decision);
  const bool other_launch = decision.launch != wanted_[app];
  wanted_[app] = decision.launch;
  if (goal.app) wanted_app_[app] = goal.app;
  std::string line;
  if (other_launch) line += " launch " + std::to_string(decision.launch);
  if (!decision.kill.empty()) line += " kill" + Joined(decision.kill);
  if (!line.empty()) Log(app + ":" + line);
  // An unreachable one that is to go may be given up at once.
  for (const std::string& id : decision.kill) {
    if (const InstancePtr one = instances_.Find(id)) {
      Apply(OnTime(*one, catalog_.FindApp(app).get(), now_ms_));
    }
  }
  Follow(deployments_.Decided(app, decision, now_ms_));
}

void World::Check(const AppGoal& goal, const std::vector<InstancePtr>& before,
                  const AppDecision& decision) {
  const std::vector<InstancePtr> after = instances_.OfApp(before.empty() ? "" : before[0]->app());
  const AppDecision again = services::Reconcile(goal, after, now_ms_);
  if (!again.kill.empty() || again.launch != decision.launch) {
    problems_.push_back("reconciling twice is not the same as once");
  }
  if (!goal.app || goal.mode == AppGoal::Mode::kStop) {
    if (decision.launch > 0) problems_.push_back("a removed app is launched");
    return;
  }
  uint32_t active = 0;
  for (const InstancePtr& one : after) active += IsActive(*one) ? 1 : 0;
  const auto good_of = [&](const std::vector<InstancePtr>& all) {
    uint32_t good = 0;
    for (const InstancePtr& one : all) good += IsGoodNow(*goal.app, *one) ? 1 : 0;
    return good;
  };
  const bool rolls = goal.mode == AppGoal::Mode::kRestart;
  const Capacity capacity = CapacityOf(*goal.app, goal.target);
  const uint32_t most = rolls ? capacity.max_active : goal.target;
  if (decision.launch > 0 && active + decision.launch > most) {
    problems_.push_back(goal.app->id() + ": " + std::to_string(active + decision.launch) +
                        " instances where at most " + std::to_string(most) + " may be");
  }
  if (rolls && good_of(after) < std::min(good_of(before), capacity.min_healthy)) {
    problems_.push_back(goal.app->id() + ": kills leave " + std::to_string(good_of(after)) +
                        " healthy instances of " + std::to_string(capacity.min_healthy));
  }
}

// ---- what there is

std::string World::ShowPlan(const internal::DeploymentRecord& plan) {
  if (plan.steps_size() == 0) return "nothing to do";
  std::string text;
  for (const auto& step : plan.steps()) {
    if (!text.empty()) text += " | ";
    bool first = true;
    for (const auto& action : step.actions()) {
      if (!std::exchange(first, false)) text += ", ";
      text += std::string(ActionName(action.kind())) + " " + action.app();
      if (action.has_scale_to()) text += " to " + std::to_string(action.scale_to());
      for (const std::string& id : action.kill()) text += " without " + id;
    }
  }
  return text;
}

std::string World::ShowInstances(const Path& app) const {
  std::string text;
  for (const InstancePtr& one : instances_.OfApp(app)) {
    text += one->id() + " v" + std::to_string(one->config_version()) + " " +
            std::string(ConditionName(one->condition()));
    if (one->has_healthy()) text += one->healthy() ? " healthy" : " unhealthy";
    if (one->ready()) text += " ready";
    if (one->kill_wanted()) text += " dying";
    text += "\n";
  }
  return text;
}

std::string World::ShowCatalog() const {
  std::ostringstream text;
  catalog_.ForEachGroupBeneath("/", [&](const GroupPtr& group) {
    text << "group " << group->id() << " v" << group->version();
    if (group->enforce_role()) text << " enforces its role";
    for (const std::string& dependency : group->dependencies()) text << " needs " << dependency;
    text << "\n";
  });
  catalog_.ForEachApp([&](const AppPtr& app) {
    text << "app " << app->id() << " v" << app->version() << " scaled v" << app->last_scaling_at()
         << " config v" << app->last_config_change_at() << ": " << app->cmd() << " x "
         << app->instances();
    if (app->role() != "*") text << " role " << app->role();
    for (const uint32_t port : ServicePortsOf(*app)) text << " port " << port;
    for (const std::string& dependency : app->dependencies()) text << " needs " << dependency;
    text << "\n";
  });
  return text.str();
}

std::string World::ShowDeployments() const {
  std::string text;
  for (const DeploymentPtr& one : deployments_.All()) {
    text += one->id() + ": step " + std::to_string(one->current_step() + 1) + " of " +
            std::to_string(one->steps_size()) + "\n";
  }
  return text;
}

}  // namespace meseta::services
