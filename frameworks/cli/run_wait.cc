#include "frameworks/cli/run_wait.h"

#include <cmath>
#include <tuple>

namespace meseta::cli {
namespace {

RunResources Of(const Amounts& amounts) {
  return {std::llround(amounts.cpus * 1000), std::llround(amounts.mem * 1000),
          std::llround(amounts.disk * 1000)};
}

RunResources Larger(const RunResources& a, const RunResources& b) {
  return std::tie(a.cpus, a.mem) < std::tie(b.cpus, b.mem) ? b : a;
}

}  // namespace

std::string ExplainWaiting(const RunResources& need, const std::optional<RunResources>& too_small,
                           const std::optional<std::vector<AgentRow>>& agents) {
  const std::string wants = "each instance needs " + need.ToString();
  if (!agents) {
    if (too_small) return wants + "; the largest offer so far had " + too_small->ToString();
    return "the master has made no offer yet";
  }
  size_t active = 0;
  bool could_fit = false;
  bool fits_now = false;
  RunResources largest;
  for (const AgentRow& agent : *agents) {
    if (!agent.active || agent.deactivated) continue;
    ++active;
    const RunResources total = Of(agent.total);
    RunResources free = total;
    const RunResources used = Of(agent.used);
    free.cpus -= used.cpus;
    free.mem -= used.mem;
    free.disk -= used.disk;
    largest = Larger(largest, total);
    could_fit = could_fit || total.Fits(need);
    fits_now = fits_now || free.Fits(need);
  }
  if (agents->empty()) return "no agent is registered with the master";
  if (active == 0) return "no agent takes tasks now: all are inactive or deactivated";
  if (!could_fit) {
    return wants + ", and no agent is that large; the largest has " + largest.ToString();
  }
  if (!fits_now) return wants + ", and other tasks use the agents; it starts when some end";
  return "an agent has enough free, but it is not offered to us: other frameworks may hold the "
         "offer, or quota or a reservation keeps it for another role";
}

}  // namespace meseta::cli
