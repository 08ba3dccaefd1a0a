#include "master/agents/removal_limiter.h"

#include <charconv>
#include <cstdio>

namespace meseta::master {

Result<RemovalRate> ParseRemovalRate(std::string_view text) {
  const Status malformed = InvalidArgument("Invalid agent_removal_rate_limit: '" +
                                           std::string(text) +
                                           "'. Format is <Number of agents>/<Duration>");
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos) return malformed;
  RemovalRate rate;
  const std::string_view number = text.substr(0, slash);
  const auto [end, error] =
      std::from_chars(number.data(), number.data() + number.size(), rate.permits);
  if (error != std::errc() || end != number.data() + number.size() || rate.permits <= 0) {
    return malformed;
  }
  const Result<Duration> per = Duration::Parse(text.substr(slash + 1));
  if (!per.ok() || *per <= Duration()) return malformed;
  rate.per = *per;
  return rate;
}

std::string ToString(const RemovalRate& rate) {
  return std::to_string(rate.permits) + "/" + rate.per.ToString();
}

Result<AgentShare> ParseAgentShare(std::string_view text) {
  AgentShare share;
  const char* end = text.data() + text.size();
  const auto [used, error] = std::from_chars(text.data(), end, share.percent);
  // Written so that NaN is refused.
  const bool valid = error == std::errc() && share.percent >= 0 && share.percent <= 100;
  if (valid && used + 1 == end && *used == '%') return share;
  return InvalidArgument("'" + std::string(text) + "' is not a percentage; expecting 0% to 100%");
}

std::string ToString(const AgentShare& share) {
  char text[40];
  std::snprintf(text, sizeof(text), "%g%%", share.percent);
  return text;
}

}  // namespace meseta::master
