// Signals as events on a network thread.
#pragma once

#include <functional>
#include <initializer_list>
#include <memory>

#include "actors/net/io_runtime.h"

namespace meseta::cli {

// Calls `on_signal` with the number, on the first network thread, each time one of `signals` comes,
// as long as it lives. REQUIRES: destroyed after `runtime` has stopped, or on its thread.
class Signals {
 public:
  Signals(net::IoRuntime& runtime, std::initializer_list<int> signals,
          std::function<void(int)> on_signal);
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace meseta::cli
