#include "master/frameworks/framework_validation.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iterator>

#include "master/frameworks/framework_table.h"
#include "state/model/ids.h"
#include "state/model/roles.h"

namespace meseta::master {
namespace {

// 64 bits of nanoseconds.
constexpr double kMaxDurationSeconds = 9223372036.0;

Status ValidateRoles(const v1::FrameworkInfo& info) {
  if (!HasCapability(info, v1::FrameworkInfo::Capability::MULTI_ROLE)) {
    if (info.roles_size() > 0) {
      return InvalidArgument(
          "'FrameworkInfo.roles' must not be set when the framework is not MULTI_ROLE capable");
    }
    const Status valid = model::ValidateRole(info.role());
    if (valid.ok()) return valid;
    return InvalidArgument("'FrameworkInfo.role' is not a valid role: " + valid.message());
  }
  if (info.has_role()) {
    return InvalidArgument(
        "'FrameworkInfo.role' must not be set when the framework is MULTI_ROLE capable");
  }
  std::set<std::string> seen;
  std::set<std::string> duplicates;
  for (const std::string& role : info.roles()) {
    if (!seen.insert(role).second) duplicates.insert(role);
  }
  if (!duplicates.empty()) {
    return InvalidArgument("'FrameworkInfo.roles' contains duplicate items: " +
                           PrintSet(duplicates));
  }
  for (const std::string& role : info.roles()) {
    const Status valid = model::ValidateRole(role);
    if (!valid.ok()) {
      return InvalidArgument("'FrameworkInfo.roles' contains invalid role: " + valid.message());
    }
  }
  return OkStatus();
}

std::string PrintNumber(double value) {
  char text[64];
  std::snprintf(text, sizeof(text), "%g", value);
  return text;
}

}  // namespace

std::string PrintSet(const std::set<std::string>& items) {
  std::string text = "{ ";
  for (const std::string& item : items) {
    if (text.size() > 2) text += ", ";
    text += item;
  }
  return text + " }";
}

Status ValidateFrameworkInfo(const v1::FrameworkInfo& info, bool root_submissions) {
  RETURN_IF_ERROR(ValidateRoles(info));
  if (info.has_id() && !info.id().value().empty())
    RETURN_IF_ERROR(model::ValidateId(info.id().value()));
  const double timeout = info.failover_timeout();
  if (std::isnan(timeout) || std::fabs(timeout) > kMaxDurationSeconds) {
    return InvalidArgument("The framework failover_timeout (" + PrintNumber(timeout) +
                           ") is invalid");
  }
  if (info.user() == "root" && !root_submissions) {
    return InvalidArgument(
        "User 'root' is not allowed to run frameworks without --root_submissions set");
  }
  return OkStatus();
}

Status ValidateFrameworkUpdate(const v1::FrameworkInfo& old_info,
                               const v1::FrameworkInfo& new_info) {
  if (old_info.has_principal() != new_info.has_principal() ||
      old_info.principal() != new_info.principal()) {
    return InvalidArgument("Changing framework's principal is not allowed.");
  }
  if (old_info.user() != new_info.user()) {
    return InvalidArgument(
        "Updating 'FrameworkInfo.user' is unsupported; attempted to update from '" +
        old_info.user() + "' to '" + new_info.user() + "'");
  }
  if (old_info.checkpoint() != new_info.checkpoint()) {
    const auto print = [](bool value) { return std::string(value ? "true" : "false"); };
    return InvalidArgument(
        "Updating 'FrameworkInfo.checkpoint' is unsupported; attempted to update from '" +
        print(old_info.checkpoint()) + "' to '" + print(new_info.checkpoint()) + "'");
  }
  return OkStatus();
}

Status ValidateSuppressedRoles(const std::set<std::string>& roles,
                               const std::set<std::string>& suppressed) {
  std::set<std::string> invalid;
  std::set_difference(suppressed.begin(), suppressed.end(), roles.begin(), roles.end(),
                      std::inserter(invalid, invalid.end()));
  if (invalid.empty()) return OkStatus();
  return InvalidArgument("Suppressed roles " + PrintSet(invalid) +
                         " are not contained in the set of roles");
}

Status ValidateOfferConstraints(const std::set<std::string>& roles,
                                const v1::scheduler::OfferConstraints& constraints) {
  std::set<std::string> invalid;
  for (const auto& entry : constraints.role_constraints()) {
    if (!roles.count(entry.first)) invalid.insert(entry.first);
  }
  if (invalid.empty()) return OkStatus();
  return InvalidArgument("Offer constraints specify `role_constraints` for a role '" +
                         *invalid.begin() + "'not contained in the set of roles");
}

}  // namespace meseta::master
