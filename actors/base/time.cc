#include "actors/base/time.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

namespace meseta {
namespace {

struct Unit {
  std::string_view name;
  int64_t nanos;
};

// The first name of each size is the one ToString writes.
constexpr std::array<Unit, 27> kUnits{{
    {"weeks", 604'800'000'000'000}, {"week", 604'800'000'000'000}, {"w", 604'800'000'000'000},
    {"days", 86'400'000'000'000},   {"day", 86'400'000'000'000},   {"d", 86'400'000'000'000},
    {"hrs", 3'600'000'000'000},     {"hr", 3'600'000'000'000},     {"hours", 3'600'000'000'000},
    {"hour", 3'600'000'000'000},    {"h", 3'600'000'000'000},
    {"mins", 60'000'000'000},       {"min", 60'000'000'000},       {"minutes", 60'000'000'000},
    {"minute", 60'000'000'000},     {"m", 60'000'000'000},
    {"secs", 1'000'000'000},        {"sec", 1'000'000'000},        {"seconds", 1'000'000'000},
    {"second", 1'000'000'000},      {"s", 1'000'000'000},
    {"ms", 1'000'000},              {"millis", 1'000'000},
    {"us", 1'000},                  {"micros", 1'000},
    {"ns", 1},                      {"nanos", 1},
}};

}  // namespace

Duration Duration::FromSecondsDouble(double seconds) {
  if (std::isnan(seconds)) return {};
  const double nanos = seconds * 1e9;
  if (nanos >= 9.2e18) return Max();
  if (nanos <= -9.2e18) return Nanos(std::numeric_limits<int64_t>::min());
  return Nanos(std::llround(nanos));
}

Result<Duration> Duration::Parse(std::string_view text) {
  const std::string shown = "'" + std::string(text) + "'";
  const Status failure = InvalidArgument(
      "Invalid duration " + shown + ": expecting a number and a unit such as 10secs, 5mins or 250ms");
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || !std::isfinite(number)) return failure;
  std::string_view unit(end, static_cast<size_t>(text.data() + text.size() - end));
  while (!unit.empty() && unit.front() == ' ') unit.remove_prefix(1);
  for (const Unit& u : kUnits) {
    if (u.name != unit) continue;
    const double nanos = number * static_cast<double>(u.nanos);
    if (std::abs(nanos) >= 9.2e18) {
      return InvalidArgument("Duration " + shown + " is out of range (at most 292 years)");
    }
    // Whole numbers stay exact beyond 2^53 nanoseconds.
    if (number == std::floor(number) && std::abs(number) < 9e15) {
      return Nanos(static_cast<int64_t>(number) * u.nanos);
    }
    return Nanos(std::llround(nanos));
  }
  return failure;
}

std::string Duration::ToString() const {
  if (nanos_ == 0) return "0ns";
  for (const Unit& u : kUnits) {
    if (nanos_ % u.nanos == 0) return std::to_string(nanos_ / u.nanos) + std::string(u.name);
  }
  return std::to_string(nanos_) + "ns";
}

std::ostream& operator<<(std::ostream& out, Duration d) { return out << d.ToString(); }
std::ostream& operator<<(std::ostream& out, Time t) { return out << t.nanos() << "ns"; }

}  // namespace meseta
