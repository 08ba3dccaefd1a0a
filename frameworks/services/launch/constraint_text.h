// Texts and patterns of constraints. Pure.
#pragma once

#include <memory>
#include <optional>
#include <regex>
#include <string>

#include "actors/messages/v1.h"

namespace meseta::services {

// The pattern of LIKE and UNLIKE, to be matched as a whole; null: it is none. Its matching takes
// time proportional to the text, whatever the pattern; back references are no part of that.
[[nodiscard]] std::shared_ptr<const std::regex> CompilePattern(const std::string& text);

// An attribute as Marathon shows it: "0.5", "[1-5,7-9]", "{a,b}", text as it is.
[[nodiscard]] std::string ShowAttribute(const v1::Attribute& attribute);
// At most three decimals, no zeros behind: "0.###".
[[nodiscard]] std::string ShowDecimal(double value);

// A non-negative whole number, or "inf".
[[nodiscard]] std::optional<uint64_t> ParseCount(const std::string& text);
// "3" for "3.0", as attributes show numbers; anything else stays.
[[nodiscard]] std::string NormalNumber(const std::string& text);

}  // namespace meseta::services
