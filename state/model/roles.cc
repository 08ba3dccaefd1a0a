#include "state/model/roles.h"

#include <algorithm>

namespace meseta::model {
namespace {

Status ValidateComponent(const std::string& role, const std::string& component) {
  for (std::string_view special : {".", "..", "*"}) {
    if (component == special) {
      return InvalidArgument("Role '" + role + "' cannot include '" + component +
                             "' as a component");
    }
  }
  if (component.starts_with('-')) {
    return InvalidArgument("Role component '" + component +
                           "' is invalid because it starts with a dash");
  }
  if (component.find_first_of("\t\n\v\f\r \x7f") != std::string::npos) {
    return InvalidArgument("Role component '" + component +
                           "' is invalid because it contains backspace or whitespace");
  }
  return OkStatus();
}

}  // namespace

Status ValidateRole(std::string_view name) {
  if (name == "*") return OkStatus();
  const std::string role(name);
  if (role.starts_with('/')) {
    return InvalidArgument("Role '" + role + "' cannot start with a slash");
  }
  if (role.ends_with('/')) return InvalidArgument("Role '" + role + "' cannot end with a slash");
  if (role.find("//") != std::string::npos) {
    return InvalidArgument("Role '" + role + "' cannot contain two adjacent slashes");
  }
  if (role.empty()) return InvalidArgument("Role names cannot be the empty string");
  size_t begin = 0;
  while (begin <= role.size()) {
    const size_t end = std::min(role.find('/', begin), role.size());
    RETURN_IF_ERROR(ValidateComponent(role, role.substr(begin, end - begin)));
    begin = end + 1;
  }
  return OkStatus();
}

bool IsStrictSubroleOf(std::string_view role, std::string_view ancestor) {
  return role.size() > ancestor.size() && role.starts_with(ancestor) &&
         role[ancestor.size()] == '/';
}

bool IsRoleWithin(std::string_view role, std::string_view ancestor) {
  return role == ancestor || IsStrictSubroleOf(role, ancestor);
}

std::vector<std::string> AncestorsOf(std::string_view role) {
  std::vector<std::string> ancestors;
  for (size_t slash = role.rfind('/'); slash != std::string_view::npos && slash > 0;
       slash = role.rfind('/', slash - 1)) {
    ancestors.emplace_back(role.substr(0, slash));
  }
  return ancestors;
}

std::string_view TopLevelRole(std::string_view role) { return role.substr(0, role.find('/')); }

}  // namespace meseta::model
