#include "frameworks/services/instances/instance_core.h"

#include <algorithm>
#include <utility>

namespace meseta::services {
namespace {

// The shortest time from UNREACHABLE to being forgotten, as Marathon looks for those every 30 s: an
// agent that is back at once brings its instances back.
constexpr int64_t kMinForgetMs = 30'000;

struct Strategy {
  bool enabled = true;
  int64_t inactive_ms = 0;  // After it became unreachable, as is the next.
  int64_t forget_ms = 0;
};

int64_t MillisOf(double seconds) { return static_cast<int64_t>(seconds * 1'000); }

Strategy StrategyOf(const Instance& instance, const AppSpec* app) {
  // Nobody waits for an instance of an app that is gone.
  if (app == nullptr) return {true, 0, 0};
  const auto& strategy = app->unreachable_strategy();
  if (strategy.disabled()) return {false, 0, 0};
  const int64_t inactive = MillisOf(strategy.inactive_after_seconds());
  const int64_t forget =
      std::max({MillisOf(strategy.expunge_after_seconds()), inactive, kMinForgetMs});
  // One that is to be killed is not awaited longer than it would be replaced.
  return {true, inactive, instance.kill_wanted() ? inactive : forget};
}

bool IsUnreachable(Condition condition) {
  return condition == Instance::UNREACHABLE || condition == Instance::UNREACHABLE_INACTIVE;
}

bool IsFailure(Condition condition) {
  switch (condition) {
    case Instance::FAILED:
    case Instance::ERROR:
    case Instance::GONE:
    case Instance::DROPPED:
    case Instance::UNKNOWN: return true;
    default: return false;
  }
}

bool DelaysLaunch(Condition condition) {
  return condition == Instance::FINISHED ||
         (IsFailure(condition) && condition != Instance::UNKNOWN);
}

// TASK_LOST says by its reason whether the task may come back.
Condition ConditionOf(const v1::TaskStatus& status) {
  if (status.state() != v1::TASK_LOST || !status.has_reason()) {
    return services::ConditionOf(status.state());
  }
  switch (status.reason()) {
    case v1::TaskStatus::REASON_RECONCILIATION:
    case v1::TaskStatus::REASON_AGENT_DISCONNECTED:
    case v1::TaskStatus::REASON_AGENT_REMOVED: return Instance::UNREACHABLE;
    case v1::TaskStatus::REASON_TASK_UNKNOWN: return Instance::UNKNOWN;
    default: return Instance::GONE;
  }
}

// An answer to an old question does not take a running task back to its beginning.
bool IsStale(Condition now, Condition said) {
  switch (now) {
    case Instance::STARTING: return said == Instance::STAGING;
    case Instance::RUNNING: return said == Instance::STAGING || said == Instance::STARTING;
    case Instance::KILLING:
      return said == Instance::STAGING || said == Instance::STARTING || said == Instance::RUNNING;
    default: return false;
  }
}

InstanceChange Ended(const Instance& instance, Condition condition, bool was_wanted) {
  InstanceChange change;
  change.kind = InstanceChange::Kind::kEnded;
  change.instance = instance;
  change.instance.set_condition(condition);
  change.failed = !was_wanted && IsFailure(condition);
  change.delays_launch = !was_wanted && DelaysLaunch(condition);
  return change;
}

// Each returns whether it changed something.
bool SetCondition(Instance* instance, Condition condition, const v1::TaskStatus& status,
                  int64_t now_ms) {
  const bool is_new = instance->condition() != condition;
  instance->set_condition(condition);
  if (condition == Instance::UNREACHABLE) {
    if (instance->has_unreachable_since()) return is_new;
    int64_t since = now_ms;
    if (status.has_unreachable_time()) {
      since = std::min(now_ms, status.unreachable_time().nanoseconds() / 1'000'000);
    }
    instance->set_unreachable_since(since);
    return true;
  }
  const bool was_away = instance->has_unreachable_since();
  instance->clear_unreachable_since();
  if (condition == Instance::RUNNING && !instance->has_started_at()) {
    instance->set_started_at(now_ms);
    return true;
  }
  return is_new || was_away;
}

bool SetPlace(Instance* instance, const v1::TaskStatus& status) {
  bool changed = false;
  if (instance->agent_id().empty() && status.has_agent_id()) {
    instance->set_agent_id(status.agent_id().value());
    changed = true;
  }
  std::vector<std::string> addresses;
  for (const auto& network : status.container_status().network_infos()) {
    for (const auto& address : network.ip_addresses()) {
      if (!address.ip_address().empty()) addresses.push_back(address.ip_address());
    }
  }
  if (addresses.empty() || std::equal(addresses.begin(), addresses.end(),
                                      instance->ip_addresses().begin(),
                                      instance->ip_addresses().end())) {
    return changed;
  }
  instance->clear_ip_addresses();
  for (std::string& address : addresses) instance->add_ip_addresses(std::move(address));
  return true;
}

bool SetHealth(Instance* instance, bool healthy, int64_t now_ms) {
  if (instance->has_healthy() && instance->healthy() == healthy) return false;
  instance->set_healthy(healthy);
  if (healthy && !instance->has_first_healthy_at()) instance->set_first_healthy_at(now_ms);
  return true;
}

bool IsByAgent(const internal::AppHealthCheck& check) {
  return check.protocol() >= internal::AppHealthCheck::COMMAND;
}

// What the agent found counts for the whole instance only as far as its checks are all there are:
// beside checks of the framework, it can only make the instance unhealthy.
bool SetAgentHealth(Instance* instance, const v1::TaskStatus& status, const AppSpec* app,
                    int64_t now_ms) {
  if (!status.has_healthy() || app == nullptr) return false;
  const auto& checks = app->health_checks();
  if (std::none_of(checks.begin(), checks.end(), IsByAgent)) return false;
  if (status.healthy() && !std::all_of(checks.begin(), checks.end(), IsByAgent)) return false;
  return SetHealth(instance, status.healthy(), now_ms);
}

}  // namespace

InstanceChange OnStatus(const Instance& instance, const v1::TaskStatus& status, const AppSpec* app,
                        int64_t now_ms) {
  if (status.task_id().value() != instance.task_id()) return {};
  Condition said = ConditionOf(status);
  if (IsTerminal(said)) return Ended(instance, said, instance.kill_wanted());

  InstanceChange change;
  change.instance = instance;
  bool changed = SetPlace(&change.instance, status);
  if (said == Instance::UNREACHABLE) {
    if (instance.condition() == Instance::UNREACHABLE_INACTIVE) said = instance.condition();
  } else {
    change.health_changed = SetAgentHealth(&change.instance, status, app, now_ms);
  }
  if (said != Instance::UNREACHABLE_INACTIVE && !IsStale(instance.condition(), said)) {
    changed |= SetCondition(&change.instance, said, status, now_ms);
  }
  if (changed || change.health_changed) change.kind = InstanceChange::Kind::kUpdated;
  if (IsUnreachable(change.instance.condition())) {
    InstanceChange later = OnTime(change.instance, app, now_ms);
    if (later.kind != InstanceChange::Kind::kNone) return later;
  }
  return change;
}

InstanceChange OnHealth(const Instance& instance, bool healthy, int64_t now_ms) {
  InstanceChange change;
  change.instance = instance;
  change.health_changed = SetHealth(&change.instance, healthy, now_ms);
  if (change.health_changed) change.kind = InstanceChange::Kind::kUpdated;
  return change;
}

InstanceChange OnReady(const Instance& instance) {
  InstanceChange change;
  change.instance = instance;
  if (instance.ready()) return change;
  change.instance.set_ready(true);
  change.kind = InstanceChange::Kind::kUpdated;
  return change;
}

InstanceChange WantKill(const Instance& instance, std::string reason) {
  InstanceChange change;
  change.instance = instance;
  if (instance.kill_wanted()) return change;
  change.instance.set_kill_wanted(true);
  change.instance.set_kill_reason(std::move(reason));
  change.kind = InstanceChange::Kind::kUpdated;
  return change;
}

InstanceChange OnTime(const Instance& instance, const AppSpec* app, int64_t now_ms) {
  InstanceChange change;
  change.instance = instance;
  if (!IsUnreachable(instance.condition())) return change;
  const Strategy strategy = StrategyOf(instance, app);
  if (!strategy.enabled) return change;
  const int64_t silent_ms = now_ms - instance.unreachable_since();
  if (silent_ms >= strategy.forget_ms) {
    change = Ended(instance, Instance::UNKNOWN, instance.kill_wanted());
  } else if (silent_ms >= strategy.inactive_ms && instance.condition() == Instance::UNREACHABLE) {
    change.instance.set_condition(Instance::UNREACHABLE_INACTIVE);
    change.kind = InstanceChange::Kind::kUpdated;
  }
  return change;
}

std::optional<int64_t> NextTimeMs(const Instance& instance, const AppSpec* app) {
  if (!IsUnreachable(instance.condition())) return std::nullopt;
  const Strategy strategy = StrategyOf(instance, app);
  if (!strategy.enabled) return std::nullopt;
  const bool waits_first =
      instance.condition() == Instance::UNREACHABLE && strategy.inactive_ms < strategy.forget_ms;
  return instance.unreachable_since() + (waits_first ? strategy.inactive_ms : strategy.forget_ms);
}

Condition ConditionOf(v1::TaskState state) {
  switch (state) {
    case v1::TASK_STAGING: return Instance::STAGING;
    case v1::TASK_STARTING: return Instance::STARTING;
    case v1::TASK_RUNNING: return Instance::RUNNING;
    case v1::TASK_KILLING: return Instance::KILLING;
    case v1::TASK_FINISHED: return Instance::FINISHED;
    case v1::TASK_FAILED: return Instance::FAILED;
    case v1::TASK_KILLED: return Instance::KILLED;
    case v1::TASK_ERROR: return Instance::ERROR;
    case v1::TASK_DROPPED: return Instance::DROPPED;
    case v1::TASK_GONE:
    case v1::TASK_GONE_BY_OPERATOR: return Instance::GONE;
    case v1::TASK_UNKNOWN: return Instance::UNKNOWN;
    case v1::TASK_LOST:
    case v1::TASK_UNREACHABLE: break;
  }
  return Instance::UNREACHABLE;
}

std::string_view ConditionName(Condition condition) {
  switch (condition) {
    case Instance::PROVISIONED: return "Provisioned";
    case Instance::STAGING: return "Staging";
    case Instance::STARTING: return "Starting";
    case Instance::RUNNING: return "Running";
    case Instance::KILLING: return "Killing";
    case Instance::UNREACHABLE: return "Unreachable";
    case Instance::UNREACHABLE_INACTIVE: return "UnreachableInactive";
    case Instance::FINISHED: return "Finished";
    case Instance::FAILED: return "Failed";
    case Instance::KILLED: return "Killed";
    case Instance::ERROR: return "Error";
    case Instance::GONE: return "Gone";
    case Instance::DROPPED: return "Dropped";
    case Instance::UNKNOWN: break;
  }
  return "Unknown";
}

std::string_view TaskStateName(Condition condition) {
  switch (condition) {
    case Instance::PROVISIONED:
    case Instance::STAGING: return "TASK_STAGING";
    case Instance::STARTING: return "TASK_STARTING";
    case Instance::RUNNING: return "TASK_RUNNING";
    case Instance::KILLING: return "TASK_KILLING";
    case Instance::UNREACHABLE:
    case Instance::UNREACHABLE_INACTIVE: return "TASK_UNREACHABLE";
    case Instance::FINISHED: return "TASK_FINISHED";
    case Instance::FAILED: return "TASK_FAILED";
    case Instance::KILLED: return "TASK_KILLED";
    case Instance::ERROR: return "TASK_ERROR";
    case Instance::GONE: return "TASK_GONE";
    case Instance::DROPPED: return "TASK_DROPPED";
    case Instance::UNKNOWN: break;
  }
  return "TASK_UNKNOWN";
}

bool IsTerminal(Condition condition) { return condition >= Instance::FINISHED; }

}  // namespace meseta::services
