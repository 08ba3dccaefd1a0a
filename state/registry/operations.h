// Every operation on the registry, as values. What each needs and refuses is said here; the sentences
// of refusals follow Mesos' where clients see them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "actors/base/ids.h"
#include "actors/base/time.h"
#include "actors/messages/v1.h"

namespace meseta::registry {

// --- Agents (evaluate_agents.cc) ---

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
// An admitted or unreachable agent gets no more offers and loses its tasks. Again: with the new
// configuration.
struct DrainAgent {
  AgentId id;
  v1::DrainConfig config;
  WallTime at;
};
// The last task of a draining agent is over.
struct MarkAgentDrained {
  AgentId id;
};
// No more offers of an admitted or unreachable agent.
struct DeactivateAgent {
  AgentId id;
};
// Ends a deactivation and a finished drain; refused while the agent is still draining.
struct ReactivateAgent {
  AgentId id;
};
// Forgets these unreachable and gone agents and removed frameworks; ids that are none of these are
// ignored.
struct Prune {
  std::vector<AgentId> ids;
  std::vector<FrameworkId> frameworks = {};
};

// --- Frameworks (evaluate_frameworks.cc) ---

// A framework subscribed for the first time. Refused when its id is known, also of removed ones.
struct AddFramework {
  v1::FrameworkInfo info;  // With id.
  WallTime at;
  uint64_t term = 0;  // Of the framework's own leader; 0: it has none.
};
// The info of a known framework changed, or its term grew; a lower one counts for nothing.
struct UpdateFramework {
  v1::FrameworkInfo info;
  uint64_t term = 0;
};
// It is over, and its id is remembered so that it never comes back.
struct RemoveFramework {
  FrameworkId id;
  WallTime at;
};

// --- Maintenance (evaluate_maintenance.cc) ---

// Replaces the schedule. New machines start to drain, those that are no longer named are up again;
// a machine that is down must be named.
struct UpdateSchedule {
  v1::maintenance::Schedule schedule;
};
// Draining machines go down.
struct StartMaintenance {
  std::vector<v1::MachineID> machines;
};
// Machines that are down are up again and leave the schedule.
struct StopMaintenance {
  std::vector<v1::MachineID> machines;
};

// --- Roles (evaluate_roles.cc) ---

// All or nothing. A configuration without guarantees and limits removes that of its role.
struct UpdateQuota {
  std::vector<v1::quota::QuotaConfig> configs;
};
struct UpdateWeights {
  std::vector<v1::WeightInfo> weights;
};

// --- Leadership (evaluate.cc) ---

// A master starts to lead. Terms only grow; the cluster id is set once; a registry that needs
// capabilities of a later version is refused.
struct StartTerm {
  uint64_t term = 0;
  std::string cluster_id;
};

using RegistryOp =
    std::variant<AdmitAgent, UpdateAgent, RemoveAgent, MarkAgentUnreachable, MarkAgentReachable,
                 MarkAgentGone, Prune, StartTerm, DrainAgent, MarkAgentDrained, DeactivateAgent,
                 ReactivateAgent, AddFramework, UpdateFramework, RemoveFramework, UpdateSchedule,
                 StartMaintenance, StopMaintenance, UpdateQuota, UpdateWeights>;

}  // namespace meseta::registry
