// Dates of HTTP headers: "Sun, 06 Nov 1994 08:49:37 GMT". Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace meseta::http {

// Seconds since 1970-01-01 UTC.
[[nodiscard]] std::string FormatHttpDate(int64_t seconds);
[[nodiscard]] std::optional<int64_t> ParseHttpDate(std::string_view text);

}  // namespace meseta::http
