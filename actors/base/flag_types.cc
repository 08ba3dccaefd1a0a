#include "actors/base/flag_types.h"

#include <array>
#include <cmath>

#include "actors/base/strings.h"

namespace meseta {
namespace internal {

Status BadInteger(std::string_view text, std::string_view lowest, std::string_view highest) {
  return InvalidArgument("Invalid number '" + std::string(text) + "': expecting an integer from " +
                         std::string(lowest) + " to " + std::string(highest));
}

}  // namespace internal

Status FlagType<bool>::Parse(std::string_view text, bool* out) {
  if (text == "true" || text == "1") {
    *out = true;
  } else if (text == "false" || text == "0") {
    *out = false;
  } else {
    return InvalidArgument("Invalid value '" + std::string(text) + "': expecting true or false");
  }
  return OkStatus();
}

Status FlagType<double>::Parse(std::string_view text, double* out) {
  const char* end = text.data() + text.size();
  const auto [used, error] = std::from_chars(text.data(), end, *out);
  if (error != std::errc() || used != end || !std::isfinite(*out)) {
    return InvalidArgument("Invalid number '" + std::string(text) +
                           "': expecting a number such as 0.5");
  }
  return OkStatus();
}

std::string FlagType<double>::Text(double value) {
  std::array<char, 32> buffer;
  const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  CHECK(error == std::errc());
  return {buffer.data(), end};
}

Status FlagType<std::string>::Parse(std::string_view text, std::string* out) {
  *out = std::string(text);
  return OkStatus();
}

Status FlagType<Path>::Parse(std::string_view text, Path* out) {
  constexpr std::string_view kScheme = "file://";
  if (text.starts_with(kScheme)) text.remove_prefix(kScheme.size());
  if (text.empty()) return InvalidArgument("Expecting the path of a file or folder, not nothing");
  out->value = std::string(text);
  return OkStatus();
}

Status FlagType<Duration>::Parse(std::string_view text, Duration* out) {
  ASSIGN_OR_RETURN(*out, Duration::Parse(text));
  return OkStatus();
}

Status FlagType<Bytes>::Parse(std::string_view text, Bytes* out) {
  ASSIGN_OR_RETURN(*out, Bytes::Parse(text));
  return OkStatus();
}

Status FlagType<std::vector<std::string>>::Parse(std::string_view text,
                                                 std::vector<std::string>* out) {
  *out = strings::SplitList(text);
  return OkStatus();
}

std::string FlagType<std::vector<std::string>>::Text(const std::vector<std::string>& value) {
  return strings::Join(value, ",");
}

}  // namespace meseta
