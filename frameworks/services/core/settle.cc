// Settling: each app that was touched is reconciled once, and its deployment goes on.
#include <utility>

#include "frameworks/services/core/core_state.h"

namespace meseta::services {
namespace {

// An instance whose app is gone, without a deployment that says so.
AppPtr Forgotten(const Path& path) {
  auto app = std::make_shared<AppSpec>();
  app->set_id(path);
  return app;
}

std::vector<HealthCore::Checked> CheckedOf(const CoreState& state, const AppPtr& present,
                                           const std::vector<InstancePtr>& instances) {
  std::vector<HealthCore::Checked> checked;
  for (const InstancePtr& instance : instances) {
    AppPtr app = present && present->version() == instance->app_version()
                     ? present
                     : state.catalog.FindVersion(instance->app(), instance->app_version());
    if (app == nullptr) app = present;
    if (app == nullptr) continue;
    if (app->health_checks_size() == 0 && app->readiness_checks_size() == 0) continue;
    checked.push_back({instance, std::move(app)});
  }
  return checked;
}

void SettleApp(CoreState& state, const Path& path, Now now) {
  const int64_t now_ms = state.Ms(now.mono);
  const AppPtr wanted = state.catalog.FindApp(path);
  AppGoal goal = state.deployments.GoalOf(path, wanted);
  if (goal.app == nullptr) goal.app = Forgotten(path);
  std::vector<InstancePtr> instances = state.instances.OfApp(path);
  const AppDecision decision = Reconcile(goal, instances, now_ms);
  for (const std::string& id : decision.kill) {
    if (const InstancePtr instance = state.instances.Find(id)) {
      Kill(state, instance, goal.mode == AppGoal::Mode::kRestart ? "upgrade" : "scaling", now.mono);
    }
  }
  state.dirty.erase(path);  // What the kills made of it was known to the decision.
  if (goal.mode == AppGoal::Mode::kStop) state.queue.Remove(path);
  else state.queue.SetWanted(goal.app, decision.launch, now_ms);
  if (!decision.kill.empty()) instances = state.instances.OfApp(path);
  Perform(state, state.health.SetInstances(path, CheckedOf(state, wanted, instances), now), now.mono);
  Follow(state, state.deployments.Decided(path, decision, now_ms), now.mono);
}

// An app that a deployment has removed leaves nothing behind.
void ForgetRemoved(CoreState& state, const internal::DeploymentRecord& deployment, int64_t now_ms) {
  for (const internal::DeploymentChange& change : deployment.changes()) {
    if (change.has_after() || state.catalog.FindApp(change.app())) continue;
    state.Delete(FailureKey(change.app()));
    state.Delete(BackoffKey(change.app()));
    state.failures.Erase(change.app());
    state.queue.Remove(change.app());
    state.Event(AppTerminatedEvent(change.app(), now_ms));
  }
}

void End(CoreState& state, const DeploymentPtr& deployment) {
  state.Delete(DeploymentKey(deployment->id()));
  state.deployments_view.Erase(deployment->id());
  for (const auto& change : deployment->changes()) {
    state.deployment_of_view.Erase(change.app());
    state.dirty.insert(change.app());
  }
  state.view_changed = true;
}

// No progress for too long: undone if it asks for that, else it ends as it is.
void GiveUp(CoreState& state, const DeploymentPtr& deployment, Time now) {
  const int64_t now_ms = state.Ms(now);
  bool roll_back = false;
  for (const auto& change : deployment->changes()) roll_back |= change.after().rollback_on_deadline();
  state.Event(DeploymentEvent("deployment_failed", deployment, "no progress before its deadline",
                              now_ms));
  state.out.warnings.push_back("Deployment " + deployment->id() + " made no progress in time and " +
                               (roll_back && deployment->rolls_back().empty()
                                    ? "is rolled back"
                                    : "ends where it is"));
  if (roll_back && deployment->rolls_back().empty()) {
    const VersionMs version = std::max(now_ms, state.header.last_version() + 1);
    Answer<Changed> undone = ApplyChange(state.catalog, UndoDeployment{deployment},
                                         {version, state.options.defaults});
    if (undone.ok()) {
      Commit(state, std::move(*undone), deployment->id(), state.NewVersion(now_ms), true, now_ms);
      return;
    }
    state.out.warnings.push_back("Deployment " + deployment->id() +
                                 " cannot be rolled back: " + undone.error().message);
  }
  Follow(state, state.deployments.Cancel(deployment->id()), now);
  End(state, deployment);
}

}  // namespace

void Follow(CoreState& state, DeploymentTable::Progress progress, Time now) {
  const int64_t now_ms = state.Ms(now);
  for (const Path& path : progress.touched) state.dirty.insert(path);
  for (const DeploymentPtr& deployment : progress.steps_done) {
    state.Event(DeploymentEvent("deployment_step_success", deployment, "", now_ms));
  }
  for (const DeploymentPtr& deployment : progress.changed) {
    state.Put(DeploymentKey(deployment->id()), *deployment);
    state.deployments_view.Set(deployment->id(), deployment);
    for (const auto& change : deployment->changes()) {
      state.deployment_of_view.Set(change.app(), deployment->id());
    }
    state.view_changed = true;
  }
  for (const DeploymentPtr& deployment : progress.succeeded) {
    state.Event(DeploymentEvent("deployment_success", deployment, "", now_ms));
    End(state, deployment);
    ForgetRemoved(state, *deployment, now_ms);
  }
  for (const DeploymentPtr& deployment : progress.past_deadline) GiveUp(state, deployment, now);
}

void Perform(CoreState& state, HealthCore::Effects effects, Time now) {
  for (Probe& probe : effects.probes) state.out.probes.push_back(std::move(probe));
  const int64_t now_ms = state.Ms(now);
  for (const auto& failed : effects.failed) {
    const InstancePtr instance = state.instances.Find(failed.instance);
    const AppPtr app = instance ? state.catalog.FindVersion(instance->app(), instance->app_version())
                                : nullptr;
    if (app) state.Event(FailedHealthCheckEvent(*app, *instance, failed.check, now_ms));
  }
  for (const auto& changed : effects.health) {
    if (const InstancePtr instance = state.instances.Find(changed.instance)) {
      Apply(state, OnHealth(*instance, changed.healthy, now_ms), now);
    }
  }
  for (const std::string& id : effects.ready) {
    if (const InstancePtr instance = state.instances.Find(id)) Apply(state, OnReady(*instance), now);
  }
  for (const auto& kill : effects.kills) {
    const InstancePtr instance = state.instances.Find(kill.instance);
    if (instance == nullptr || instance->kill_wanted()) continue;
    state.Event(UnhealthyInstanceKillEvent(*instance, kill.reason, now_ms));
    Kill(state, instance, kill.reason, now);
  }
  if (effects.wake_at && (!state.out.wake_at || *effects.wake_at < *state.out.wake_at)) {
    state.out.wake_at = effects.wake_at;
  }
}

void Settle(CoreState& state, Now now) {
  while (!state.dirty.empty()) SettleApp(state, Path(*state.dirty.begin()), now);
}

}  // namespace meseta::services
