// When the shim signals its task: SIGTERM, then SIGKILL after the grace; SIGKILL at
// max_completion_time. Pure; times are nanoseconds of one monotonic clock.
//
// Invariants: SIGTERM is sent at most once; a later kill may only bring the SIGKILL nearer; once
// SIGKILL was sent it is repeated every kRepeatKillNs, because a process may be born during it.
#pragma once

#include <cstdint>

#include "agent/launcher/shim_protocol.h"

namespace meseta::shim {

inline constexpr int64_t kNever = INT64_MAX;
inline constexpr int64_t kRepeatKillNs = 1'000'000'000;

class ShimCore {
 public:
  // The task runs since `now`; `max_completion_ns` < 0 means no limit.
  void Started(int64_t now, int64_t max_completion_ns);
  // Each returns the signal to send to the whole container now, or 0.
  [[nodiscard]] int Kill(int64_t grace_ns, int64_t now);
  [[nodiscard]] int Tick(int64_t now);

  // When Tick() has something to do; kNever if nothing is due.
  [[nodiscard]] int64_t wake_at() const { return kill_at_ < complete_at_ ? kill_at_ : complete_at_; }
  // Why the task ends, if it ends now.
  [[nodiscard]] ExitCause cause() const { return cause_; }

 private:
  int64_t complete_at_ = kNever;
  int64_t kill_at_ = kNever;
  ExitCause cause_ = ExitCause::kSelf;
};

}  // namespace meseta::shim
