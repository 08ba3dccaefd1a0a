// Deadlines: the read and write deadlines of one stream on a single lazy timer.
//
// Setting a deadline usually only stores it: the timer is touched when the new deadline comes
// before the armed one, and looks again when it fires. Lives on its executor's thread.
#pragma once

#include <array>
#include <chrono>
#include <functional>
#include <memory>

#include "actors/base/time.h"
#include "actors/net/asio.h"

namespace meseta::net {

class Deadlines {
 public:
  enum Slot { kRead, kWrite };

  // `on_expired` cancels the operations that wait.
  Deadlines(const asio::any_io_executor& executor, std::function<void()> on_expired);
  Deadlines(const Deadlines&) = delete;
  Deadlines& operator=(const Deadlines&) = delete;
  ~Deadlines();

  // Duration::Max() sets none.
  void Set(Slot slot, Duration timeout);
  // Ends the slot's deadline; true when it has passed.
  bool Clear(Slot slot);

 private:
  struct State;
  static void Arm(const std::shared_ptr<State>& state);
  static void Fired(const std::shared_ptr<State>& state);
  std::shared_ptr<State> state_;
};

}  // namespace meseta::net
