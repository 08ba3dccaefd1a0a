#include "actors/http/http_date.h"

#include <array>
#include <cstdio>
#include <ctime>

namespace meseta::http {
namespace {

// Not by strftime: names must not follow the locale.
constexpr std::array<const char*, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

}  // namespace

std::string FormatHttpDate(int64_t seconds) {
  const std::time_t time = seconds;
  std::tm parts{};
  if (gmtime_r(&time, &parts) == nullptr) return "Thu, 01 Jan 1970 00:00:00 GMT";
  char text[64];
  std::snprintf(text, sizeof text, "%s, %02d %s %d %02d:%02d:%02d GMT",
                kDays[static_cast<size_t>(parts.tm_wday)], parts.tm_mday,
                kMonths[static_cast<size_t>(parts.tm_mon)], parts.tm_year + 1900, parts.tm_hour,
                parts.tm_min, parts.tm_sec);
  return text;
}

std::optional<int64_t> ParseHttpDate(std::string_view text) {
  std::tm parts{};
  char month[4] = "";
  char zone[4] = "";
  const std::string copy(text.substr(0, 64));
  if (std::sscanf(copy.c_str(), "%*3s, %2d %3s %4d %2d:%2d:%2d %3s", &parts.tm_mday, month,
                  &parts.tm_year, &parts.tm_hour, &parts.tm_min, &parts.tm_sec, zone) != 7) {
    return std::nullopt;
  }
  parts.tm_mon = -1;
  for (size_t i = 0; i < kMonths.size(); ++i) {
    if (std::string_view(month) == kMonths[i]) parts.tm_mon = static_cast<int>(i);
  }
  if (parts.tm_mon < 0 || std::string_view(zone) != "GMT" || parts.tm_year < 1970) {
    return std::nullopt;
  }
  parts.tm_year -= 1900;
  return timegm(&parts);
}

}  // namespace meseta::http
