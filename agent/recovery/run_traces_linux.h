// Looks into the shims' per-run files for tasks whose launch the agent did not live to see.
#pragma once

#include <string>
#include <vector>

#include "actors/base/time.h"
#include "agent/recovery/recovery_plan.h"

namespace meseta::agent {

// Sets never_started of tasks that were meant to run and certainly never did: their shim, if there
// was one, is gone without having started anything. A shim that still waits for its agent's `go`
// gives up by itself; that is awaited, all shims together, up to kShimGiveUpLimit. Blocks.
inline constexpr Duration kShimGiveUpLimit = Duration::Seconds(2);
void FindNeverStarted(const std::string& runs_directory, std::vector<RecoveredTask>* tasks);

}  // namespace meseta::agent
