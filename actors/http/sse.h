// Server-sent events ("text/event-stream"). Pure.
#pragma once

#include <string>
#include <string_view>

namespace meseta::http {

inline constexpr std::string_view kEventStreamType = "text/event-stream";

// One event; every line of `data` becomes a data line. Empty `event` and `id` are left out. Line
// ends within `event` and `id` are dropped.
[[nodiscard]] std::string EncodeEvent(std::string_view event, std::string_view data,
                                      std::string_view id = "");
// A comment, which keeps the connection from looking idle.
[[nodiscard]] std::string EncodeEventComment(std::string_view text);

}  // namespace meseta::http
