// IoRuntime: the network threads of a daemon, one io_context each.
//
// Everything of one connection happens on one thread, so connections need no locks. Handlers on
// these threads must not block. Work may be posted from any thread until Stop() returns.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <functional>
#include <memory>

#include "actors/base/time.h"

namespace meseta::net {

// A pending PostAfter. Cancel() is thread-safe, and harmless once the timer has fired; a call that
// is already running or queued may still run.
class IoTimer {
 public:
  virtual ~IoTimer() = default;
  virtual void Cancel() = 0;
};

class IoRuntime {
 public:
  // REQUIRES: threads > 0.
  explicit IoRuntime(int threads);
  IoRuntime(const IoRuntime&) = delete;
  IoRuntime& operator=(const IoRuntime&) = delete;
  ~IoRuntime();  // Stop()s.

  // The next thread's context in turn, for a new connection.
  boost::asio::io_context& Next();
  [[nodiscard]] boost::asio::io_context& At(size_t index);
  [[nodiscard]] size_t size() const;

  // Runs `work` on the first network thread, in the order posted.
  void Post(std::function<void()> work);
  // Runs `work` on the first network thread after `delay`. Dropping the handle does not cancel.
  std::shared_ptr<IoTimer> PostAfter(Duration delay, std::function<void()> work);

  // Stops and joins the threads; nothing runs afterwards. Connections still open are destroyed
  // with the runtime. Idempotent. REQUIRES: not called on a network thread.
  void Stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace meseta::net
