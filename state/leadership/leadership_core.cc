#include "state/leadership/leadership_core.h"

#include <utility>

namespace meseta::leadership {

LeadershipCore::Effects LeadershipCore::RoleChanged(LogRole role) {
  const bool same = role.leading && role_.leading && role.term == role_.term;
  const bool new_leader = role.leader != role_.leader;
  role_ = std::move(role);
  if (same) return {.wake_at = retry_at_};
  Effects effects;
  effects.end = phase_ == Phase::kLeading;
  const bool led = phase_ != Phase::kStandby;
  phase_ = Phase::kStandby;
  retry_at_.reset();
  problem_.clear();
  if (!role_.leading) {
    effects.tell_followers = led || new_leader;
    return effects;
  }
  Effects open = Open();
  open.end = effects.end;
  open.tell_followers = effects.end;
  return open;
}

LeadershipCore::Effects LeadershipCore::Opened(uint64_t attempt, const Status& outcome, Time now) {
  if (attempt != attempt_ || phase_ != Phase::kOpening) return {.wake_at = retry_at_};
  if (outcome.ok()) {
    phase_ = Phase::kLeading;
    problem_.clear();
    return {.build = role_.term};
  }
  problem_ = outcome.message();
  Effects effects;
  effects.warning = "This " + who_ + " was elected but cannot begin to lead: " + problem_;
  // Not leading any more: the log tells so by itself.
  effects.hand_over = outcome.code() != StatusCode::kUnavailable;
  return Pause(std::move(effects), now);
}

LeadershipCore::Effects LeadershipCore::Failed(uint64_t attempt, const std::string& why, Time now) {
  if (attempt != attempt_ || phase_ != Phase::kLeading) return {.wake_at = retry_at_};
  problem_ = why;
  Effects effects;
  effects.end = true;
  effects.hand_over = true;
  effects.tell_followers = true;
  effects.warning = "This " + who_ + " stops leading: " + why;
  return Pause(std::move(effects), now);
}

LeadershipCore::Effects LeadershipCore::Tick(Time now) {
  if (phase_ != Phase::kPausing || now < *retry_at_) return {.wake_at = retry_at_};
  return Open();
}

std::optional<std::string> LeadershipCore::other_leader() const {
  return role_.leading ? std::nullopt : role_.leader;
}

std::string LeadershipCore::waits_for() const {
  switch (phase_) {
    case Phase::kLeading: return "";
    case Phase::kOpening: return "This " + who_ + " was elected and begins to lead";
    case Phase::kPausing: return "This " + who_ + " was elected but cannot lead: " + problem_;
    case Phase::kStandby: break;
  }
  if (role_.leader) return "";
  return role_.waits_for.empty() ? "The " + who_ + "s elect a leader" : role_.waits_for;
}

LeadershipCore::Effects LeadershipCore::Open() {
  ++attempt_;
  phase_ = Phase::kOpening;
  retry_at_.reset();
  return {.barrier = role_.term};
}

LeadershipCore::Effects LeadershipCore::Pause(Effects effects, Time now) {
  phase_ = Phase::kPausing;
  retry_at_ = now + kRetry;
  effects.wake_at = retry_at_;
  return effects;
}

}  // namespace meseta::leadership
