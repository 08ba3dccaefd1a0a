// What flows between MasterCore, which owns the ledger of who holds which resource, and the
// allocator, which works on a replica of it (DESIGN section 5).
//
// MasterCore numbers its deltas; the allocator applies them in order and proposes. A proposal names
// the agent's version in the replica; MasterCore accepts it only when its own version is the same, so
// nothing is offered twice. Values only; the interface that a later allocator replaces is AllocatorCore
// (allocator_core.h): Apply(delta, now), Allocate(now).
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "actors/base/ids.h"
#include "actors/base/time.h"
#include "actors/messages/v1.h"
#include "state/model/resources.h"

namespace meseta::master {

// The agent's resources, as a whole; also its version, which grows with every change of what is
// allocated or offered on it.
struct AgentChanged {
  AgentId agent;
  uint64_t version = 0;
  bool active = false;          // Registered, connected and not deactivated: may be offered.
  model::Resources total;
  v1::AgentInfo info;           // Attributes, hostname, domain; capabilities decide below.
  std::vector<v1::AgentInfo::Capability> capabilities;
};
struct AgentRemoved { AgentId agent; };

struct FrameworkChanged {
  FrameworkId framework;
  v1::FrameworkInfo info;        // Roles, capabilities, offer_filters.
  std::set<std::string> suppressed_roles;
  bool active = false;           // Connected and subscribed.
};
struct FrameworkRemoved { FrameworkId framework; };

// Resources (with allocation_info.role set) became held by the framework: offered or used.
struct Allocated {
  FrameworkId framework;
  AgentId agent;
  uint64_t version = 0;          // The agent's version after this delta.
  model::Resources resources;
};
// They became free again; `filters` is what the framework said about the refused ones.
struct Recovered {
  FrameworkId framework;
  AgentId agent;
  uint64_t version = 0;
  model::Resources resources;
  std::optional<v1::Filters> filters;
};
// REVIVE: unsuppresses and clears the filters of these roles (empty: of all).
struct Revived { FrameworkId framework; std::set<std::string> roles; };
struct Suppressed { FrameworkId framework; std::set<std::string> roles; };
// A proposal was refused or turned into an offer: the allocator may propose on this agent again.
struct ProposalAnswered { FrameworkId framework; AgentId agent; };

using LedgerChange = std::variant<AgentChanged, AgentRemoved, FrameworkChanged, FrameworkRemoved, Allocated,
                                  Recovered, Revived, Suppressed, ProposalAnswered>;
struct LedgerDelta {
  uint64_t number = 0;  // Consecutive from 1 within a term.
  LedgerChange change;
};

// Offer these resources (allocation_info.role set to `role`) of this agent to this framework.
struct Proposal {
  FrameworkId framework;
  std::string role;
  AgentId agent;
  uint64_t agent_version = 0;
  model::Resources resources;
};

}  // namespace meseta::master
