#include "actors/net/dial_core.h"

#include <algorithm>
#include <utility>

#include "actors/base/check.h"

namespace meseta::net {

DialCore::DialCore(std::vector<std::string> addresses, Rng rng)
    : addresses_(std::move(addresses)), rng_(rng) {
  CHECK(!addresses_.empty());
  if (addresses_.size() > kMaxDialAddresses) addresses_.resize(kMaxDialAddresses);
}

std::optional<std::string> DialCore::Poll(Time now) {
  if (phase_ != Phase::kWaiting || now < wait_until_) return std::nullopt;
  phase_ = Phase::kConnecting;
  return addresses_[next_];
}

void DialCore::Up(Time now) {
  if (phase_ != Phase::kConnecting) return;
  phase_ = Phase::kUp;
  up_since_ = now;
}

void DialCore::Failed(Time now) {
  if (phase_ == Phase::kWaiting) return;
  if (phase_ == Phase::kUp) {
    if (now - up_since_ >= kStableAfter) backoff_ = kMinBackoff;
    next_ = 0;
    wait_until_ = now + NextPause();
  } else {
    next_ = (next_ + 1) % addresses_.size();
    wait_until_ = next_ == 0 ? now + NextPause() : now;
  }
  phase_ = Phase::kWaiting;
}

Time DialCore::wake_at() const {
  return phase_ == Phase::kWaiting ? wait_until_ : Time::Max();
}

Duration DialCore::NextPause() {
  const double factor = 0.5 + rng_.Uniform() / 2;
  const Duration pause = Duration::FromSecondsDouble(backoff_.seconds() * factor);
  backoff_ = std::min(backoff_ * 2, kMaxBackoff);
  return pause;
}

}  // namespace meseta::net
