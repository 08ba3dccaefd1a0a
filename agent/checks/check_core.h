// CheckCore: when the checks of one task are probed, and what the answers mean. Pure.
//
// A task has at most one health check and one general check. The first probe is due after the delay,
// each next one an interval after the end of the one before; a check has one probe at a time.
//
// Health: 0, 200 to 399, or a connection is a success. Failures before the first success and within
// the grace period count for nothing. The first success and each that follows a failure is news; so is
// each failure that counts. As many failures in a row as the check says (and at least one) are news
// that the task must be killed.
//
// General: the answer is not judged. It is news when it differs from the one before; a probe without an
// answer makes it empty, which differs from any.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "actors/base/time.h"
#include "actors/messages/v1.h"
#include "agent/checks/probe.h"

namespace meseta::agent {

enum class CheckKind { kHealth = 0, kGeneral = 1 };

// What became known before the agent restarted, or nothing.
struct CheckHistory {
  std::optional<bool> healthy;     // As last reported.
  uint64_t failures = 0;           // In a row, reported.
  std::optional<v1::CheckStatusInfo> check_status;
};

struct CheckNews {
  std::optional<bool> healthy;
  std::optional<v1::CheckStatusInfo> check_status;
  bool kill = false;         // It has failed often enough.
  bool succeeded = false;    // Of this probe, for the counters.
};

// The status of a check that has not been answered. REQUIRES: task.has_check().
[[nodiscard]] v1::CheckStatusInfo UnknownCheckStatus(const v1::CheckInfo& check);

class CheckCore {
 public:
  // Stands for a timeout of 0, which means none: what never ends would keep its place for ever.
  static constexpr Duration kLongestProbe = Duration::Hours(1);
  // Between probes, when the interval is 0 or less than this: one task must not take a core.
  static constexpr Duration kShortestInterval = Duration::Millis(10);

  // `running_for`: how long the task has been running. `spread`: 0 to 1; after a restart the first probe
  // is due within that share of the interval, so that not all tasks are asked at once.
  CheckCore(const v1::TaskInfo& task, const CheckHistory& history, Duration running_for,
            double spread, Time now);

  [[nodiscard]] static bool Wanted(const v1::TaskInfo& task) {
    return task.has_health_check() || task.has_check();
  }

  // Checks that are to be probed now. Each is under way from here on until Finished().
  [[nodiscard]] std::vector<CheckKind> Begin(Time now);
  [[nodiscard]] CheckNews Finished(CheckKind kind, const ProbeResult& result, Time now);
  // Empty while all probes are under way.
  [[nodiscard]] std::optional<Time> wake_at() const;

  // What to ask; without the command's surroundings, which the caller knows.
  [[nodiscard]] ProbeTarget TargetOf(CheckKind kind) const;
  // Of the check, for COMMAND ones.
  [[nodiscard]] const v1::CommandInfo* CommandOf(CheckKind kind) const;

 private:
  struct Timing {
    std::optional<Time> due;  // Empty: there is no such check, or its probe is under way.
    Duration interval;
  };
  CheckNews JudgeHealth(const ProbeResult& result, Time now);
  CheckNews JudgeCheck(const ProbeResult& result);

  std::optional<v1::HealthCheck> health_;
  std::optional<v1::CheckInfo> check_;
  std::array<Timing, 2> timings_;  // By CheckKind.
  Time grace_until_;
  bool initializing_ = true;  // No success yet.
  uint64_t failures_ = 0;
  v1::CheckStatusInfo status_;
};

}  // namespace meseta::agent
