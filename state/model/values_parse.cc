#include <algorithm>
#include <charconv>
#include <cmath>

#include "state/model/values.h"

namespace meseta::model {
namespace {

bool BracketsMatch(std::string_view text, char open, char close) {
  int depth = 0;
  for (char c : text) {
    if (c == open) ++depth;
    if (c == close && --depth < 0) return false;
  }
  return depth == 0;
}

Result<ParsedValue> ParseRanges(std::string_view text) {
  const std::vector<std::string> tokens = Tokenize(text, "[]-,\n");
  if (tokens.size() % 2 != 0) return InvalidArgument("Expecting one or more \"ranges\"");
  std::vector<Ranges::Range> ranges;
  for (size_t i = 0; i < tokens.size(); i += 2) {
    uint64_t ends[2] = {0, 0};
    for (size_t j = 0; j < 2; ++j) {
      const std::string& token = tokens[i + j];
      const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), ends[j]);
      if (error != std::errc() || end != token.data() + token.size()) {
        return InvalidArgument("Expecting non-negative integers in '" + tokens[i] + "'");
      }
    }
    if (ends[0] > ends[1]) {
      return InvalidArgument("Invalid range '" + tokens[i] + "-" + tokens[i + 1] +
                             "': begin > end");
    }
    ranges.push_back(Ranges::Range{ends[0], ends[1]});
  }
  return ParsedValue(Ranges(std::move(ranges)));
}

// A number that a scalar can hold, or the text as it is.
Result<ParsedValue> ParseScalarOrText(const std::string& text) {
  const bool plus = text.starts_with('+');
  const char* begin = text.data() + (plus ? 1 : 0);
  const char* const last = text.data() + text.size();
  double number = 0;
  const auto [end, error] = std::from_chars(begin, last, number);
  if (error == std::errc() && end == last) {
    if (std::fpclassify(number) == FP_SUBNORMAL) {
      return InvalidArgument("Subnormal values not supported");
    }
    if (std::isfinite(number) && number >= 0) return ParsedValue(Scalar::FromDouble(number));
  }
  return ParsedValue(Text{text});
}

}  // namespace

std::vector<std::string> Tokenize(std::string_view text, std::string_view separators) {
  std::vector<std::string> tokens;
  size_t begin = text.find_first_not_of(separators);
  while (begin != std::string_view::npos) {
    const size_t end = std::min(text.find_first_of(separators, begin), text.size());
    tokens.emplace_back(text.substr(begin, end - begin));
    begin = text.find_first_not_of(separators, end);
  }
  return tokens;
}

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\n\r";
  const size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

Result<ParsedValue> ParseValue(std::string_view text) {
  std::string packed;
  std::copy_if(text.begin(), text.end(), std::back_inserter(packed),
               [](char c) { return c != ' '; });
  if (packed.empty()) return InvalidArgument("Expecting non-empty string");
  if (!BracketsMatch(packed, '{', '}') || !BracketsMatch(packed, '[', ']') ||
      !BracketsMatch(packed, '(', ')')) {
    return InvalidArgument("Mismatched brackets");
  }
  if (packed[0] == '[') return ParseRanges(packed);
  if (packed.find('[') != std::string::npos) return InvalidArgument("Unexpected '[' found");
  if (packed[0] == '{') return ParsedValue(Set(Tokenize(packed, "{},\n")));
  if (packed.find('{') != std::string::npos) return InvalidArgument("Unexpected '{' found");
  return ParseScalarOrText(packed);
}

}  // namespace meseta::model
