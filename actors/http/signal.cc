#include "actors/http/signal.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace meseta::http {

Signal::Signal(const asio::any_io_executor& executor)
    : executor_(executor), timer_(std::make_unique<asio::steady_timer>(executor)) {}

void Signal::Notify() {
  const std::lock_guard<std::mutex> lock(mutex_);
  notified_ = true;
  if (!waiting_ || timer_ == nullptr) return;
  waiting_ = false;
  // The waiter runs on the executor's thread, so this cannot come before its wait has begun.
  asio::post(executor_, [self = shared_from_this()] {
    if (self->timer_ != nullptr) self->timer_->cancel();
  });
}

asio::awaitable<void> Signal::Wait() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (notified_ || timer_ == nullptr) {
      notified_ = false;
      co_return;
    }
    waiting_ = true;
    timer_->expires_at(asio::steady_timer::time_point::max());
  }
  constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);
  co_await timer_->async_wait(kTuple);
  const std::lock_guard<std::mutex> lock(mutex_);
  waiting_ = false;
  notified_ = false;
}

void Signal::Detach() {
  const std::lock_guard<std::mutex> lock(mutex_);
  timer_ = nullptr;
  executor_ = nullptr;
}

}  // namespace meseta::http
