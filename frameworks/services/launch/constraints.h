// Constraints of an app against an agent and the instances that there are (reference: Marathon surface
// 1.5). Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "actors/messages/v1.h"
#include "frameworks/services/model/types.h"

namespace meseta::services {

// Where something is, as constraints see it.
struct Place {
  std::string hostname;
  std::string region;
  std::string zone;
  std::map<std::string, std::string> attributes;  // In Marathon's format of values.
};
[[nodiscard]] Place PlaceOf(const v1::Offer& offer);
[[nodiscard]] Place PlaceOf(const Instance& instance);

[[nodiscard]] bool Satisfies(const internal::AppConstraint& constraint, uint32_t wanted_instances,
                             const Place& place, const std::vector<InstancePtr>& others);
// "hostname UNIQUE", "rack GROUP_BY 3"
[[nodiscard]] std::string ShowConstraint(const internal::AppConstraint& constraint);
// What is wrong with it; empty: nothing.
[[nodiscard]] std::string WhyBadConstraint(const internal::AppConstraint& constraint);

}  // namespace meseta::services
