// Snapshot: what every GET is answered from. Immutable; successive snapshots share structure.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <tuple>

#include "master/view/records.h"
#include "actors/base/shared_map.h"

namespace meseta::master {

// One framework with its tasks. History is in order of completion, oldest first.
struct FrameworkView {
  FrameworkPtr record;
  SharedMap<TaskId, TaskPtr> tasks;               // Live.
  SharedMap<TaskId, TaskPtr> unreachable_tasks;   // On agents that are unreachable.
  SharedMap<uint64_t, TaskPtr> completed_tasks;   // Keyed by a running number.
};
using FrameworkViewPtr = std::shared_ptr<const FrameworkView>;

// Sums that metrics and summaries print, kept up to date with each change.
struct ClusterTotals {
  std::map<v1::TaskState, int64_t> live_tasks;       // By state, live and unreachable.
  std::map<v1::TaskState, int64_t> terminal_tasks;   // Since this master was elected.
  // Terminal (and master-made) updates: state, source, reason -> count.
  std::map<std::tuple<v1::TaskState, v1::TaskStatus::Source, v1::TaskStatus::Reason>, int64_t> causes;
  model::Quantities total;   // Over registered agents.
  model::Quantities used;
  model::Quantities revocable_total;
  model::Quantities revocable_used;
};

struct Snapshot {
  uint64_t version = 0;  // Number of the last change in it.
  MasterRecord master;
  SharedMap<AgentId, AgentPtr> agents;  // Registered since this master was elected.
  SharedMap<AgentId, std::shared_ptr<const v1::AgentInfo>> recovered_agents;
  SharedMap<AgentId, WallTime> unreachable_agents;
  SharedMap<FrameworkId, FrameworkViewPtr> frameworks;
  SharedMap<uint64_t, FrameworkViewPtr> completed_frameworks;  // Keyed by a running number.
  SharedMap<OfferId, OfferPtr> offers;
  ClusterTotals totals;
};
using SnapshotPtr = std::shared_ptr<const Snapshot>;

}  // namespace meseta::master
