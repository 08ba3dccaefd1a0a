#include "actors/metrics/metrics.h"

#include <algorithm>
#include <vector>

namespace meseta::metrics {
namespace {

double Milliseconds(int64_t nanos) { return static_cast<double>(nanos) / 1e6; }

// REQUIRES: `sorted` is not empty.
double Interpolated(const std::vector<int64_t>& sorted, double quantile) {
  const double position = quantile * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(position);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  const double fraction = position - static_cast<double>(below);
  const double low = Milliseconds(sorted[below]);
  return low + (Milliseconds(sorted[above]) - low) * fraction;
}

}  // namespace

void Gauge::Add(double by) {
  double old = value_.load(std::memory_order_relaxed);
  while (!value_.compare_exchange_weak(old, old + by, std::memory_order_relaxed)) {
  }
}

void Timer::Record(Duration took) {
  const int64_t nanos = std::max<int64_t>(took.nanos(), 0);
  const uint64_t slot = count_.fetch_add(1, std::memory_order_relaxed) % kTimerWindow;
  window_[slot].store(nanos + 1, std::memory_order_relaxed);
  sum_nanos_.fetch_add(nanos, std::memory_order_relaxed);
  last_nanos_.store(nanos, std::memory_order_relaxed);
}

Timer::Statistics Timer::Read() const {
  Statistics statistics;
  statistics.total_count = count_.load(std::memory_order_relaxed);
  statistics.total_seconds = Milliseconds(sum_nanos_.load(std::memory_order_relaxed)) / 1e3;
  statistics.last_ms = Milliseconds(last_nanos_.load(std::memory_order_relaxed));
  std::vector<int64_t> values;
  values.reserve(std::min<uint64_t>(statistics.total_count, kTimerWindow));
  for (const std::atomic<int64_t>& slot : window_) {
    const int64_t value = slot.load(std::memory_order_relaxed);
    if (value == 0) break;  // The ring fills from the start.
    values.push_back(value - 1);
  }
  statistics.window_count = values.size();
  if (values.empty()) return statistics;
  std::sort(values.begin(), values.end());
  statistics.min_ms = Milliseconds(values.front());
  statistics.max_ms = Milliseconds(values.back());
  for (size_t i = 0; i < kPercentiles.size(); ++i) {
    statistics.percentiles_ms[i] = Interpolated(values, kPercentiles[i].quantile);
  }
  return statistics;
}

}  // namespace meseta::metrics
