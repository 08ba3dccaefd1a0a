// The numbers of /metrics/snapshot and /metrics, from a snapshot. Names are Mesos' (reference:
// section 6). Pure; any thread.
#pragma once

#include <map>
#include <string>

#include "actors/endpoints/common_routes.h"
#include "agent/view/agent_view.h"

namespace meseta::agent {

[[nodiscard]] std::map<std::string, double> AgentMetrics(const AgentSnapshot& view,
                                                         const endpoints::SystemStats& system,
                                                         WallTime now);

// Prometheus text: "slave/tasks_running" becomes meseta_slave_tasks_running.
[[nodiscard]] std::string PrometheusText(const std::map<std::string, double>& metrics);

}  // namespace meseta::agent
