// When probes are due, what their results mean, and whom to kill.
#include "frameworks/services/health/health_core.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "frameworks/services/health/probe_target.h"

namespace meseta::services {
namespace {

int64_t Millis(WallTime time) { return time.nanos() / 1'000'000; }

bool IsGood(const ProbeTarget& target, const ProbeResult& result) {
  if (!result.answered) return false;
  if (target.kind == ProbeTarget::Kind::kTcp) return true;
  return result.status >= 200 && result.status < 400;
}

std::string CauseOf(const ProbeResult& result) {
  if (!result.problem.empty()) return result.problem;
  return "HTTP status " + std::to_string(result.status);
}

bool InGrace(const Instance& instance, const internal::AppHealthCheck& check,
             const CheckHealth& health, Now now) {
  if (health.first_success_ms != 0) return false;
  const int64_t since = instance.started_at() != 0 ? instance.started_at() : instance.staged_at();
  const Duration grace = Duration::FromSecondsDouble(check.grace_period_seconds());
  return Millis(now.wall) - since < grace.millis();
}

bool IsOverdue(const internal::AppHealthCheck& check, const CheckHealth& health) {
  return check.max_consecutive_failures() > 0 &&
         health.consecutive_failures >= check.max_consecutive_failures();
}

}  // namespace

HealthCore::HealthCore(Rng rng) : rng_(rng) {}

// ---- when

void HealthCore::SetDue(const std::string& id, Target& target, size_t index,
                        std::optional<Time> due) {
  Check& check = target.checks[index];
  if (check.due) due_.erase({*check.due, {id, index}});
  check.due = due;
  if (due) due_.insert({*due, {id, index}});
}

void HealthCore::SetRunning(AppHealth& app, const std::string& id, Target& target, Now now) {
  const Instance& instance = *target.instance;
  const bool running = instance.condition() == Instance::RUNNING && !instance.kill_wanted();
  if (running == target.running) return;
  target.running = running;
  if (running && !target.has_run) {
    target.has_run = true;
    if (app.unreplaced > 0) --app.unreplaced;
  }
  if (!running) app.condemned.erase(id);
  for (size_t i = 0; i < target.checks.size(); ++i) {
    Check& check = target.checks[i];
    if (!running) {
      SetDue(id, target, i, std::nullopt);
      flights_.erase(check.in_flight);
      check.in_flight = 0;
    } else if (!check.done) {
      // Those whose health is known can wait for their slot.
      const Duration first = check.known ? check.interval : std::min(check.interval, kFirstDelay);
      const double share =
          check.known ? check.phase.seconds() / check.interval.seconds() : rng_.Uniform();
      SetDue(id, target, i, now.mono + Duration::FromSecondsDouble(first.seconds() * share));
    }
  }
}

void HealthCore::Reschedule(const std::string& id, Target& target, size_t index, Time started,
                            Now now) {
  const Check& check = target.checks[index];
  if (check.done || !target.running) return;
  const bool first = check.readiness || check.health.first_success_ms == 0;
  const bool in_grace =
      check.readiness ||
      InGrace(*target.instance, target.app->health_checks(check.index), check.health, now);
  if (first && in_grace && check.interval > kFirstInterval) {
    SetDue(id, target, index, now.mono + kFirstInterval);
    return;
  }
  // The next of its slots, but not too soon after the last probe began.
  const Time from = std::max(now.mono, started + check.interval / 2);
  const int64_t interval = check.interval.nanos();
  const int64_t behind = from.nanos() - check.phase.nanos();
  const int64_t slots = behind <= 0 ? 0 : (behind + interval - 1) / interval;
  SetDue(id, target, index, Time::FromNanos(slots * interval + check.phase.nanos()));
}

void HealthCore::StartProbes(Now now) {
  while (flights_.size() < kMaxProbesAtOnce && !due_.empty() && due_.begin()->first <= now.mono) {
    const auto [id, index] = due_.begin()->second;
    Target& target = targets_.at(id);
    SetDue(id, target, index, std::nullopt);
    Check& check = target.checks[index];
    check.in_flight = next_probe_++;
    Flight& flight = flights_[check.in_flight];
    flight.instance = id;
    flight.check = index;
    flight.started = now.mono;
    flight.deadline = now.mono + check.target.timeout + kLateResult;
    Probe& probe = effects_.probes.emplace_back();
    probe.id = check.in_flight;
    probe.target = check.target;
  }
}

HealthCore::Effects HealthCore::Handle(const ProbeResult& result, Now now) {
  const auto found = flights_.find(result.id);
  if (found != flights_.end()) {
    const Flight flight = found->second;
    flights_.erase(found);
    Target& target = targets_.at(flight.instance);
    target.checks[flight.check].in_flight = 0;
    Judge(flight.instance, flight.check, result, now);
    Reschedule(flight.instance, target, flight.check, flight.started, now);
  }
  StartProbes(now);
  return Take();
}

HealthCore::Effects HealthCore::Tick(Now now) {
  std::vector<uint64_t> late;
  for (const auto& [probe, flight] : flights_) {
    if (flight.deadline <= now.mono) late.push_back(probe);
  }
  for (const uint64_t probe : late) {
    const Flight flight = flights_.at(probe);
    flights_.erase(probe);
    Target& target = targets_.at(flight.instance);
    target.checks[flight.check].in_flight = 0;
    ProbeResult result;
    result.id = probe;
    result.problem = "the check did not come to an end";
    Judge(flight.instance, flight.check, result, now);
    Reschedule(flight.instance, target, flight.check, flight.started, now);
  }
  StartProbes(now);
  return Take();
}

std::optional<Time> HealthCore::NextTime() const {
  std::optional<Time> next;
  if (!due_.empty() && flights_.size() < kMaxProbesAtOnce) next = due_.begin()->first;
  for (const auto& [probe, flight] : flights_)
    next = std::min(next.value_or(flight.deadline), flight.deadline);
  return next;
}

HealthCore::Effects HealthCore::Take() {
  effects_.wake_at = NextTime();
  return std::exchange(effects_, {});
}

void HealthCore::Drop(AppHealth& app, const std::string& id) {
  Target& target = targets_.at(id);
  for (size_t i = 0; i < target.checks.size(); ++i) {
    SetDue(id, target, i, std::nullopt);
    flights_.erase(target.checks[i].in_flight);
  }
  if (target.killed) ++app.unreplaced;
  app.instances.erase(id);
  app.condemned.erase(id);
  targets_.erase(id);
  changed_.insert(id);
}

// ---- what the answers mean

void HealthCore::Judge(const std::string& id, size_t index, const ProbeResult& result, Now now) {
  Target& target = targets_.at(id);
  Check& check = target.checks[index];
  if (check.readiness)
    OnReadiness(id, target, check, result);
  else
    OnHealth(id, target, check, result, now);
}

void HealthCore::OnHealth(const std::string& id, Target& target, Check& check,
                          const ProbeResult& result, Now now) {
  const internal::AppHealthCheck& definition = target.app->health_checks(check.index);
  const bool informational = result.answered && result.status >= 100 && result.status < 200;
  if (informational && definition.ignore_http_1xx()) return;
  const bool good = IsGood(check.target, result);
  if (!good && InGrace(*target.instance, definition, check.health, now)) return;
  AppHealth& app = apps_.at(target.instance->app());
  CheckHealth& health = check.health;
  changed_.insert(id);
  check.known = true;
  health.alive = good;
  if (good) {
    health.consecutive_failures = 0;
    health.last_success_ms = Millis(now.wall);
    if (health.first_success_ms == 0) health.first_success_ms = health.last_success_ms;
    const bool overdue =
        std::any_of(target.checks.begin(), target.checks.end(), [&](const Check& other) {
          return !other.readiness &&
                 IsOverdue(target.app->health_checks(other.index), other.health);
        });
    if (!overdue) app.condemned.erase(id);
  } else {
    ++health.consecutive_failures;
    health.last_failure_ms = Millis(now.wall);
    health.last_failure_cause = CauseOf(result);
    effects_.failed.push_back({id, static_cast<uint32_t>(check.index)});
    if (IsOverdue(definition, health) && !target.killed) app.condemned.insert(id);
  }
  TellHealth(id, target);
  ConsiderKills(app);
}

void HealthCore::TellHealth(const std::string& id, Target& target) {
  bool all_known = true;
  bool all_alive = true;
  for (const Check& check : target.checks) {
    if (check.readiness) continue;
    all_known &= check.known;
    all_alive &= check.health.alive;
  }
  if (!all_known || target.healthy == all_alive) return;
  target.healthy = all_alive;
  effects_.health.push_back({id, all_alive});
}

void HealthCore::OnReadiness(const std::string& id, Target& target, Check& check,
                             const ProbeResult& result) {
  const internal::AppReadinessCheck& definition = target.app->readiness_checks(check.index);
  const auto& codes = definition.http_status_codes_for_ready();
  changed_.insert(id);
  check.ready.status = result.answered ? result.status : 0;
  check.ready.content_type = result.content_type;
  check.ready.body = definition.preserve_last_response() ? result.body : "";
  check.ready.ready =
      result.answered &&
      std::find(codes.begin(), codes.end(), static_cast<uint32_t>(result.status)) != codes.end();
  if (!check.ready.ready) return;
  check.done = true;
  const bool all = std::all_of(target.checks.begin(), target.checks.end(),
                               [](const Check& other) { return !other.readiness || other.done; });
  if (all) effects_.ready.push_back(id);
}

// Longest failing first; the others have to wait until these are replaced.
void HealthCore::ConsiderKills(AppHealth& app) {
  if (app.condemned.empty()) return;
  const size_t instances = std::max(app.wanted, app.instances.size());
  const auto share =
      static_cast<size_t>(std::floor(kMaxKilledShare * static_cast<double>(instances)));
  const auto is_killed = [&](const std::string& id) { return targets_.at(id).killed; };
  size_t down = app.unreplaced + static_cast<size_t>(std::count_if(app.instances.begin(),
                                                                   app.instances.end(), is_killed));
  while (down < std::max<size_t>(share, 1) && !app.condemned.empty()) {
    std::string worst;
    const CheckHealth* worst_health = nullptr;
    for (const std::string& id : app.condemned) {
      for (const Check& check : targets_.at(id).checks) {
        if (check.readiness ||
            (worst_health != nullptr &&
             check.health.consecutive_failures <= worst_health->consecutive_failures)) {
          continue;
        }
        worst = id;
        worst_health = &check.health;
      }
    }
    targets_.at(worst).killed = true;
    effects_.kills.push_back({worst, worst_health->last_failure_cause});
    app.condemned.erase(worst);
    ++down;
  }
}

// ---- for the API

std::vector<CheckHealth> HealthCore::HealthOf(const std::string& instance) const {
  std::vector<CheckHealth> health;
  const auto target = targets_.find(instance);
  if (target == targets_.end()) return health;
  for (const Check& check : target->second.checks) {
    if (!check.readiness) health.push_back(check.health);
  }
  return health;
}

std::vector<Readiness> HealthCore::ReadinessOf(const std::string& instance) const {
  std::vector<Readiness> readiness;
  const auto target = targets_.find(instance);
  if (target == targets_.end()) return readiness;
  for (const Check& check : target->second.checks) {
    if (check.readiness) readiness.push_back(check.ready);
  }
  return readiness;
}

std::vector<std::string> HealthCore::TakeChanged() {
  std::vector<std::string> changed(changed_.begin(), changed_.end());
  changed_.clear();
  return changed;
}

}  // namespace meseta::services
