// What is asked of whom, and where an instance's health starts.
#include <algorithm>
#include <cmath>

#include "frameworks/services/health/health_core.h"
#include "frameworks/services/health/probe_target.h"

namespace meseta::services {
namespace {

constexpr Duration kMinInterval = Duration::Millis(100);
constexpr Duration kMinTimeout = Duration::Millis(10);

bool HasChecks(const AppSpec& app) {
  return app.readiness_checks_size() > 0 ||
         std::any_of(app.health_checks().begin(), app.health_checks().end(), IsOurs);
}

// The n-th of a series that is even over [0, interval) however far it goes.
Duration Slot(uint64_t n, Duration interval) {
  constexpr double kGoldenRatio = 0.6180339887498949;
  const double turns = static_cast<double>(n % 1'000'000) * kGoldenRatio;
  return Duration::FromSecondsDouble((turns - std::floor(turns)) * interval.seconds());
}

}  // namespace

void HealthCore::Update(AppHealth& app, const Checked& checked, Now now) {
  const std::string& id = checked.instance->id();
  const auto [found, added] = targets_.try_emplace(id);
  Target& target = found->second;
  if (!added && target.instance == checked.instance) return;
  target.instance = checked.instance;
  if (added) {
    target.app = checked.app;
    app.instances.insert(id);
    AddChecks(app, target);
    StartFromRecord(target);
    changed_.insert(id);
  }
  // Ports are fixed, addresses come with the first status.
  for (Check& check : target.checks) {
    check.target =
        check.readiness
            ? TargetOf(*target.app, *target.instance, target.app->readiness_checks(check.index))
            : TargetOf(*target.app, *target.instance, target.app->health_checks(check.index));
    check.target.timeout = std::max(check.target.timeout, kMinTimeout);
  }
  SetRunning(app, id, target, now);
}

void HealthCore::AddChecks(AppHealth& app, Target& target) {
  const uint64_t slot = app.slots++;
  const auto add = [&](bool readiness, int index, double interval_seconds) {
    Check& check = target.checks.emplace_back();
    check.readiness = readiness;
    check.index = index;
    check.interval = std::max(Duration::FromSecondsDouble(interval_seconds), kMinInterval);
    check.phase = Slot(slot, check.interval);
  };
  for (int i = 0; i < target.app->health_checks_size(); ++i) {
    const internal::AppHealthCheck& check = target.app->health_checks(i);
    if (IsOurs(check)) add(false, i, check.interval_seconds());
  }
  for (int i = 0; i < target.app->readiness_checks_size(); ++i) {
    const internal::AppReadinessCheck& check = target.app->readiness_checks(i);
    add(true, i, check.interval_seconds());
    target.checks.back().ready.name = check.name();
  }
}

void HealthCore::StartFromRecord(Target& target) {
  const Instance& instance = *target.instance;
  if (instance.has_healthy()) target.healthy = instance.healthy();
  for (Check& check : target.checks) {
    if (check.readiness) {
      check.done = check.ready.ready = instance.ready();
      continue;
    }
    check.health.first_success_ms = instance.first_healthy_at();
    if (!instance.has_healthy()) continue;
    check.known = true;
    check.health.alive = instance.healthy();
  }
}

HealthCore::Effects HealthCore::SetInstances(const Path& path,
                                             const std::vector<Checked>& instances, Now now) {
  std::set<std::string> present;
  for (const Checked& checked : instances) {
    if (HasChecks(*checked.app)) present.insert(checked.instance->id());
  }
  if (present.empty() && apps_.count(path) == 0) return Take();
  AppHealth& app = apps_[path];
  app.wanted = 0;
  std::vector<std::string> gone;
  for (const std::string& id : app.instances) {
    if (present.count(id) == 0) gone.push_back(id);
  }
  for (const std::string& id : gone) Drop(app, id);
  for (const Checked& checked : instances) {
    app.wanted = std::max<size_t>(app.wanted, checked.app->instances());
    if (present.count(checked.instance->id()) > 0) Update(app, checked, now);
  }
  const auto is_running = [&](const std::string& id) {
    const Target& target = targets_.at(id);
    return target.running && !target.killed;
  };
  const auto running = std::count_if(app.instances.begin(), app.instances.end(), is_running);
  if (static_cast<size_t>(running) >= app.wanted) app.unreplaced = 0;
  ConsiderKills(app);
  if (app.instances.empty()) apps_.erase(path);
  StartProbes(now);
  return Take();
}

HealthCore::Effects HealthCore::Forget(const Path& path) {
  const auto app = apps_.find(path);
  if (app == apps_.end()) return Take();
  const std::set<std::string> instances = app->second.instances;
  for (const std::string& id : instances) Drop(app->second, id);
  apps_.erase(app);
  return Take();
}

}  // namespace meseta::services
