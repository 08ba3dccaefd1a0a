#include "frameworks/services/deploy/reconcile.h"

#include <algorithm>
#include <cmath>
#include <set>

namespace meseta::services {
namespace {

using Instances = std::vector<InstancePtr>;

bool IsAway(const Instance& instance) {
  return instance.condition() == Instance::UNREACHABLE ||
         instance.condition() == Instance::UNREACHABLE_INACTIVE;
}

uint32_t SizeOf(const Instances& instances) { return static_cast<uint32_t>(instances.size()); }

uint32_t Minus(uint32_t a, uint32_t b) { return a > b ? a - b : 0; }

// Of another version than the wanted one, whose checks are not known here. What never had a check
// counts as healthy: it served before the deployment, too.
bool IsGoodOld(const Instance& instance) {
  return instance.condition() == Instance::RUNNING && !instance.kill_wanted() &&
         (!instance.has_healthy() || instance.healthy());
}

bool IsWantedVersion(const AppSpec& app, const Instance& instance) {
  return instance.config_version() == app.last_config_change_at();
}

bool IsGoodAnyVersion(const AppSpec& app, const Instance& instance) {
  return IsWantedVersion(app, instance) ? IsGood(app, instance) : IsGoodOld(instance);
}

// What there is, as the modes see it.
struct Census {
  Instances fresh;      // Of the wanted config version, active, not being killed.
  Instances old;        // Of others, the same.
  Instances given_up;   // UNREACHABLE_INACTIVE, not being killed.
  uint32_t dying = 0;        // Being killed and active: their resources are in use.
  uint32_t dying_here = 0;   // Of them, those whose end is to be expected soon.
  uint32_t old_recorded = 0; // Of other config versions, in whatever condition.

