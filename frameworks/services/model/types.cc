#include "frameworks/services/model/types.h"

#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>

namespace meseta::services {
namespace {

constexpr int64_t kMsPerDay = 86'400'000;
constexpr std::string_view kShape = "dddd-dd-ddTdd:dd:dd";

// The digits at [from, from + length), which kShape has checked.
int Number(std::string_view text, size_t from, size_t length) {
  int value = 0;
  std::from_chars(text.data() + from, text.data() + from + length, value);
  return value;
}

bool HasShape(std::string_view text) {
  if (text.size() < kShape.size()) return false;
  for (size_t i = 0; i < kShape.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (kShape[i] == 'd' ? !digit : text[i] != kShape[i]) return false;
  }
  return true;
}

// What follows the seconds: "", ".123", either with "Z" or "+00:00". -1: none of these.
int Millis(std::string_view rest) {
  for (const std::string_view zone : {"Z", "+00:00", "+0000"}) {
    if (rest.size() >= zone.size() && rest.substr(rest.size() - zone.size()) == zone) {
      rest.remove_suffix(zone.size());
      break;
    }
  }
  if (rest.empty()) return 0;
  if (rest[0] != '.' || rest.size() < 2 || rest.size() > 10) return -1;
  int millis = 0;
  for (size_t i = 1; i < std::max<size_t>(rest.size(), 4); ++i) {
    const char c = i < rest.size() ? rest[i] : '0';
    if (c < '0' || c > '9') return -1;
    if (i < 4) millis = millis * 10 + (c - '0');
  }
  return millis;
}

}  // namespace

std::string ShowTime(int64_t ms) {
  int64_t days = ms / kMsPerDay;
  int64_t rest = ms % kMsPerDay;
  if (rest < 0) {
    rest += kMsPerDay;
    --days;
  }
  // Beyond what a calendar date can say, the nearest that it can.
  days = std::max<int64_t>(-700'000, std::min<int64_t>(days, 2'900'000));
  const std::chrono::year_month_day date{
      std::chrono::sys_days(std::chrono::days(static_cast<int>(days)))};
  std::array<char, 64> text;
  const int length =
      std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ",
                    static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                    static_cast<unsigned>(date.day()), static_cast<int>(rest / 3'600'000),
                    static_cast<int>(rest / 60'000 % 60), static_cast<int>(rest / 1'000 % 60),
                    static_cast<int>(rest % 1'000));
  return std::string(text.data(), static_cast<size_t>(length));
}

int64_t ParseTime(std::string_view text) {
  if (!HasShape(text)) return 0;
  const std::chrono::year_month_day date{
      std::chrono::year(Number(text, 0, 4)),
      std::chrono::month(static_cast<unsigned>(Number(text, 5, 2))),
      std::chrono::day(static_cast<unsigned>(Number(text, 8, 2)))};
  const int hours = Number(text, 11, 2);
  const int minutes = Number(text, 14, 2);
  const int seconds = Number(text, 17, 2);
  const int millis = Millis(text.substr(kShape.size()));
  if (!date.ok() || hours > 23 || minutes > 59 || seconds > 59 || millis < 0) return 0;
  const int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  return days * kMsPerDay + hours * 3'600'000LL + minutes * 60'000LL + seconds * 1'000LL + millis;
}

}  // namespace meseta::services
