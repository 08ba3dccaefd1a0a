#include "frameworks/services/launch/constraint_text.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <vector>

#include "actors/base/strings.h"

namespace meseta::services {
namespace {

constexpr size_t kMaxPatternBytes = 512;
// Of one repetition: each becomes so many states.
constexpr int kMaxRepetition = 1000;

// Repetitions with large bounds would be unrolled into as many states.
bool HasHugeRepetition(const std::string& text) {
  for (size_t i = text.find('{'); i != std::string::npos; i = text.find('{', i + 1)) {
    const char* at = text.data() + i + 1;
    const char* end = text.data() + text.size();
    while (at < end && *at != '}') {
      int number = 0;
      const auto [next, error] = std::from_chars(at, end, number);
      if (error == std::errc::result_out_of_range || number > kMaxRepetition) return true;
      at = next == at ? at + 1 : next;
    }
  }
  return false;
}

}  // namespace

std::shared_ptr<const std::regex> CompilePattern(const std::string& text) {
  if (text.size() > kMaxPatternBytes || HasHugeRepetition(text)) return nullptr;
  try {
    // The polynomial matcher: patterns come from users, so none may take exponential time.
    return std::make_shared<const std::regex>(
        text, std::regex::ECMAScript | std::regex_constants::__polynomial);
  } catch (const std::regex_error&) {
    return nullptr;
  }
}

std::string ShowDecimal(double value) {
  if (!std::isfinite(value)) return value > 0 ? "inf" : "nan";
  char buffer[400];
  const auto [end, error] =
      std::to_chars(buffer, buffer + sizeof(buffer), value, std::chars_format::fixed, 3);
  if (error != std::errc()) return "0";
  std::string text(buffer, end);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text == "-0" ? "0" : text;
}

std::string ShowAttribute(const v1::Attribute& attribute) {
  switch (attribute.type()) {
    case v1::Value::SCALAR:
      return ShowDecimal(attribute.scalar().value());
    case v1::Value::RANGES: {
      std::vector<std::pair<uint64_t, uint64_t>> ranges;
      for (const auto& range : attribute.ranges().range()) {
        ranges.emplace_back(range.begin(), range.end());
      }
      std::sort(ranges.begin(), ranges.end());
      std::vector<std::string> parts;
      for (const auto& [begin, end] : ranges) {
        parts.push_back(std::to_string(begin) + "-" + std::to_string(end));
      }
      return "[" + strings::Join(parts, ",") + "]";
    }
    case v1::Value::SET: {
      std::vector<std::string> items(attribute.set().item().begin(), attribute.set().item().end());
      std::sort(items.begin(), items.end());
      return "{" + strings::Join(items, ",") + "}";
    }
    case v1::Value::TEXT:
      return attribute.text().value();
  }
  return "";
}

std::optional<uint64_t> ParseCount(const std::string& text) {
  if (text == "inf") return std::numeric_limits<uint32_t>::max();
  uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::string NormalNumber(const std::string& text) {
  const bool plain = !text.empty() && text.front() != '.' && text.back() != '.' &&
                     text.find_first_not_of("0123456789.") == std::string::npos &&
                     std::count(text.begin(), text.end(), '.') <= 1;
  if (!plain) return text;
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return text;
  return ShowDecimal(value);
}

}  // namespace meseta::services
