// Bytes: an amount of memory or disk, written as Mesos users write it: "256MB", "1.5GB", "64KB".
// Units are powers of 1024. Mesos' mem and disk scalars are megabytes.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "actors/base/status.h"

namespace meseta {

class Bytes {
 public:
  constexpr Bytes() = default;
  explicit constexpr Bytes(uint64_t count) : count_(count) {}
  static constexpr Bytes Kilobytes(uint64_t n) { return Bytes(n << 10); }
  static constexpr Bytes Megabytes(uint64_t n) { return Bytes(n << 20); }
  static constexpr Bytes Gigabytes(uint64_t n) { return Bytes(n << 30); }

  // A number and a unit: B, KB, MB, GB, TB.
  static Result<Bytes> Parse(std::string_view text);

  [[nodiscard]] constexpr uint64_t count() const { return count_; }
  [[nodiscard]] constexpr double megabytes() const {
    return static_cast<double>(count_) / (1024.0 * 1024.0);
  }
  [[nodiscard]] std::string ToString() const;  // The largest unit that is exact.

  friend constexpr auto operator<=>(Bytes, Bytes) = default;

 private:
  uint64_t count_ = 0;
};

}  // namespace meseta
