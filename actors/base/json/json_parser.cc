#include "actors/base/json/json_parser.h"

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/error.hpp>
#include <boost/json/parse_options.hpp>
#include <boost/json/value_stack.hpp>
#include <charconv>
#include <cmath>
#include <stdexcept>
#include <string>

namespace meseta {
namespace {

namespace json = boost::json;
using Code = json::error_code;

constexpr std::string_view kSpace = " \t\r\n";

// Builds the tree. It differs from the library's own parser in one point: a double is rounded
// correctly (the library may be off by one unit in the last place).
class Handler {
 public:
  static constexpr size_t max_object_size = json::object::max_size();
  static constexpr size_t max_array_size = json::array::max_size();
  static constexpr size_t max_key_size = json::string::max_size();
  static constexpr size_t max_string_size = json::string::max_size();

  explicit Handler(json::storage_ptr storage) { stack_.reset(std::move(storage)); }
  json::value Release() { return stack_.release(); }

  bool on_document_begin(Code&) { return true; }
  bool on_document_end(Code&) { return true; }
  bool on_object_begin(Code&) { return true; }
  bool on_object_end(size_t count, Code&) {
    stack_.push_object(count);
    return true;
  }
  bool on_array_begin(Code&) { return true; }
  bool on_array_end(size_t count, Code&) {
    stack_.push_array(count);
    return true;
  }
  bool on_key_part(json::string_view part, size_t, Code&) {
    stack_.push_chars(part);
    return true;
  }
  bool on_key(json::string_view part, size_t, Code&) {
    stack_.push_key(part);
    return true;
  }
  bool on_string_part(json::string_view part, size_t, Code&) {
    stack_.push_chars(part);
    return true;
  }
  bool on_string(json::string_view part, size_t, Code&) {
    stack_.push_string(part);
    return true;
  }
  bool on_number_part(json::string_view, Code&) { return true; }
  bool on_int64(int64_t value, json::string_view, Code&) {
    stack_.push_int64(value);
    return true;
  }
  bool on_uint64(uint64_t value, json::string_view, Code&) {
    stack_.push_uint64(value);
    return true;
  }
  bool on_double(double rough, json::string_view text, Code& code) {
    // The whole document is one buffer, so `text` is the whole number.
    double value = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
    if (parsed.ec == std::errc::result_out_of_range) {
      if (!(std::fabs(rough) < 1)) {
        code = json::error::exponent_overflow;
        return false;
      }
      value = std::copysign(0.0, rough);  // Too small to tell from zero.
    }
    stack_.push_double(value);
    return true;
  }
  bool on_bool(bool value, Code&) {
    stack_.push_bool(value);
    return true;
  }
  bool on_null(Code&) {
    stack_.push_null();
    return true;
  }
  bool on_comment_part(json::string_view, Code&) { return true; }
  bool on_comment(json::string_view, Code&) { return true; }

 private:
  json::value_stack stack_;
};

std::string Excerpt(std::string_view rest) {
  std::string excerpt;
  for (char c : rest.substr(0, rest.find('\n'))) {
    if (excerpt.size() == kMaxJsonExcerpt) break;
    const bool printable = static_cast<uint8_t>(c) >= 0x20 && static_cast<uint8_t>(c) < 0x7f;
    if (printable) excerpt += c;
  }
  return excerpt;
}

Status SyntaxError(std::string_view text, size_t position) {
  const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<ptrdiff_t>(position), '\n');
  return InvalidArgument("syntax error at line " + std::to_string(line) +
                         " near: " + Excerpt(text.substr(position)));
}

Status Explain(const Code& code, std::string_view text, size_t position) {
  if (code == json::error::too_deep) {
    return InvalidArgument("Nested deeper than " + std::to_string(kMaxJsonDepth) + " levels");
  }
  if (code == json::error::exponent_overflow) return InvalidArgument("Value out of range");
  return SyntaxError(text, position);
}

Result<json::value> Parse(std::string_view text, json::storage_ptr storage) {
  json::parse_options options;
  options.max_depth = kMaxJsonDepth;
  json::basic_parser<Handler> parser(options, std::move(storage));
  Code code;
  const size_t used = std::min(parser.write_some(false, text.data(), text.size(), code), text.size());
  if (code) return Explain(code, text, used);
  const size_t rest = text.find_first_not_of(kSpace, used);
  if (rest != std::string_view::npos) {
    return InvalidArgument("Parsed JSON included non-whitespace trailing characters: " +
                           Excerpt(text.substr(rest)));
  }
  return parser.handler().Release();
}

}  // namespace

Result<json::value> ParseJson(std::string_view text) { return ParseJson(text, {}); }

Result<json::value> ParseJson(std::string_view text, json::storage_ptr storage) {
  try {
    return Parse(text, std::move(storage));
  } catch (const std::length_error&) {  // A string or array longer than the library can hold.
    return ResourceExhausted("JSON value too large");
  }
}

}  // namespace meseta
