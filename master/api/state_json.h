// The un-versioned JSON documents of the master, rendered from a snapshot. Pure; any thread.
// Field names, types and presence are Mesos' (reference: HTTP surface 1.3b and the captures).
#pragma once

#include <map>
#include <optional>
#include <string>

#include "master/view/snapshot.h"

namespace meseta::master {

// What /state prints beside the cluster: how this binary was built and started.
struct BuildInfo {
  std::string version;     // "1.12.0"-style number that clients compare; see actors/base/version.h.
  std::string build_date;  // "2026-11-22 14:00:00 UTC"
  double build_time = 0;   // Seconds since the epoch.
  std::string build_user;
};

std::string StateJson(const Snapshot& view, const BuildInfo& build,
                      const std::map<std::string, std::string>& flags);
std::string StateSummaryJson(const Snapshot& view);
// One agent when `agent` is given.
std::string AgentsJson(const Snapshot& view, const std::optional<AgentId>& agent);
std::string FrameworksJson(const Snapshot& view, const std::optional<FrameworkId>& framework);

// /tasks: live, unreachable and completed tasks in order of their first status.
struct TasksQuery {
  size_t limit = 100;
  size_t offset = 0;
  bool ascending = false;
  std::optional<FrameworkId> framework;
  std::optional<TaskId> task;
};
std::string TasksJson(const Snapshot& view, const TasksQuery& query);

}  // namespace meseta::master
