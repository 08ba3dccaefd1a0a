// What a FrameworkInfo must look like, with Mesos' sentences. Pure functions; any thread.
#pragma once

#include <set>
#include <string>

#include "actors/base/status.h"
#include "actors/messages/v1.h"

namespace meseta::master {

// Roles, id, failover_timeout, user.
Status ValidateFrameworkInfo(const v1::FrameworkInfo& info, bool root_submissions);
// Principal, user and checkpoint never change.
Status ValidateFrameworkUpdate(const v1::FrameworkInfo& old_info,
                               const v1::FrameworkInfo& new_info);
Status ValidateSuppressedRoles(const std::set<std::string>& roles,
                               const std::set<std::string>& suppressed);
Status ValidateOfferConstraints(const std::set<std::string>& roles,
                                const v1::scheduler::OfferConstraints& constraints);

// As Mesos prints sets of strings in these sentences: "{ a, b }".
[[nodiscard]] std::string PrintSet(const std::set<std::string>& items);

}  // namespace meseta::master
