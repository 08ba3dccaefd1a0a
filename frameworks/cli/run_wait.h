// Why instances of `meseta run` wait, in one sentence, as far as offers and the list of agents
// tell. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "frameworks/cli/cluster_rows.h"
#include "frameworks/cli/run_core.h"

namespace meseta::cli {

// `agents`: nothing when the master did not say.
[[nodiscard]] std::string ExplainWaiting(const RunResources& need,
                                         const std::optional<RunResources>& too_small,
                                         const std::optional<std::vector<AgentRow>>& agents);

}  // namespace meseta::cli
