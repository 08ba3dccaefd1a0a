#include "agent/launcher/shim_core.h"

#include <csignal>

namespace meseta::shim {
namespace {

int64_t After(int64_t now, int64_t delta) {
  if (delta < 0) delta = 0;
  return delta > kNever - now ? kNever : now + delta;
}

}  // namespace

void ShimCore::Started(int64_t now, int64_t max_completion_ns) {
  if (max_completion_ns >= 0) complete_at_ = After(now, max_completion_ns);
}

int ShimCore::Kill(int64_t grace_ns, int64_t now) {
  const bool first = cause_ == ExitCause::kSelf;
  if (first) {
    cause_ = ExitCause::kKilled;
    complete_at_ = kNever;  // The kill has its own, nearer end.
  }
  const int64_t kill_at = After(now, grace_ns);
  if (kill_at < kill_at_) kill_at_ = kill_at;
  if (kill_at_ <= now) return Tick(now);
  return first ? SIGTERM : 0;
}

int ShimCore::Tick(int64_t now) {
  if (complete_at_ <= now) {
    complete_at_ = kNever;
    cause_ = ExitCause::kMaxCompletionTime;
    kill_at_ = now;
  }
  if (kill_at_ > now) return 0;
  kill_at_ = After(now, kRepeatKillNs);
  return SIGKILL;
}

}  // namespace meseta::shim
