// What becomes of instances: statuses of their tasks, health, kills, and what the time alone does.
#include <utility>

#include "frameworks/services/core/core_state.h"
#include "frameworks/services/model/paths.h"

namespace meseta::services {
namespace {

using Kind = InstanceChange::Kind;

// The definition that it was launched with, or the present one.
AppPtr SpecOf(const CoreState& state, const Instance& instance) {
  if (AppPtr app = state.catalog.FindVersion(instance.app(), instance.app_version())) return app;
  return state.catalog.FindApp(instance.app());
}

bool IsConfirmed(const Instance& instance) {
  return instance.condition() != Instance::PROVISIONED &&
         instance.condition() != Instance::STAGING && instance.condition() != Instance::STARTING;
}

void RecordFailure(CoreState& state, const Instance& instance, const v1::TaskStatus& status,
                   int64_t now_ms) {
  auto failure = std::make_shared<internal::AppFailure>();
  failure->set_app(instance.app());
  failure->set_task_id(instance.task_id());
  failure->set_host(instance.host());
  failure->set_agent_id(instance.agent_id());
  failure->set_state(v1::TaskState_Name(status.state()));
  failure->set_message(status.message());
  failure->set_version(instance.app_version());
  failure->set_timestamp(now_ms);
  state.Put(FailureKey(instance.app()), *failure);
  state.failures.Set(instance.app(), std::move(failure));
}

// A later failure of an older version says nothing about the present one.
void DelayLaunch(CoreState& state, const Instance& instance, int64_t now_ms) {
  const AppPtr app = state.catalog.FindApp(instance.app());
  if (app == nullptr || app->last_config_change_at() != instance.config_version()) return;
  state.Put(BackoffKey(app->id()), state.queue.Failed(*app, now_ms));
}

// A task that nobody here knows: of an app that is gone, or of a launch that was given up.
void HandleUnknown(CoreState& state, const v1::TaskStatus& status, const std::string& instance,
                   int64_t now_ms) {
  const Condition condition = ConditionOf(status.state());
  if (IsTerminal(condition)) {
    state.Event(UnknownInstanceTerminatedEvent(instance, "", condition, now_ms));
    return;
  }
  if (status.state() == v1::TASK_UNREACHABLE) return;  // It is killed when it is back.
  state.out.warnings.push_back("The task '" + status.task_id().value() + "' on agent " +
                               status.agent_id().value() + " is of no known instance: it is killed");
  v1::scheduler::Call call;
  call.set_type(v1::scheduler::Call::KILL);
  *call.mutable_kill()->mutable_task_id() = status.task_id();
  if (status.has_agent_id()) *call.mutable_kill()->mutable_agent_id() = status.agent_id();
  state.out.calls.push_back(std::move(call));
}

v1::TaskStatus AskAbout(const Instance& instance) {
  v1::TaskStatus status;
  status.mutable_task_id()->set_value(instance.task_id());
  status.mutable_agent_id()->set_value(instance.agent_id());
  status.set_state(v1::TASK_STAGING);
  return status;
}

}  // namespace

void ArmInstance(CoreState& state, const Instance& instance, Time now) {
  const AppPtr app = SpecOf(state, instance);
  if (const auto at = NextTimeMs(instance, app.get())) {
    state.instance_timers.Set(instance.id(), state.MonoOf(*at));
  } else {
    state.instance_timers.Cancel(instance.id());
  }
  if (IsConfirmed(instance)) {
    state.launch_timers.Cancel(instance.id());
  } else if (!state.launch_timers.At(instance.id())) {
    state.launch_timers.Set(instance.id(), now + state.options.launch_confirm);
  }
  if (instance.kill_wanted() && !state.kill_timers.At(instance.id())) {
    state.kill_timers.Set(instance.id(), now + state.options.kill_retry);
  }
}

void Apply(CoreState& state, const InstanceChange& change, Time now) {
  if (change.kind == Kind::kNone) return;
  const Instance& instance = change.instance;
  const int64_t now_ms = state.Ms(now);
  state.dirty.insert(instance.app());
  state.view_changed = true;
  const InstancePtr before = state.instances.Find(instance.id());
  if (change.kind == Kind::kEnded) {
    state.instances.Erase(instance.id());
    state.Delete(InstanceKey(instance.id()));
    state.instance_timers.Cancel(instance.id());
    state.kill_timers.Cancel(instance.id());
    state.launch_timers.Cancel(instance.id());
    state.health_view.Erase(instance.id());
    if (change.delays_launch) DelayLaunch(state, instance, now_ms);
  } else {
    state.instances.Put(std::make_shared<const Instance>(instance));
    state.Put(InstanceKey(instance.id()), instance);
    ArmInstance(state, instance, now);
  }
  if (before == nullptr || before->condition() != instance.condition()) {
    state.Event(InstanceChangedEvent(instance, now_ms));
  }
  if (change.health_changed) {
    state.Event(InstanceHealthChangedEvent(instance, now_ms));
    state.Event(HealthStatusChangedEvent(instance, now_ms));
  }
}

void HandleStatusUpdate(CoreState& state, const v1::TaskStatus& status, Time now) {
  if (status.has_uuid()) state.out.acknowledge.push_back(status);
  const int64_t now_ms = state.Ms(now);
  const auto id = InstanceOfTask(status.task_id().value());
  const InstancePtr instance = id ? state.instances.Find(*id) : nullptr;
  if (instance == nullptr || instance->task_id() != status.task_id().value()) {
    return HandleUnknown(state, status, id.value_or(status.task_id().value()), now_ms);
  }
  const InstanceChange change =
      OnStatus(*instance, status, SpecOf(state, *instance).get(), now_ms);
  if (change.kind != Kind::kNone && change.instance.condition() != instance->condition()) {
    state.Event(StatusUpdateEvent(change.instance, v1::TaskState_Name(status.state()),
                                  status.message(), now_ms));
  }
  if (change.failed) RecordFailure(state, *instance, status, now_ms);
  Apply(state, change, now);
}

void Kill(CoreState& state, const InstancePtr& instance, const std::string& reason, Time now) {
  if (!instance->kill_wanted()) Apply(state, WantKill(*instance, reason), now);
  v1::scheduler::Call call;
  call.set_type(v1::scheduler::Call::KILL);
  call.mutable_kill()->mutable_task_id()->set_value(instance->task_id());
  call.mutable_kill()->mutable_agent_id()->set_value(instance->agent_id());
  state.out.calls.push_back(std::move(call));
  state.kill_timers.Set(instance->id(), now + state.options.kill_retry);
}

void HandleInstanceTimers(CoreState& state, Time now) {
  while (const auto id = state.instance_timers.TakeDue(now)) {
    const InstancePtr instance = state.instances.Find(*id);
    if (instance == nullptr) continue;
    Apply(state, OnTime(*instance, SpecOf(state, *instance).get(), state.Ms(now)), now);
  }
  while (const auto id = state.kill_timers.TakeDue(now)) {
    const InstancePtr instance = state.instances.Find(*id);
    if (instance == nullptr) continue;
    Kill(state, instance, instance->kill_reason(), now);
    state.out.reconcile.push_back(AskAbout(*instance));  // It may be gone, and the news lost.
  }
  while (const auto id = state.launch_timers.TakeDue(now)) {
    const InstancePtr instance = state.instances.Find(*id);
    if (instance == nullptr || IsConfirmed(*instance)) continue;
    state.out.reconcile.push_back(AskAbout(*instance));
    state.launch_timers.Set(*id, now + state.options.launch_timeout);
    if (instance->kill_wanted()) continue;
    state.out.warnings.push_back("The instance '" + *id + "' has not come up in time: it is killed");
    Kill(state, instance, "did not come up in time", now);
  }
}

}  // namespace meseta::services
