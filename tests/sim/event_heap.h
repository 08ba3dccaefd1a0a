// EventHeap: virtual time. Everything that happens in a simulation is an event here; events of one
// instant run in the order in which they were scheduled, so a run depends on nothing but its seed.
//
// One thread. Owns the events; what they capture must outlive the heap's last Step.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <utility>

#include "actors/base/time.h"

namespace meseta::sim {

class EventHeap {
 public:
  // Virtual time starts here, on both clocks (nanoseconds).
  static constexpr int64_t kMonoStart = 1'000'000'000;
  static constexpr int64_t kWallStart = 1'700'000'000'000'000'000;

  [[nodiscard]] Time now() const { return now_; }
  [[nodiscard]] Now both() const {
    return {now_, WallTime::FromNanos(kWallStart + now_.nanos() - kMonoStart)};
  }
  // What is already past happens now, behind what is due now.
  void At(Time time, std::function<void()> event);
  void After(Duration delay, std::function<void()> event) { At(now_ + delay, std::move(event)); }
  // Runs the next event. False: there is none.
  bool Step();
  [[nodiscard]] uint64_t steps() const { return steps_; }

 private:
  Time now_ = Time::FromNanos(kMonoStart);
  uint64_t sequence_ = 0;
  uint64_t steps_ = 0;
  std::map<std::pair<Time, uint64_t>, std::function<void()>> events_;
};

}  // namespace meseta::sim
