// What a tree of processes uses, from /proc.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "actors/base/status.h"

namespace meseta::agent {

// Of one process, from /proc/<pid>/stat. Times include children that have been waited for.
struct ProcessUsage {
  char state = 0;
  uint64_t user_ticks = 0;
  uint64_t system_ticks = 0;
  uint64_t waited_user_ticks = 0;    // Of ended and reaped children only.
  uint64_t waited_system_ticks = 0;
  uint32_t threads = 0;
  uint64_t rss_pages = 0;
};

struct TreeUsage {
  uint32_t processes = 0;
  uint32_t threads = 0;
  double user_seconds = 0;
  double system_seconds = 0;
  uint64_t rss_bytes = 0;
};

// Pure. nullopt: not the text of a stat file.
std::optional<ProcessUsage> ParseProcessStat(std::string_view text);

// The processes below `root`, without it. Those that end meanwhile are skipped.
std::vector<pid_t> Descendants(pid_t root);

// Of all processes below the shim. Their own time and that of everything that has ended below, so
// that the sums never fall while the container lives. NotFound when the shim has ended.
Result<TreeUsage> UsageBelow(pid_t shim);

}  // namespace meseta::agent
