// Match: whether one more instance of an app fits what is left of an offer, and the task it would
// be (reference: Marathon surface 1.5 constraints, 1.7 reject funnel, 1.9 environment). Pure.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "actors/base/rng.h"
#include "actors/messages/v1.h"
#include "frameworks/services/launch/constraints.h"
#include "frameworks/services/model/types.h"
#include "state/model/resources.h"

namespace meseta::services {

// In Marathon's order; an offer is asked for each in turn and falls at the first that does not
// hold.
enum class RejectReason {
  kUnfulfilledRole,
  kUnfulfilledConstraint,
  kNoCorrespondingReservationFound,
  kAgentMaintenance,
  kInsufficientCpus,
  kInsufficientMemory,
  kInsufficientDisk,
  kInsufficientGpus,
  kInsufficientPorts,
  kDeclinedScarceResources,
};
inline constexpr size_t kRejectReasons = 10;
[[nodiscard]] std::string_view RejectReasonName(RejectReason reason);  // "InsufficientCpus"

struct MatchOptions {
  std::string env_vars_prefix;
  std::string default_user;  // --mesos_user; empty: the agent's.
  // Offers with gpus are only for apps that ask for them, unless the app's label
  // GPU_SCHEDULING_BEHAVIOR is "unrestricted". False: gpus are given to nobody.
  bool enable_gpus = false;
  double task_kill_grace_seconds = 0;  // 0: the agent's own default.
  // enforceRole of the app's top-level group; unset: no group enforces its role.
  std::function<bool(const Path& app)> enforces_role;
};

// Why not: the reason and its numbers, for `why`.
struct MatchRefusal {
  RejectReason reason = RejectReason::kUnfulfilledRole;
  double needed = 0;  // Of cpus, mem, disk, gpus, ports.
  double offered = 0;
  std::string constraint;  // "hostname UNIQUE"
};

struct MatchedInstance {
  Instance record;
  v1::TaskInfo task;
  model::Resources used;
};
using MatchOutcome = std::variant<MatchedInstance, MatchRefusal>;

// `left`: of the offer, after what was taken from it already. `others`: instances of the same app.
// Random draws (host ports, the instance's uuid) come from `rng`.
[[nodiscard]] MatchOutcome Match(const AppSpec& app, const v1::Offer& offer,
                                 const model::Resources& left,
                                 const std::vector<InstancePtr>& others,
                                 const MatchOptions& options, int64_t now_ms, Rng& rng);

}  // namespace meseta::services
