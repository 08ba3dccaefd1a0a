// HealthCore: health and readiness checks that the framework itself does (HTTP, HTTPS, TCP): whom
// to probe when, what the results mean, and which instances to kill. Pure.
//
// An instance is healthy when the last result of each of its checks was good. Failures within the
// grace period before the first success do not count. Not healthy for maxConsecutiveFailures in a
// row: it is killed, but never more than a share of an app's instances at once (kMaxKilledShare),
// so that a broken check or dependency does not take a whole app down. Probes of one check are
// spread evenly over its interval.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "actors/base/rng.h"
#include "actors/base/time.h"
#include "frameworks/services/model/types.h"

namespace meseta::services {

struct ProbeTarget {
  enum class Kind { kHttp, kHttps, kTcp };
  Kind kind = Kind::kHttp;
  std::string host;
  uint32_t port = 0;
  std::string path = "/";
  Duration timeout;
  bool keep_body = false;  // Of readiness checks that preserve the last response.
  auto operator<=>(const ProbeTarget&) const = default;
};
struct Probe {
  uint64_t id = 0;
  ProbeTarget target;
};
struct ProbeResult {
  uint64_t id = 0;
  bool answered = false;  // HTTP: there was a status; TCP: it connected.
  int status = 0;
  std::string content_type;
  std::string body;     // Bounded; only if asked for.
  std::string problem;  // Why it is bad: a sentence, or the status ("503 Service Unavailable").
};

// State of one check of one instance, for the API.
struct CheckHealth {
  bool alive = false;
  uint32_t consecutive_failures = 0;
  int64_t first_success_ms = 0;  // 0: none yet, as below.
  int64_t last_success_ms = 0;
  int64_t last_failure_ms = 0;
  std::string last_failure_cause;
};
struct Readiness {
  std::string name;
  bool ready = false;
  int status = 0;  // Of the last response; 0: none.
  std::string content_type;
  std::string body;
};

class HealthCore {
 public:
  static constexpr size_t kMaxProbesAtOnce = 500;
  // Of an app's instances, at least one: killed for bad health and not replaced yet.
  static constexpr double kMaxKilledShare = 0.34;

  explicit HealthCore(Rng rng);

  struct Effects {
    std::vector<Probe> probes;
    struct HealthChanged {
      std::string instance;
      bool healthy;
    };
    std::vector<HealthChanged> health;  // Of the whole instance.
    std::vector<std::string> ready;     // Instances whose readiness checks have passed.
    struct Kill {
      std::string instance;
      std::string reason;
    };
    std::vector<Kill> kills;
    struct CheckFailed {
      std::string instance;
      uint32_t check = 0;
    };
    std::vector<CheckFailed> failed;  // For failed_health_check_event.
    std::optional<Time> wake_at;
  };

  struct Checked {
    InstancePtr instance;
    AppPtr app;  // In the version that the instance was launched with.
  };
  // Instances of one app as they are now; runs probes for those that run, and forgets the others.
  // What is recorded of their health is where they start (kept over a failover).
  Effects SetInstances(const Path& app, const std::vector<Checked>& instances, Now now);
  Effects Forget(const Path& app);
  Effects Handle(const ProbeResult& result, Now now);
  Effects Tick(Now now);

  // For the API; empty when it has none of its own.
  [[nodiscard]] std::vector<CheckHealth> HealthOf(const std::string& instance) const;
  [[nodiscard]] std::vector<Readiness> ReadinessOf(const std::string& instance) const;
  // Instances for which these are others since the last call.
  [[nodiscard]] std::vector<std::string> TakeChanged();

  // When Tick() has something to do; as `wake_at`.
  [[nodiscard]] std::optional<Time> NextTime() const;

  // Until an instance has been healthy or ready once, it is asked this often at least, and the
  // first time this soon.
  static constexpr Duration kFirstInterval = Duration::Seconds(5);
  static constexpr Duration kFirstDelay = Duration::Seconds(1);
  // Beyond its timeout, a probe without a result counts as failed.
  static constexpr Duration kLateResult = Duration::Seconds(30);

 private:
  // One check of one instance; readiness is asked for in the same way.
  struct Check {
    bool readiness = false;
    int index = 0;  // Among the app's health checks, or its readiness checks.
    ProbeTarget target;
    Duration interval;
    Duration phase;           // Its slot within the interval.
    std::optional<Time> due;  // Unset: in flight, done or not running.
    uint64_t in_flight = 0;   // Its probe; 0: none.
    bool known = false;       // `health.alive` means something.
    bool done = false;        // Readiness: passed.
    CheckHealth health;
    Readiness ready;
  };
  // An instance that has checks.
  struct Target {
    InstancePtr instance;
    AppPtr app;
    std::vector<Check> checks;
    std::optional<bool> healthy;  // As was told, or is recorded.
    bool killed = false;          // We said so; whoever performs it repeats it until it is done.
    bool running = false;
    bool has_run = false;
  };
  struct AppHealth {
    std::set<std::string> instances;  // That have checks.
    std::set<std::string> condemned;  // To be killed, as soon as the share allows it.
    size_t unreplaced = 0;            // Killed by us and gone, and no new one runs instead.
    size_t wanted = 0;                // Instances, by the definition.
    uint64_t slots = 0;               // Given so far.
  };
  struct Flight {
    std::string instance;
    size_t check = 0;
    Time started;
    Time deadline;
  };
  using DueKey = std::pair<Time, std::pair<std::string, size_t>>;  // When, instance, check.

  // health_targets.cc: what is asked of whom.
  void Update(AppHealth& app, const Checked& checked, Now now);
  void AddChecks(AppHealth& app, Target& target);
  static void StartFromRecord(Target& target);

  // health_core.cc: when, and what the answers mean.
  void SetRunning(AppHealth& app, const std::string& id, Target& target, Now now);
  void SetDue(const std::string& id, Target& target, size_t check, std::optional<Time> due);
  void Reschedule(const std::string& id, Target& target, size_t check, Time started, Now now);
  void Drop(AppHealth& app, const std::string& id);
  void StartProbes(Now now);
  void Judge(const std::string& id, size_t check, const ProbeResult& result, Now now);
  void OnHealth(const std::string& id, Target& target, Check& check, const ProbeResult& result,
                Now now);
  void OnReadiness(const std::string& id, Target& target, Check& check, const ProbeResult& result);
  void TellHealth(const std::string& id, Target& target);
  void ConsiderKills(AppHealth& app);
  [[nodiscard]] Effects Take();

  Rng rng_;
  uint64_t next_probe_ = 1;
  std::map<Path, AppHealth> apps_;
  std::map<std::string, Target> targets_;  // By instance id.
  std::set<DueKey> due_;
  std::map<uint64_t, Flight> flights_;  // By probe; at most kMaxProbesAtOnce.
  std::set<std::string> changed_;
  Effects effects_;  // Of the call under way.
};

}  // namespace meseta::services
