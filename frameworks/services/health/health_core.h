// HealthCore: health and readiness checks that the framework itself does (HTTP, HTTPS, TCP): whom to
// probe when, what the results mean, and which instances to kill. Pure.
//
// An instance is healthy when the last result of each of its checks was good. Failures within the grace
// period before the first success do not count. Not healthy for maxConsecutiveFailures in a row: it is
// killed, but never more than a share of an app's instances at once (kMaxKilledShare), so that a
// broken check or dependency does not take a whole app down. Probes of one check are spread evenly
// over its interval.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
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
  std::string body;       // Bounded; only if asked for.
  std::string problem;    // A sentence, when it did not answer.
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
  int status = 0;          // Of the last response; 0: none.
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
    struct HealthChanged { std::string instance; bool healthy; };
    std::vector<HealthChanged> health;      // Of the whole instance.
    std::vector<std::string> ready;         // Instances whose readiness checks have passed.
    struct Kill { std::string instance; std::string reason; };
    std::vector<Kill> kills;
    struct CheckFailed { std::string instance; uint32_t check = 0; };
    std::vector<CheckFailed> failed;        // For failed_health_check_event.
    std::optional<Time> wake_at;
  };

  struct Checked {
    InstancePtr instance;
    AppPtr app;  // In the version that the instance was launched with.
  };
  // Instances of one app as they are now; runs probes for those that run, and forgets the others. What
  // is recorded of their health is where they start (kept over a failover).
  Effects SetInstances(const Path& app, const std::vector<Checked>& instances, Now now);
  Effects Forget(const Path& app);
  Effects Handle(const ProbeResult& result, Now now);
  Effects Tick(Now now);

  // For the API; empty when it has none of its own.
  [[nodiscard]] std::vector<CheckHealth> HealthOf(const std::string& instance) const;
  [[nodiscard]] std::vector<Readiness> ReadinessOf(const std::string& instance) const;
  // Instances for which these are others since the last call.
  [[nodiscard]] std::vector<std::string> TakeChanged();
};

}  // namespace meseta::services
