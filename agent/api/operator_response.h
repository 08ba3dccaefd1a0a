// Answers of the agent's v1 operator API that are rendered from a snapshot. Pure; any thread.
#pragma once

#include <string>

#include "actors/http/negotiation.h"
#include "agent/api/state_json.h"
#include "agent/view/agent_view.h"

namespace meseta::agent {

using OperatorResponse = v1::agent::Response;

void FillGetFrameworks(const AgentSnapshot& view, OperatorResponse::GetFrameworks* out);
void FillGetExecutors(const AgentSnapshot& view, OperatorResponse::GetExecutors* out);
void FillGetTasks(const AgentSnapshot& view, OperatorResponse::GetTasks* out);
void FillGetContainers(const std::vector<ExecutorUsage>& usages,
                       OperatorResponse::GetContainers* out);

// The body: protobuf, or JSON in which the lists of the state calls are present when empty, too.
[[nodiscard]] std::string RenderResponse(const OperatorResponse& response, http::ContentType type);

}  // namespace meseta::agent
