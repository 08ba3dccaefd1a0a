// What MasterCore tells the read model: immutable records and the changes between them.
//
// A record is never modified after it was emitted; a change replaces it by a new one, so that the
// core, every snapshot and every answer being rendered share it without locks. Changes are numbered
// consecutively within a term; a write is answered once its number is published.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
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

struct AgentRecord {
  std::shared_ptr<const v1::AgentInfo> info;  // With id.
  std::string pid;                            // slave(1)@ip:port
  std::string version;
  std::vector<v1::AgentInfo::Capability> capabilities;
  bool connected = false;   // A registered link is up.
  bool active = false;      // Connected and not deactivated: offered.
  bool deactivated = false; // By an operator.
  WallTime registered;
  std::optional<WallTime> reregistered;
  model::Resources total;
  std::map<FrameworkId, model::Resources> used;     // By tasks, with allocation roles.
  std::map<FrameworkId, model::Resources> offered;  // In outstanding offers.
};
using AgentPtr = std::shared_ptr<const AgentRecord>;

struct FrameworkRecord {
  std::shared_ptr<const v1::FrameworkInfo> info;  // With id.
  bool active = false;     // Gets offers.
  bool connected = false;  // Its event stream is open.
  bool recovered = false;  // Known from agents only, not subscribed since this master started.
  WallTime registered;
  std::optional<WallTime> reregistered;
  std::optional<WallTime> unregistered;  // Completed frameworks.
  std::set<std::string> suppressed_roles;
  model::Resources used;
  model::Resources offered;
};
using FrameworkPtr = std::shared_ptr<const FrameworkRecord>;

using TaskPtr = std::shared_ptr<const v1::Task>;    // Statuses in it carry no data, as in Mesos.
using OfferPtr = std::shared_ptr<const v1::Offer>;

struct AgentUpserted { AgentPtr agent; };
// Not registered any more: known from the registry only, unreachable, or removed.
struct AgentDropped { AgentId id; };
// In the registry, not yet re-registered since this master started ("recovered_slaves").
struct AgentRecovered { std::shared_ptr<const v1::AgentInfo> info; };
struct AgentUnreachable { AgentId id; WallTime since; };
struct FrameworkUpserted { FrameworkPtr framework; };
struct FrameworkCompleted { FrameworkPtr framework; };  // Moves it and its completed tasks to history.
struct TaskUpserted { TaskPtr task; };                  // Live: staging .. running, killing.
struct TaskCompleted { TaskPtr task; };                 // Terminal; history is bounded.
struct TaskUnreachable { TaskPtr task; };
struct OfferAdded { OfferPtr offer; };
struct OfferGone { OfferId id; };
// Weights, quota and so on have records of their own when they come.

using ViewChange = std::variant<AgentUpserted, AgentDropped, AgentRecovered, AgentUnreachable, FrameworkUpserted,
                                FrameworkCompleted, TaskUpserted, TaskCompleted, TaskUnreachable, OfferAdded, OfferGone>;

// What is true of this master as long as it leads.
struct MasterRecord {
  v1::MasterInfo info;      // id, ip, port, pid, hostname, version, address, capabilities.
  std::string cluster;      // --cluster, empty when not given.
  WallTime started;
  WallTime elected;
};

}  // namespace meseta::master
