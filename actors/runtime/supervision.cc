#include "actors/runtime/supervision.h"

#include <algorithm>

namespace meseta::runtime {

std::optional<Duration> RestartBudget::Failed(Time now) {
  if (policy_ == OnFailure::kFatal) return std::nullopt;
  while (!recent_.empty() && now - recent_.front() >= kRestartWindow) recent_.pop_front();
  if (recent_.size() >= kMaxRestarts) return std::nullopt;
  const Duration delay = kFirstRestartDelay * (int64_t{1} << recent_.size());
  recent_.push_back(now);
  return std::min(delay, kMaxRestartDelay);
}

}  // namespace meseta::runtime
