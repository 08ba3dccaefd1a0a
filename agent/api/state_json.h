// The un-versioned JSON documents of the agent, rendered from a snapshot. Pure; any thread.
// Field names, types and presence are Mesos' (reference: HTTP surface 1.3b and the captures).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "actors/endpoints/common_routes.h"
#include "agent/view/agent_view.h"

namespace meseta::agent {

// Capabilities that this agent announces, in the order in which endpoints list them.
[[nodiscard]] std::vector<v1::AgentInfo::Capability> AgentCapabilities();

std::string StateJson(const AgentSnapshot& view, const endpoints::BuildInfo& build,
                      const std::map<std::string, std::string>& flags);

// An executor with what its container uses now; nothing when it could not be sampled.
struct ExecutorUsage {
  ExecutorPtr executor;
  std::optional<v1::ResourceStatistics> statistics;
};
std::string ContainersJson(const std::vector<ExecutorUsage>& usages);
// Executors without a sample are left out.
std::string StatisticsJson(const std::vector<ExecutorUsage>& usages);

// Adds to a sample what the task was given: cpus_soft_limit, mem_limit_bytes, mem_soft_limit_bytes.
void AddLimits(const ExecutorRecord& executor, v1::ResourceStatistics* statistics);
// As endpoints show the container: id and pid.
[[nodiscard]] v1::ContainerStatus ContainerStatusOf(const ExecutorRecord& executor);

}  // namespace meseta::agent
