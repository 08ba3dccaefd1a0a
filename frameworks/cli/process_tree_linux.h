// The processes that this one and its daemons have started, also those that were detached from it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

#include "actors/base/status.h"
#include "actors/base/time.h"

namespace meseta::cli {

inline constexpr int kMaxKillRounds = 1000;

// One process, even when its pid is used again.
struct ProcessKey {
  pid_t pid = 0;
  int64_t start_time = 0;  // Clock ticks since boot.

  auto operator<=>(const ProcessKey&) const = default;
};

// Orphans among our descendants become our children from now on, rather than init's.
Status AdoptOrphans();

// Ends every descendant, the processes of `others` and their descendants: SIGTERM, then SIGKILL to
// what is left after `grace`. Blocks until none is left. REQUIRES: AdoptOrphans() came before them;
// nobody else waits for our children any more.
Status EndProcesses(const std::vector<ProcessKey>& others, Duration grace);

}  // namespace meseta::cli
