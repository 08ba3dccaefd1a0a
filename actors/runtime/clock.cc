#include "actors/runtime/clock.h"

#include <ctime>

namespace meseta::runtime {
namespace {

int64_t Read(clockid_t id) {
  timespec t{};
  CHECK(clock_gettime(id, &t) == 0);
  return int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}

}  // namespace

// Goes on while the machine sleeps: leases stand on it.
Time RealClock::Mono() const { return Time::FromNanos(Read(CLOCK_BOOTTIME)); }
WallTime RealClock::Wall() const { return WallTime::FromNanos(Read(CLOCK_REALTIME)); }

const RealClock& RealClock::Get() {
  static const RealClock clock;
  return clock;
}

ManualClock::ManualClock(Time start) : nanos_(start.nanos()) {}
Time ManualClock::Mono() const { return Time::FromNanos(nanos_.load()); }
WallTime ManualClock::Wall() const { return kWallStart + Duration::Nanos(nanos_.load()); }

void ManualClock::Advance(Duration by) {
  CHECK(by >= Duration());
  nanos_.fetch_add(by.nanos());
}

}  // namespace meseta::runtime
