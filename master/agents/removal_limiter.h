// How fast agents may be marked unreachable (--agent_removal_rate_limit): a broken network must not
// make the master give up a whole cluster at once. Pure values.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "actors/base/status.h"
#include "actors/base/time.h"

namespace meseta::master {

// "1/10mins": so many agents in so much time.
struct RemovalRate {
  int permits = 1;
  Duration per;
  friend bool operator==(const RemovalRate&, const RemovalRate&) = default;
};
[[nodiscard]] Result<RemovalRate> ParseRemovalRate(std::string_view text);
[[nodiscard]] std::string ToString(const RemovalRate& rate);

// A part of the agents, as in "50%".
struct AgentShare {
  double percent = 100;
  friend bool operator==(const AgentShare&, const AgentShare&) = default;
};
[[nodiscard]] Result<AgentShare> ParseAgentShare(std::string_view text);
[[nodiscard]] std::string ToString(const AgentShare& share);

// Gives permits at even distances; those that nobody took do not add up.
class RemovalLimiter {
 public:
  // No rate: every removal may happen at once.
  explicit RemovalLimiter(std::optional<RemovalRate> rate) : rate_(rate) {}

  // True: one agent may be removed now.
  [[nodiscard]] bool Take(Time now) {
    if (now < next_) return false;
    if (rate_) next_ = now + rate_->per / rate_->permits;
    return true;
  }
  // When the next permit comes.
  [[nodiscard]] Time next() const { return next_; }

 private:
  std::optional<RemovalRate> rate_;
  Time next_;
};

}  // namespace meseta::master
