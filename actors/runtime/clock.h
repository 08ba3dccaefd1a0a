// Clock: where shells and adapters read the time. Cores never do; they are told.
#pragma once

#include <atomic>

#include "actors/base/time.h"

namespace meseta::runtime {

// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Time Mono() const = 0;      // Never goes back.
  [[nodiscard]] virtual WallTime Wall() const = 0;  // For people; may jump.
  [[nodiscard]] Now Both() const { return {Mono(), Wall()}; }
};

class RealClock : public Clock {
 public:
  [[nodiscard]] Time Mono() const override;
  [[nodiscard]] WallTime Wall() const override;
  static const RealClock& Get();
};

// Stands still until it is moved; both times move together.
class ManualClock : public Clock {
 public:
  explicit ManualClock(Time start = Time::FromNanos(1'000'000'000));
  [[nodiscard]] Time Mono() const override;
  [[nodiscard]] WallTime Wall() const override;
  // REQUIRES: `by` is not negative.
  void Advance(Duration by);

  // What Wall() says when Mono() says 0: 2026-01-01 00:00:00 UTC.
  static constexpr WallTime kWallStart = WallTime::FromNanos(1'767'225'600'000'000'000);

 private:
  std::atomic<int64_t> nanos_;
};

}  // namespace meseta::runtime
