#include "actors/net/deadlines.h"

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <utility>

namespace meseta::net {

using Clock = std::chrono::steady_clock;
constexpr auto kNever = Clock::time_point::max();

struct Deadlines::State {
  State(const asio::any_io_executor& executor, std::function<void()> on_expired_in)
      : timer(executor), on_expired(std::move(on_expired_in)) {}
  asio::steady_timer timer;
  std::function<void()> on_expired;  // Null once the owner is gone.
  std::array<Clock::time_point, 2> at{kNever, kNever};
  std::array<bool, 2> passed{};
  Clock::time_point armed = kNever;  // When the timer fires next.
};

Deadlines::Deadlines(const asio::any_io_executor& executor, std::function<void()> on_expired)
    : state_(std::make_shared<State>(executor, std::move(on_expired))) {}

Deadlines::~Deadlines() {
  state_->on_expired = nullptr;
  state_->timer.cancel();
}

void Deadlines::Set(Slot slot, Duration timeout) {
  state_->passed[slot] = false;
  if (timeout == Duration::Max()) {
    state_->at[slot] = kNever;
    return;
  }
  state_->at[slot] = Clock::now() + std::chrono::nanoseconds(timeout.nanos());
  if (state_->at[slot] < state_->armed) Arm(state_);
}

bool Deadlines::Clear(Slot slot) {
  state_->at[slot] = kNever;
  return std::exchange(state_->passed[slot], false);
}

void Deadlines::Arm(const std::shared_ptr<State>& state) {
  state->armed = *std::min_element(state->at.begin(), state->at.end());
  if (state->armed == kNever) return;
  state->timer.expires_at(
      state->armed);  // Aborts an earlier wait, whose handler then does nothing.
  state->timer.async_wait([state](const ErrorCode& error) {
    if (!error && state->on_expired) Fired(state);
  });
}

void Deadlines::Fired(const std::shared_ptr<State>& state) {
  // An aborted wait may already be queued as fired; the clock decides, not the handler.
  const auto now = Clock::now();
  bool any = false;
  for (size_t slot = 0; slot < state->at.size(); ++slot) {
    if (state->at[slot] > now) continue;
    state->at[slot] = kNever;
    state->passed[slot] = true;
    any = true;
  }
  Arm(state);
  if (any) state->on_expired();
}

}  // namespace meseta::net
