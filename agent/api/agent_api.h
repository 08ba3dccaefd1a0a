// The agent's HTTP endpoints: /state, /containers, /monitor/statistics, POST /api/v1 and what every
// daemon has, also under /slave(1)/. Each answer is rendered from the newest snapshot on the pool;
// none enters the agent's actor. While the agent recovers they answer 503.
#pragma once

#include <functional>
#include <vector>

#include "actors/endpoints/common_routes.h"
#include "actors/http/router.h"
#include "agent/api/state_json.h"
#include "agent/view/agent_view.h"

namespace meseta::agent {

struct AgentApiContext {
  endpoints::CommonContext common;  // metrics and prometheus are set by AddAgentRoutes.
  std::function<AgentSnapshotPtr()> snapshot;  // Null while recovering. Any thread.
  // Samples what the executors' containers use; calls `done` once, on any thread.
  using UsageDone = std::function<void(std::vector<ExecutorUsage>)>;
  std::function<void(std::vector<ExecutorPtr>, UsageDone done)> usage;
  std::function<WallTime()> wall;
};

void AddAgentRoutes(AgentApiContext context, http::Router* router);

}  // namespace meseta::agent
