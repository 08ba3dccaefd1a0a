// Duration, Time (monotonic) and WallTime: three types that cannot be mixed up.
//
// All count nanoseconds in 64 bits (292 years). Cores get `Time now` as an argument; only adapters
// read clocks (actors/runtime/clock.h). Durations are written as Mesos users write them: "10secs",
// "1.5mins", "500ms".
#pragma once

#include <compare>
#include <cstdint>
#include <limits>
#include <ostream>
#include <string>
#include <string_view>

#include "actors/base/status.h"

namespace meseta {

class Duration {
 public:
  constexpr Duration() = default;
  static constexpr Duration Nanos(int64_t n) { return Duration(n); }
  static constexpr Duration Micros(int64_t n) { return Duration(n * 1000); }
  static constexpr Duration Millis(int64_t n) { return Duration(n * 1'000'000); }
  static constexpr Duration Seconds(int64_t n) { return Duration(n * 1'000'000'000); }
  static constexpr Duration Minutes(int64_t n) { return Seconds(n * 60); }
  static constexpr Duration Hours(int64_t n) { return Seconds(n * 3600); }
  static constexpr Duration Days(int64_t n) { return Hours(n * 24); }
  static constexpr Duration Max() { return Duration(std::numeric_limits<int64_t>::max()); }
  // Saturates at the ends of the range; NaN is zero.
  static Duration FromSecondsDouble(double seconds);

  // A number and a unit: ns, us, ms, secs, mins, hrs, days, weeks (also sec, min, hour, day, s ...).
  // "5 mins" and "5mins" are one; the number may have a fraction.
  static Result<Duration> Parse(std::string_view text);

  [[nodiscard]] constexpr int64_t nanos() const { return nanos_; }
  [[nodiscard]] constexpr int64_t millis() const { return nanos_ / 1'000'000; }
  [[nodiscard]] constexpr double seconds() const { return static_cast<double>(nanos_) / 1e9; }
  // The shortest exact text that Parse reads back: "15secs", "1.5mins", "250ms".
  [[nodiscard]] std::string ToString() const;

  friend constexpr auto operator<=>(Duration, Duration) = default;
  friend constexpr Duration operator+(Duration a, Duration b) { return Duration(a.nanos_ + b.nanos_); }
  friend constexpr Duration operator-(Duration a, Duration b) { return Duration(a.nanos_ - b.nanos_); }
  friend constexpr Duration operator*(Duration a, int64_t n) { return Duration(a.nanos_ * n); }
  friend constexpr Duration operator/(Duration a, int64_t n) { return Duration(a.nanos_ / n); }
  constexpr Duration& operator+=(Duration d) { nanos_ += d.nanos_; return *this; }

 private:
  explicit constexpr Duration(int64_t nanos) : nanos_(nanos) {}
  int64_t nanos_ = 0;
};

template <class Tag>
class TimePoint {
 public:
  constexpr TimePoint() = default;
  static constexpr TimePoint FromNanos(int64_t n) { return TimePoint(n); }
  static constexpr TimePoint Max() { return TimePoint(std::numeric_limits<int64_t>::max()); }

  // Since boot or start (Time), since 1970-01-01 UTC (WallTime).
  [[nodiscard]] constexpr int64_t nanos() const { return nanos_; }
  [[nodiscard]] constexpr double seconds() const { return static_cast<double>(nanos_) / 1e9; }

  friend constexpr auto operator<=>(TimePoint, TimePoint) = default;
  // Saturates: adding Duration::Max() gives Max().
  friend constexpr TimePoint operator+(TimePoint t, Duration d) {
    if (d.nanos() > 0 && t.nanos_ > std::numeric_limits<int64_t>::max() - d.nanos()) return Max();
    return TimePoint(t.nanos_ + d.nanos());
  }
  friend constexpr TimePoint operator-(TimePoint t, Duration d) { return TimePoint(t.nanos_ - d.nanos()); }
  friend constexpr Duration operator-(TimePoint a, TimePoint b) {
    return Duration::Nanos(a.nanos_ - b.nanos_);
  }

 private:
  explicit constexpr TimePoint(int64_t nanos) : nanos_(nanos) {}
  int64_t nanos_ = 0;
};

using Time = TimePoint<struct MonotonicTag>;
using WallTime = TimePoint<struct WallTag>;

std::ostream& operator<<(std::ostream& out, Duration d);
std::ostream& operator<<(std::ostream& out, Time t);

// What a core is told about time with each event: deadlines use `mono`, records for people `wall`.
struct Now {
  Time mono;
  WallTime wall;
};

}  // namespace meseta
