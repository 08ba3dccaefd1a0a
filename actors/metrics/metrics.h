// Counter, Gauge, Timer: what components bump. Any thread, without locks; a handle stays valid
// after its metric has left the registry.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "actors/base/time.h"

namespace meseta::metrics {

// Only goes up.
class Counter {
 public:
  void Increment(uint64_t by = 1) { value_.fetch_add(by, std::memory_order_relaxed); }
  [[nodiscard]] uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  // A cache line of its own, so that neighbours on other threads do not slow each other.
  alignas(64) std::atomic<uint64_t> value_{0};
};

// The latest of some quantity, pushed by its owner.
class Gauge {
 public:
  void Set(double value) { value_.store(value, std::memory_order_relaxed); }
  void Add(double by);
  [[nodiscard]] double value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_{0};
};

// How many of the latest durations the percentiles of a Timer are taken of.
inline constexpr size_t kTimerWindow = 1000;

struct Percentile {
  double quantile;
  const char* mesos_name;
};
inline constexpr std::array<Percentile, 6> kPercentiles{
    {{0.5, "p50"}, {0.9, "p90"}, {0.95, "p95"}, {0.99, "p99"}, {0.999, "p999"}, {0.9999, "p9999"}}};

// Durations: the last one, percentiles of the latest kTimerWindow, and totals.
class Timer {
 public:
  // A negative duration counts as zero.
  void Record(Duration took);

  struct Statistics {
    uint64_t total_count = 0;  // Since the start, as is the sum.
    double total_seconds = 0;
    size_t window_count = 0;  // Of the window, as are the rest; in milliseconds.
    double last_ms = 0;
    double min_ms = 0;
    double max_ms = 0;
    std::array<double, kPercentiles.size()> percentiles_ms{};  // Linearly interpolated.
  };
  [[nodiscard]] Statistics Read() const;

 private:
  std::atomic<uint64_t> count_{0};
  std::atomic<int64_t> sum_nanos_{0};
  std::atomic<int64_t> last_nanos_{0};
  // A ring; 0 where nothing was written, else nanoseconds + 1.
  std::array<std::atomic<int64_t>, kTimerWindow> window_{};
};

}  // namespace meseta::metrics
