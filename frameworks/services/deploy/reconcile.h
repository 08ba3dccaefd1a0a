// Reconcile: what one app needs now. Level-triggered and pure: called again and again with what there
// is, it converges to what is wanted, from any state, also right after a failover.
//
// Bounds that hold at every moment of a rolling upgrade (n wanted, s the strategy; reference: Marathon
// surface 1.6, rolling restart):
//   active instances <= floor(n * (1 + s.maximumOverCapacity)), one more where that would block it;
//   healthy ones that are not being killed on purpose >= ceil(n * s.minimumHealthCapacity), as long
//   as there were so many.
// Outside of a rolling upgrade there are never more than n on our account. An instance that is being
// killed keeps its place until its end is known, so a replacement never runs beside it unasked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "frameworks/services/model/types.h"

namespace meseta::services {

// What a deployment (or none) does to the app at this moment.
struct AppGoal {
  enum class Mode {
    kKeep,     // No deployment: as many as wanted, of whatever version they are.
    kScale,    // To `target`, of whatever version they are.
    kRestart,  // All of the wanted config version, rolling.
    kStop,     // None.
  };
  Mode mode = Mode::kKeep;
  AppPtr app;                          // What is wanted; of kStop: what was.
  uint32_t target = 0;                 // Instances.
  std::vector<std::string> kill_first; // Instances named by the user.
};

struct AppDecision {
  uint32_t launch = 0;              // How many are to be launched now, of goal.app (a level, no delta).
  std::vector<std::string> kill;    // Instance ids, not yet being killed.
  bool done = false;                // The action of the deployment has come to its end.
  // How many are up, healthy and ready, and how many are still to go: for progress. In a rolling
  // upgrade those of the wanted version count, and those of others are to go.
  uint32_t good = 0;
  uint32_t left = 0;
};

// `instances`: all of the app that are recorded (none is terminal), in order of id.
[[nodiscard]] AppDecision Reconcile(const AppGoal& goal, const std::vector<InstancePtr>& instances,
                                    int64_t now_ms);

// The bounds of a rolling upgrade to so many instances.
struct Capacity {
  uint32_t min_healthy = 0;
  uint32_t max_active = 0;  // More than min_healthy.
};
[[nodiscard]] Capacity CapacityOf(const AppSpec& app, uint32_t instances);

// The instances to kill first, best first (reference: kill order): named, those that free an
// overfull GROUP_BY value, unreachable < staging < starting < running, then by kill selection.
// GROUP_BY is looked at for the first `kills` only, which is how many the caller is about to kill.
[[nodiscard]] std::vector<InstancePtr> KillOrder(
    const AppSpec& app, std::vector<InstancePtr> instances, const std::vector<std::string>& named,
    size_t kills = std::numeric_limits<size_t>::max());

// Counts towards the app's instances: neither terminal nor given up as unreachable.
[[nodiscard]] bool IsActive(const Instance& instance);
// Running; healthy if the app has health checks; ready if it has readiness checks.
[[nodiscard]] bool IsGood(const AppSpec& app, const Instance& instance);

}  // namespace meseta::services
