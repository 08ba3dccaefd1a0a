#include "frameworks/services/core/services_core.h"

#include <algorithm>

#include "frameworks/services/core/core_state.h"
#include "frameworks/services/model/paths.h"

namespace meseta::services {
namespace {

void LoadCatalog(CoreState& state, const Records& records) {
  for (const GroupPtr& group : records.groups) state.catalog.PutGroup(group);
  for (const AppPtr& version : records.versions) state.catalog.AddVersion(version->id(), version);
  for (const AppPtr& app : records.apps) {
    state.catalog.PutApp(app);
    ++state.roles[app->role()];
    state.dirty.insert(app->id());
  }
  for (const ChangePtr& change : records.changes) {
    state.catalog.AddChange(change);
    state.changes.push_back(change->version());
  }
}

void LoadDeployments(CoreState& state, const Records& records) {
  for (const DeploymentPtr& deployment : records.deployments) {
    if (!state.deployments.Load(deployment)) {
      state.out.warnings.push_back("The deployment " + deployment->id() +
                                   " contradicts another one and is dropped");
      state.Delete(DeploymentKey(deployment->id()));
      continue;
    }
    state.deployments_view.Set(deployment->id(), deployment);
    for (const internal::DeploymentChange& change : deployment->changes()) {
      state.deployment_of_view.Set(change.app(), deployment->id());
      state.dirty.insert(change.app());
    }
  }
}

void LoadInstances(CoreState& state, const Records& records, Time now) {
  for (const InstancePtr& instance : records.instances) {
    state.instances.Put(instance);
    state.dirty.insert(instance->app());  // Also of an app that is gone: its instances go, too.
    ArmInstance(state, *instance, now);
  }
}

template <class... Times>
std::optional<Time> Earliest(std::optional<Time> first, Times... rest) {
  for (const std::optional<Time>& other : {std::optional<Time>(rest)...}) {
    if (other && (!first || *other < *first)) first = other;
  }
  return first;
}

std::optional<Time> NextWake(const CoreState& state) {
  const auto mono = [&](const std::optional<int64_t>& ms) -> std::optional<Time> {
    if (!ms) return std::nullopt;
    return state.MonoOf(*ms);
  };
  return Earliest(state.health.NextTime(), state.instance_timers.Next(), state.kill_timers.Next(),
                  state.launch_timers.Next(), mono(state.queue.NextTimeMs()),
                  mono(state.deployments.NextDeadlineMs()));
}

}  // namespace

VersionMs CoreState::NewVersion(int64_t now_ms) {
  const VersionMs version = std::max(now_ms, header.last_version() + 1);
  header.set_last_version(version);
  Put(kHeaderKey, header);
  return version;
}

void CoreState::Put(std::string key, const google::protobuf::Message& record) {
  out.batch.changes.push_back({std::move(key), record.SerializeAsString()});
}

void CoreState::Delete(std::string key) {
  out.batch.changes.push_back({std::move(key), std::nullopt});
}

ServicesCore::ServicesCore(ServicesOptions options, Records records, uint64_t seed, Now now)
    : state_(std::make_unique<CoreState>(std::move(options), seed, now)) {
  state_->header = records.header;
  LoadCatalog(*state_, records);
  for (const internal::BackoffRecord& backoff : records.backoffs) state_->queue.LoadBackoff(backoff);
  for (const FailurePtr& failure : records.failures) state_->failures.Set(failure->app(), failure);
  LoadDeployments(*state_, records);
  LoadInstances(*state_, records, now.mono);
}

ServicesCore::~ServicesCore() = default;

void ServicesCore::Handle(uint64_t request, const ServicesCommand& command, Now now) {
  HandleCommand(*state_, request, command, now.mono);
}

void ServicesCore::Subscribed(const std::string& framework_id, const std::string& master, bool again,
                              Now now) {
  CoreState& state = *state_;
  if (state.header.framework_id() != framework_id) {
    state.header.set_framework_id(framework_id);
    state.Put(kHeaderKey, state.header);
  }
  state.connected = true;
  state.master = master;
  state.wanting_told = false;
  state.view_changed = true;
  const int64_t now_ms = state.Ms(now.mono);
  state.Event(SchedulerEvent(again ? "scheduler_reregistered_event" : "scheduler_registered_event",
                             framework_id, master, now_ms));
  // Offers and kills that were under way are lost: wants are told anew, kills repeated at once.
  state.instances.ForEach([&](const InstancePtr& instance) {
    if (instance->kill_wanted()) state.kill_timers.Set(instance->id(), now.mono);
  });
}

void ServicesCore::Disconnected(Now now) {
  CoreState& state = *state_;
  if (!state.connected) return;
  state.connected = false;
  state.view_changed = true;
  state.Event(SchedulerEvent("scheduler_disconnected_event", "", "", state.Ms(now.mono)));
}

void ServicesCore::HandleOffers(const std::vector<v1::Offer>& offers, Now now) {
  Settle(*state_, now);  // What is wanted is as of this turn.
  UseOffers(*state_, offers, now.mono);
}

void ServicesCore::HandleStatus(const v1::TaskStatus& status, Now now) {
  HandleStatusUpdate(*state_, status, now.mono);
}

void ServicesCore::HandleProbe(const ProbeResult& result, Now now) {
  Perform(*state_, state_->health.Handle(result, now), now.mono);
}

void ServicesCore::Tick(Now now) {
  CoreState& state = *state_;
  HandleInstanceTimers(state, now.mono);
  Perform(state, state.health.Tick(now), now.mono);
  Follow(state, state.deployments.Tick(state.Ms(now.mono)), now.mono);
}

ServicesCore::Effects ServicesCore::TakeEffects(Now now) {
  CoreState& state = *state_;
  Settle(state, now);
  SettleOfferWishes(state, now.mono);
  state.out.snapshot = MakeSnapshot(state);
  state.out.wake_at = NextWake(state);
  return std::exchange(state.out, Effects());
}

const std::string& ServicesCore::framework_id() const { return state_->header.framework_id(); }

std::set<std::string> ServicesCore::Roles() const {
  std::set<std::string> roles{state_->options.defaults.role};
  for (const auto& [role, apps] : state_->roles) roles.insert(role);
  return roles;
}

std::set<std::string> ServicesCore::WantingRoles(Now now) const {
  return state_->queue.WantingRoles(state_->Ms(now.mono));
}

std::vector<v1::TaskStatus> ServicesCore::AllTasks() const {
  std::vector<v1::TaskStatus> tasks;
  tasks.reserve(state_->instances.size());
  state_->instances.ForEach([&](const InstancePtr& instance) {
    v1::TaskStatus status;
    status.mutable_task_id()->set_value(instance->task_id());
    status.mutable_agent_id()->set_value(instance->agent_id());
    status.set_state(v1::TASK_STAGING);  // A required field, without meaning here.
    tasks.push_back(std::move(status));
  });
  return tasks;
}

}  // namespace meseta::services
