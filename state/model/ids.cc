#include "state/model/ids.h"

#include <algorithm>
#include <string>

namespace meseta::model {

Status ValidateId(std::string_view id) {
  if (id.empty()) return InvalidArgument("ID must not be empty");
  if (id.size() > kMaxIdLength) {
    return InvalidArgument("ID must not be greater than " + std::to_string(kMaxIdLength) +
                           " characters");
  }
  if (id == "." || id == "..") {
    return InvalidArgument("'" + std::string(id) + "' is disallowed");
  }
  const bool invalid = std::any_of(id.begin(), id.end(), [](char c) {
    return (c >= 0 && c < ' ') || c == '\x7f' || c == '/' || c == '\\';
  });
  if (invalid) return InvalidArgument("'" + std::string(id) + "' contains invalid characters");
  return OkStatus();
}

}  // namespace meseta::model
