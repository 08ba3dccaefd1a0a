// Each reason for waiting, out of what can be known.
#include "frameworks/cli/run_wait.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace meseta::cli {
namespace {

using testing::HasSubstr;

AgentRow Agent(double cpus, double used) {
  AgentRow agent;
  agent.active = true;
  agent.total = {cpus, 1024, 0};
  agent.used = {used, 0, 0};
  return agent;
}

constexpr RunResources kNeed{2000, 64'000, 0};

TEST(ExplainWaiting, NamesTheReason) {
  using Agents = std::vector<AgentRow>;
  EXPECT_EQ(ExplainWaiting(kNeed, {}, {}), "the master has made no offer yet");
  EXPECT_EQ(
      ExplainWaiting(kNeed, RunResources{1000, 32'000, 0}, {}),
      "each instance needs cpus 2, mem 64 MB; the largest offer so far had cpus 1, mem 32 MB");
  EXPECT_EQ(ExplainWaiting(kNeed, {}, Agents{}), "no agent is registered with the master");
  EXPECT_THAT(ExplainWaiting(kNeed, {}, Agents{Agent(1, 0), Agent(1.5, 0)}),
              HasSubstr("no agent is that large; the largest has cpus 1.5, mem 1024 MB"));
  EXPECT_THAT(ExplainWaiting(kNeed, {}, Agents{Agent(4, 3)}), HasSubstr("other tasks use"));
  EXPECT_THAT(ExplainWaiting(kNeed, {}, Agents{Agent(4, 0)}), HasSubstr("not offered to us"));
  AgentRow inactive = Agent(4, 0);
  inactive.active = false;
  EXPECT_THAT(ExplainWaiting(kNeed, {}, Agents{inactive}), HasSubstr("no agent takes tasks"));
}

}  // namespace
}  // namespace meseta::cli
