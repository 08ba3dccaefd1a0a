// What happens when an actor dies: nothing dies silently.
//
// RestartBudget decides; it is pure. An actor that fails is started again after a back-off that
// doubles, at most kMaxRestarts times within kRestartWindow; beyond that, or with kFatal, the
// daemon goes down with one sentence, and its supervisor starts it from what is on disk.
#pragma once

#include <deque>
#include <optional>

#include "actors/base/time.h"

namespace meseta::runtime {

enum class OnFailure {
  kFatal,    // The daemon goes down. For whatever holds state that others rely on.
  kRestart,  // A fresh one is made by the factory. For what can start from nothing.
};

inline constexpr size_t kMaxRestarts = 5;
inline constexpr Duration kRestartWindow = Duration::Minutes(1);
inline constexpr Duration kFirstRestartDelay = Duration::Millis(100);
inline constexpr Duration kMaxRestartDelay = Duration::Seconds(5);

class RestartBudget {
 public:
  explicit RestartBudget(OnFailure policy) : policy_(policy) {}

  // The delay before the restart; nothing: the failure is fatal.
  [[nodiscard]] std::optional<Duration> Failed(Time now);

 private:
  OnFailure policy_;
  std::deque<Time> recent_;  // Failures within the window, oldest first; at most kMaxRestarts.
};

}  // namespace meseta::runtime
