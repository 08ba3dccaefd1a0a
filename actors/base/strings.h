// Small helpers on text that the standard library lacks.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace meseta::strings {

// Without spaces, tabs, carriage returns and newlines at both ends.
[[nodiscard]] std::string_view Trim(std::string_view text);
// The pieces between separators, empty ones included; "" gives one empty piece.
[[nodiscard]] std::vector<std::string> Split(std::string_view text, char separator);
// The trimmed pieces that are not empty: "a, b,," gives {a, b}.
[[nodiscard]] std::vector<std::string> SplitList(std::string_view text, char separator = ',');
[[nodiscard]] std::string Join(const std::vector<std::string>& parts, std::string_view separator);
[[nodiscard]] std::string ToLower(std::string_view text);  // ASCII only, as is ToUpper.
[[nodiscard]] std::string ToUpper(std::string_view text);

// The candidate that a user who typed `name` most likely meant; empty when none is near.
[[nodiscard]] std::string Nearest(std::string_view name,
                                  const std::vector<std::string>& candidates);

// Lines of at most `width` columns, broken at spaces; a longer word has a line of its own. Newlines
// in `text` stay.
[[nodiscard]] std::vector<std::string> Wrap(std::string_view text, size_t width);

}  // namespace meseta::strings
