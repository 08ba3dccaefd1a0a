#include "actors/base/bytes.h"

#include <array>
#include <charconv>
#include <cmath>

namespace meseta {
namespace {

struct Unit {
  std::string_view name;
  int shift;
};
constexpr std::array<Unit, 5> kUnits{{{"TB", 40}, {"GB", 30}, {"MB", 20}, {"KB", 10}, {"B", 0}}};

}  // namespace

Result<Bytes> Bytes::Parse(std::string_view text) {
  const Status failure = InvalidArgument("Invalid size '" + std::string(text) +
                                         "': expecting a number and a unit such as 256MB or 1GB");
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || !std::isfinite(number) || number < 0) return failure;
  std::string_view unit(end, static_cast<size_t>(text.data() + text.size() - end));
  while (!unit.empty() && unit.front() == ' ') unit.remove_prefix(1);
  for (const Unit& u : kUnits) {
    if (u.name != unit) continue;
    const double count = std::ldexp(number, u.shift);
    if (count >= 1.8e19) return failure;
    return Bytes(static_cast<uint64_t>(count));
  }
  return failure;
}

std::string Bytes::ToString() const {
  for (const Unit& u : kUnits) {
    if (count_ != 0 && count_ % (uint64_t{1} << u.shift) == 0) {
      return std::to_string(count_ >> u.shift) + std::string(u.name);
    }
  }
  return "0B";
}

}  // namespace meseta