  [[nodiscard]] uint32_t active() const { return SizeOf(fresh) + SizeOf(old) + dying; }
};

Census Count(const AppSpec& app, const Instances& instances) {
  Census census;
  for (const InstancePtr& instance : instances) {
    const bool fresh = IsWantedVersion(app, *instance);
    if (!fresh) ++census.old_recorded;
    if (instance->kill_wanted()) {
      if (IsActive(*instance)) ++census.dying;
      if (!IsAway(*instance)) ++census.dying_here;
    } else if (!IsActive(*instance)) {
      census.given_up.push_back(instance);
    } else {
      (fresh ? census.fresh : census.old).push_back(instance);
    }
  }
  return census;
}

AppDecision Stop(const Instances& instances) {
  AppDecision decision;
  for (const InstancePtr& instance : instances) {
    if (!instance->kill_wanted()) decision.kill.push_back(instance->id());
  }
  decision.left = SizeOf(instances);
  decision.done = instances.empty();
  return decision;
}

// kKeep and kScale: as many as wanted, of whatever version. Those that are being killed keep their
// place until they are gone, so there are never more than wanted on our account.
AppDecision Hold(const AppGoal& goal, const Census& census) {
  AppDecision decision;
  Instances running = census.fresh;
  running.insert(running.end(), census.old.begin(), census.old.end());
  const std::set<std::string> named(goal.kill_first.begin(), goal.kill_first.end());
  const auto sentenced = static_cast<uint32_t>(
      std::count_if(running.begin(), running.end(),
                    [&](const InstancePtr& one) { return named.count(one->id()) > 0; }));
  const uint32_t kills = std::max(Minus(SizeOf(running), goal.target), sentenced);
  if (kills > 0) {
    const Instances order = KillOrder(*goal.app, running, goal.kill_first, kills);
    for (uint32_t i = 0; i < kills; ++i) decision.kill.push_back(order[i]->id());
  }
  decision.launch = Minus(goal.target, census.active());
  decision.good = static_cast<uint32_t>(
      std::count_if(running.begin(), running.end(), [&](const InstancePtr& one) {
        return IsGoodAnyVersion(*goal.app, *one);
      }));
  decision.left = Minus(census.active(), goal.target);
  decision.done = kills == 0 && SizeOf(running) == goal.target &&
                  decision.good == goal.target && census.dying_here == 0;
  return decision;
}

// Surplus of the wanted version: those that are not good go first, whatever the kill selection says.
Instances Surplus(const AppGoal& goal, const Instances& fresh) {
  const uint32_t surplus = Minus(SizeOf(fresh), goal.target);
  if (surplus == 0) return {};
  Instances order = KillOrder(*goal.app, fresh, goal.kill_first, surplus);
  std::stable_partition(order.begin(), order.end(),
                        [&](const InstancePtr& one) { return !IsGood(*goal.app, *one); });
  order.resize(surplus);
  return order;
}

// The old ones that stay for now: as many as health needs beside the good new ones, the best of
// them. One that has not started yet would only be in the way.
Instances OldToKill(const AppGoal& goal, const Instances& old, uint32_t keep) {
  Instances order = KillOrder(*goal.app, old, goal.kill_first, Minus(SizeOf(old), keep));
  const auto rank = [](const InstancePtr& one) {
    switch (one->condition()) {
      case Instance::PROVISIONED:
      case Instance::STAGING:
      case Instance::STARTING: return 0;
      case Instance::RUNNING:
        if (!IsGoodOld(*one)) return 1;
        return one->has_healthy() ? 3 : 2;  // It is not known of the first how healthy it is.
      default: return 1;
    }
  };
  std::stable_sort(order.begin(), order.end(), [&](const InstancePtr& a, const InstancePtr& b) {
    return rank(a) < rank(b);
  });
  const auto first_started =
      std::find_if(order.begin(), order.end(), [&](const InstancePtr& one) { return rank(one) > 0; });
  const auto not_started = static_cast<uint32_t>(first_started - order.begin());
  order.resize(std::max(not_started, Minus(SizeOf(old), keep)));
  return order;
}

AppDecision Roll(const AppGoal& goal, const Census& census) {
  AppDecision decision;
  const AppSpec& app = *goal.app;
  const Capacity capacity = CapacityOf(app, goal.target);
  for (const InstancePtr& one : census.given_up) {
    if (!IsWantedVersion(app, *one)) decision.kill.push_back(one->id());
  }
  const Instances surplus = Surplus(goal, census.fresh);
  for (const InstancePtr& one : surplus) decision.kill.push_back(one->id());
  const auto all_good = static_cast<uint32_t>(
      std::count_if(census.fresh.begin(), census.fresh.end(),
                    [&](const InstancePtr& one) { return IsGood(app, *one); }));
  decision.good = std::min(all_good, goal.target);
  for (const InstancePtr& one :
       OldToKill(goal, census.old, Minus(capacity.min_healthy, decision.good))) {
    decision.kill.push_back(one->id());
  }
  const uint32_t missing = Minus(goal.target, SizeOf(census.fresh));
  decision.launch = std::min(missing, Minus(capacity.max_active, census.active()));
  decision.left = census.old_recorded;
  decision.done = decision.kill.empty() && missing == 0 && decision.good == goal.target &&
                  census.old_recorded == 0;
  return decision;
}

}  // namespace

Capacity CapacityOf(const AppSpec& app, uint32_t instances) {
  constexpr double kRounding = 1e-9;  // 0.55 * 100 is not quite 55.
  const auto& strategy = app.upgrade_strategy();
  Capacity capacity;
  capacity.min_healthy = static_cast<uint32_t>(
      std::ceil(instances * strategy.minimum_health_capacity() - kRounding));
  capacity.max_active = static_cast<uint32_t>(
      std::floor(instances * (1 + strategy.maximum_over_capacity()) + kRounding));
  if (capacity.min_healthy >= capacity.max_active) capacity.max_active = capacity.min_healthy + 1;
  return capacity;
}

AppDecision Reconcile(const AppGoal& goal, const std::vector<InstancePtr>& instances,
                      int64_t /*now_ms*/) {
  if (goal.mode == AppGoal::Mode::kStop || goal.app == nullptr) return Stop(instances);
  const Census census = Count(*goal.app, instances);
  return goal.mode == AppGoal::Mode::kRestart ? Roll(goal, census) : Hold(goal, census);
}

bool IsActive(const Instance& instance) {
  return instance.condition() < Instance::UNREACHABLE_INACTIVE;
}

bool IsGood(const AppSpec& app, const Instance& instance) {
  return instance.condition() == Instance::RUNNING && !instance.kill_wanted() &&
         (app.health_checks_size() == 0 || instance.healthy()) &&
         (app.readiness_checks_size() == 0 || instance.ready());
}

}  // namespace meseta::services
