// SimClock: one replica's monotonic clock. It starts anywhere at each boot and runs a little too
// fast or too slow.
#pragma once

#include <cmath>
#include <cstdint>

#include "actors/base/time.h"

namespace meseta::logsim {

class SimClock {
 public:
  SimClock() = default;
  // Shows `local` at `real` and goes on at `rate` seconds a second.
  SimClock(Time real, Time local, double rate) : real_(real), local_(local), rate_(rate) {}

  [[nodiscard]] Time At(Time real) const {
    return local_ + Duration::Nanos(static_cast<int64_t>(
                        std::floor(static_cast<double>((real - real_).nanos()) * rate_)));
  }
  // The first moment at which it shows at least `local`.
  [[nodiscard]] Time WhenItShows(Time local) const {
    if (local == Time::Max()) return local;
    return real_ + Duration::Nanos(static_cast<int64_t>(std::ceil(
                                       static_cast<double>((local - local_).nanos()) / rate_)) +
                                   1);
  }

 private:
  Time real_, local_;
  double rate_ = 1;
};

}  // namespace meseta::logsim
