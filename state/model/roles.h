// Role names: "*" (the default role) or a path of components, "eng/backend/ci".
//
// Pure functions; the sentences are those of Mesos.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "actors/base/status.h"

namespace meseta::model {

Status ValidateRole(std::string_view role);

// "eng/ci" is strictly below "eng"; nothing is strictly below itself.
[[nodiscard]] bool IsStrictSubroleOf(std::string_view role, std::string_view ancestor);
// The same or strictly below.
[[nodiscard]] bool IsRoleWithin(std::string_view role, std::string_view ancestor);
// "a/b/c" -> "a/b", "a": nearest first.
[[nodiscard]] std::vector<std::string> AncestorsOf(std::string_view role);
// "a/b/c" -> "a".
[[nodiscard]] std::string_view TopLevelRole(std::string_view role);

}  // namespace meseta::model
