// What the API asks for: changes of the catalog, kills, deployments that are dropped or undone.
#include <algorithm>
#include <utility>

#include "frameworks/services/core/core_state.h"
#include "frameworks/services/model/paths.h"

namespace meseta::services {
namespace {

void Answered(CoreState& state, uint64_t request, Answer<WriteDone> answer) {
  state.out.answers.emplace_back(request, std::move(answer));
}

ApiError Locked(std::vector<std::string> deployments) {
  ApiError error;
  error.status = 409;
  error.message =
      "App is locked by one or more deployments. Override with the option '?force=true'. View details "
      "at '/v2/deployments/<DEPLOYMENT_ID>'.";
  error.deployments = std::move(deployments);
  return error;
}

ApiError TooMany(size_t running) {
  return {403,
          "Max number (" + std::to_string(running) + ") of running deployments is achieved. Wait for "
              "existing deployments to complete or cancel one using force=true parameter. You can "
              "increase max deployment number by using --max_running_deployments parameter but be "
              "advised that this can have negative effects on the performance.",
          {}, {}, {}};
}

void CountRole(CoreState& state, const AppPtr& app, int by) {
  if (app == nullptr) return;
  int& count = state.roles[app->role()];
  count += by;
  if (count <= 0) state.roles.erase(app->role());
}

// Writes what differs between the two catalogs.
void PersistCatalog(CoreState& state, const Catalog& before, const std::vector<Path>& apps,
                    const internal::ChangeRecord& change) {
  for (const Path& path : apps) {
    const AppPtr old_app = before.FindApp(path);
    const AppPtr app = state.catalog.FindApp(path);
    CountRole(state, old_app, -1);
    CountRole(state, app, 1);
    const auto old_versions = before.VersionsOf(path);
    if (app == nullptr) {
      state.Delete(AppKey(path));
      for (const VersionMs version : old_versions) state.Delete(VersionKey(path, version));
      continue;
    }
    state.Put(AppKey(path), *app);
    state.Put(VersionKey(path, app->version()), *app);
    const auto versions = state.catalog.VersionsOf(path);
    for (const VersionMs version : old_versions) {
      if (std::find(versions.begin(), versions.end(), version) == versions.end()) {
        state.Delete(VersionKey(path, version));
      }
    }
  }
  for (const GroupSpec& group : change.groups_before()) {
    const GroupPtr now = state.catalog.FindGroup(group.id());
    if (now) state.Put(GroupKey(group.id()), *now);
    else state.Delete(GroupKey(group.id()));
  }
  for (const std::string& added : change.groups_added()) {
    if (const GroupPtr now = state.catalog.FindGroup(added)) state.Put(GroupKey(added), *now);
  }
  state.Put(ChangeKey(change.version()), change);
  state.changes.push_back(change.version());
  if (state.changes.size() > Catalog::kMaxChanges) {
    state.Delete(ChangeKey(state.changes.front()));
    state.changes.pop_front();
  }
}

void TellHealthChecks(CoreState& state, const Catalog& before, const std::vector<Path>& apps,
                      int64_t now_ms) {
  for (const Path& path : apps) {
    const AppPtr old_app = before.FindApp(path);
    const AppPtr app = state.catalog.FindApp(path);
    const int had = old_app ? old_app->health_checks_size() : 0;
    const int has = app ? app->health_checks_size() : 0;
    if (had > 0 && (has == 0 || NeedsRestart(*old_app, *app))) {
      state.Event(RemoveHealthCheckEvent(path, now_ms));
    }
    if (has > 0 && (had == 0 || NeedsRestart(*old_app, *app))) {
      for (int i = 0; i < has; ++i) {
        state.Event(AddHealthCheckEvent(*app, static_cast<uint32_t>(i), now_ms));
      }
    }
  }
}

// Nullopt: the change is about apps.
std::optional<Path> GroupOf(const Change& change) {
  if (const auto* create = std::get_if<CreateGroup>(&change)) return create->base;
  if (const auto* put = std::get_if<PutGroup>(&change)) return put->path;
  if (const auto* scale = std::get_if<ScaleGroup>(&change)) return scale->path;
  if (const auto* back = std::get_if<RollBackGroup>(&change)) return back->path;
  if (const auto* enforce = std::get_if<EnforceRole>(&change)) return enforce->path;
  if (const auto* remove = std::get_if<DeleteGroup>(&change)) return remove->path;
  return std::nullopt;
}

void TellChange(CoreState& state, const ChangeCatalog& command, const Changed& changed,
                const WriteDone& done, int64_t now_ms) {
  if (const std::optional<Path> group = GroupOf(command.change)) {
    state.Event(GroupChangeEvent(*group, done.version, "", now_ms));
    return;
  }
  for (const Path& path : changed.apps) {
    if (const AppPtr app = state.catalog.FindApp(path)) {
      state.Event(ApiPostEvent(command.client, command.uri, *app, now_ms));
    }
  }
}

void HandleChange(CoreState& state, uint64_t request, const ChangeCatalog& command, Time now) {
  const int64_t now_ms = state.Ms(now);
  const ChangeContext context{std::max(now_ms, state.header.last_version() + 1),
                              state.options.defaults};
  Answer<Changed> changed = ApplyChange(state.catalog, command.change, context);
  if (!changed.ok()) return Answered(state, request, changed.error());
  if (command.dry_run) {
    WriteDone done;
    done.version = context.version;
    done.plan = std::make_shared<const internal::DeploymentRecord>(
        MakePlan({state.catalog, changed->catalog, changed->apps, changed->kill_first,
                  state.rng.Uuid(), context.version, now_ms}));
    return Answered(state, request, std::move(done));
  }
  auto conflicts = state.deployments.Conflicts(changed->apps);
  if (!conflicts.empty() && !command.force) {
    return Answered(state, request, Locked(std::move(conflicts)));
  }
  if (state.deployments.size() - conflicts.size() >= state.options.max_running_deployments &&
      !changed->apps.empty()) {
    return Answered(state, request, TooMany(state.options.max_running_deployments));
  }
  std::string rolls_back;
  if (const auto* undo = std::get_if<UndoDeployment>(&command.change)) {
    rolls_back = undo->deployment->id();
  }
  const Changed told{state.catalog, changed->apps, changed->created, {}};
  const VersionMs version = state.NewVersion(now_ms);
  WriteDone done =
      Commit(state, std::move(*changed), rolls_back, version, command.force, now_ms);
  if (const auto* create = std::get_if<CreateApp>(&command.change); create && !told.apps.empty()) {
    done.app = state.catalog.FindApp(told.apps.front());
  }
  TellChange(state, command, told, done, now_ms);
  Answered(state, request, std::move(done));
}

void HandleKill(CoreState& state, uint64_t request, const KillInstances& command, Time now) {
  WriteDone done;
  for (const std::string& id : command.instances) {
    const InstancePtr instance = state.instances.Find(id);
    if (instance == nullptr) continue;
    done.instances.push_back(instance);
    Kill(state, instance, "killed by request", now);
  }
  Answered(state, request, std::move(done));
}

void HandleCancel(CoreState& state, uint64_t request, const CancelDeployment& command, Time now) {
  const DeploymentPtr deployment = state.deployments.Find(command.id);
  if (deployment == nullptr) {
    return Answered(state, request,
                    ApiError::NotFound("DeploymentPlan " + command.id + " does not exist"));
  }
  if (!command.force) {
    ChangeCatalog undo;
    undo.change = UndoDeployment{deployment};
    undo.force = true;
    return HandleChange(state, request, undo, now);
  }
  Follow(state, state.deployments.Cancel(command.id), now);
  state.deployments_view.Erase(command.id);
  state.Delete(DeploymentKey(command.id));
  for (const auto& change : deployment->changes()) state.deployment_of_view.Erase(change.app());
  state.view_changed = true;
  state.Event(DeploymentEvent("deployment_failed", deployment, "canceled", state.Ms(now)));
  Answered(state, request, WriteDone{});
}

void HandleReset(CoreState& state, uint64_t request, const ResetLaunchDelay& command) {
  if (!state.queue.ResetDelay(command.app)) {
    return Answered(state, request, ApiError::NotFound("Application " + command.app +
                                                       " not found in tasks queue."));
  }
  state.Delete(BackoffKey(command.app));
  Answered(state, request, WriteDone{});
}

}  // namespace

WriteDone Commit(CoreState& state, Changed changed, const std::string& rolls_back, VersionMs version,
                 bool force, int64_t now_ms) {
  const Catalog before = state.catalog;
  // Half-done upgrades of the deployments that end here go on in this one.
  internal::DeploymentRecord plan =
      MakePlan({before, changed.catalog, changed.apps, changed.kill_first, state.rng.Uuid(), version,
                now_ms, force ? state.deployments.Upgrading(changed.apps) : std::set<Path>()});
  if (!rolls_back.empty()) plan.set_rolls_back(rolls_back);
  state.catalog = std::move(changed.catalog);
  const ChangePtr change = state.catalog.RecordChange(before, version);
  PersistCatalog(state, before, changed.apps, *change);
  TellHealthChecks(state, before, changed.apps, now_ms);
  state.view_changed = true;
  if (force) {
    for (const std::string& id : state.deployments.Conflicts(changed.apps)) {
      const DeploymentPtr cancelled = state.deployments.Find(id);
      Follow(state, state.deployments.Cancel(id), state.MonoOf(now_ms));
      state.Delete(DeploymentKey(id));
      state.deployments_view.Erase(id);
      for (const auto& one : cancelled->changes()) state.deployment_of_view.Erase(one.app());
      state.Event(DeploymentEvent("deployment_failed", cancelled,
                                  "canceled by deployment " + plan.id(), now_ms));
    }
  }
  for (const Path& path : changed.apps) {  // A deployment starts without delays.
    if (state.queue.ResetDelay(path)) state.Delete(BackoffKey(path));
    state.dirty.insert(path);
  }
  WriteDone done;
  done.version = version;
  done.deployment_id = plan.id();
  done.created = changed.created;
  const auto deployment = std::make_shared<const internal::DeploymentRecord>(std::move(plan));
  state.Event(DeploymentEvent("deployment_info", deployment, "", now_ms));
  Follow(state, state.deployments.Start(deployment, now_ms), state.MonoOf(now_ms));
  done.plan = deployment;
  std::set<std::string> roles{state.options.defaults.role};
  for (const auto& [role, apps] : state.roles) roles.insert(role);
  state.out.roles = std::move(roles);
  return done;
}

void HandleCommand(CoreState& state, uint64_t request, const ServicesCommand& command, Time now) {
  if (const auto* change = std::get_if<ChangeCatalog>(&command)) {
    return HandleChange(state, request, *change, now);
  }
  if (const auto* kill = std::get_if<KillInstances>(&command)) {
    return HandleKill(state, request, *kill, now);
  }
  if (const auto* cancel = std::get_if<CancelDeployment>(&command)) {
    return HandleCancel(state, request, *cancel, now);
  }
  HandleReset(state, request, std::get<ResetLaunchDelay>(command));
}

}  // namespace meseta::services
