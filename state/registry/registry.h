// The cluster registry: what a master must remember. Values and pure functions.
//
// A RegistryState is the decoded form of the records in registry.proto. Operations never change it
// directly: Evaluate gives the small delta (records put or removed) that an operation amounts to,
// and Apply performs a delta. The same deltas are what is written to disk and, later, what other
// masters apply, so all of them hold equal states.
//
// Invariant: an agent id is in at most one of admitted, unreachable and gone.
// Failure modes: Evaluate refuses an operation that does not fit the state, with a sentence; Apply
// refuses a record that it cannot decode (kDataLoss).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "actors/base/ids.h"
#include "actors/base/status.h"
#include "actors/base/time.h"
#include "actors/messages/internal/registry.pb.h"
#include "actors/messages/v1.h"

namespace meseta::registry {

inline constexpr uint32_t kRegistryFormat = 1;

struct RegistryState {
  internal::RegistryHeader header;
  std::map<AgentId, internal::AdmittedAgent> admitted;
  std::map<AgentId, internal::UnreachableAgent> unreachable;
  std::map<AgentId, internal::GoneAgent> gone;
};

// One record put (value) or removed (no value).
struct RegistryChange {
  std::string key;
  std::optional<std::string> value;
  friend bool operator==(const RegistryChange&, const RegistryChange&) = default;
};
using RegistryDelta = std::vector<RegistryChange>;

// A new agent; refused when its id is known in any state.
struct AdmitAgent {
  v1::AgentInfo info;  // With id.
  std::string registration_id;
  WallTime at;
};
// The info of an admitted agent changed.
struct UpdateAgent {
  v1::AgentInfo info;
};
// An admitted agent left for good.
struct RemoveAgent {
  AgentId id;
};
// An admitted agent was silent for too long.
struct MarkAgentUnreachable {
  AgentId id;
  WallTime at;
};
// An unreachable agent, or one whose record was pruned, came back. Refused for agents that are
// gone.
struct MarkAgentReachable {
  v1::AgentInfo info;
  std::string registration_id;
  WallTime at;
};
// The operator declares an admitted or unreachable agent lost for ever.
struct MarkAgentGone {
  AgentId id;
  WallTime at;
};
// Forgets these unreachable and gone agents; ids that are neither are ignored.
struct Prune {
  std::vector<AgentId> ids;
};
// A master starts to lead. Terms only grow; the cluster id is set once.
struct StartTerm {
  uint64_t term = 0;
  std::string cluster_id;
};

using RegistryOp = std::variant<AdmitAgent, UpdateAgent, RemoveAgent, MarkAgentUnreachable,
                                MarkAgentReachable, MarkAgentGone, Prune, StartTerm>;

// What `op` amounts to in `state`.
[[nodiscard]] Result<RegistryDelta> Evaluate(const RegistryState& state, const RegistryOp& op);
Status Apply(const RegistryDelta& delta, RegistryState* state);

}  // namespace meseta::registry
