// The processes that this one and its daemons have started, also those that were detached from it.
#pragma once

#include "actors/base/status.h"
#include "actors/base/time.h"

namespace meseta::cli {

inline constexpr int kMaxKillRounds = 1000;

// Orphans among our descendants become our children from now on, rather than init's.
Status AdoptOrphans();

// Ends every descendant: SIGTERM, then SIGKILL to what is left after `grace`. Blocks until none is
// left. REQUIRES: AdoptOrphans() came before them; nobody else waits for our children any more.
Status EndDescendants(Duration grace);

}  // namespace meseta::cli
