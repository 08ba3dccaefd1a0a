// The un-versioned JSON documents of the master, rendered from a snapshot. Pure; any thread.
// Field names, types and presence are Mesos' (reference: HTTP surface 1.3b and the captures).
#pragma once

#include <map>
#include <optional>
#include <string>

#include "actors/endpoints/common_routes.h"
#include "master/view/snapshot.h"

namespace meseta::master {

std::string StateJson(const Snapshot& view, const endpoints::BuildInfo& build,
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
