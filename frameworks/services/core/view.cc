// The snapshot of a turn, from maps that share structure with the one before.
#include "frameworks/services/core/core_state.h"

namespace meseta::services {
namespace {

void TakeHealth(CoreState& state) {
  for (const std::string& id : state.health.TakeChanged()) {
    state.view_changed = true;
    if (state.instances.Find(id) == nullptr) {
      state.health_view.Erase(id);
      continue;
    }
    auto health = std::make_shared<InstanceHealth>();
    health->checks = state.health.HealthOf(id);
    health->readiness = state.health.ReadinessOf(id);
    state.health_view.Set(id, std::move(health));
  }
}

void TakeWaiting(CoreState& state) {
  for (const Path& path : state.queue.TakeChanged()) {
    state.view_changed = true;
    if (WaitingPtr waiting = state.queue.Find(path)) state.waiting_view.Set(path, std::move(waiting));
    else state.waiting_view.Erase(path);
  }
}

}  // namespace

SnapshotPtr MakeSnapshot(CoreState& state) {
  TakeHealth(state);
  TakeWaiting(state);
  if (!state.view_changed) return nullptr;
  state.view_changed = false;
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->number = ++state.snapshots;
  snapshot->catalog = state.catalog.Freeze();
  snapshot->instances = state.instances.Freeze();
  snapshot->health = state.health_view.Freeze();
  snapshot->failures = state.failures.Freeze();
  snapshot->waiting = state.waiting_view.Freeze();
  snapshot->deployments = state.deployments_view.Freeze();
  snapshot->deployment_of = state.deployment_of_view.Freeze();
  snapshot->framework_id = state.header.framework_id();
  snapshot->connected = state.connected;
  snapshot->master = state.master;
  return snapshot;
}

}  // namespace meseta::services
