// Signal: wakes one coroutine from any thread.
//
// Notify() is remembered until the next Wait(). The owner Detach()es before its executor goes away;
// Notify() is then nothing. Shared by those who notify.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <mutex>

#include "actors/net/asio.h"

namespace meseta::http {

namespace asio = net::asio;

class Signal : public std::enable_shared_from_this<Signal> {
 public:
  explicit Signal(const asio::any_io_executor& executor);
  void Notify();
  // On the executor's thread, by one coroutine at a time.
  asio::awaitable<void> Wait();
  void Detach();

 private:
  std::mutex mutex_;
  bool notified_ = false;
  bool waiting_ = false;
  asio::any_io_executor executor_;
  std::unique_ptr<asio::steady_timer> timer_;  // Null once detached.
};

}  // namespace meseta::http
