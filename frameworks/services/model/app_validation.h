// The parts of ValidateApp: rules that a complete definition must keep. Private to the model. Pure.
#pragma once

#include "frameworks/services/model/app_json.h"
#include "frameworks/services/model/json_fields.h"

namespace meseta::services {

void CheckNetworks(const AppSpec& app, ErrorList* errors);
void CheckPorts(const AppSpec& app, ErrorList* errors);
void CheckContainer(const AppSpec& app, const Defaults& defaults, ErrorList* errors);
void CheckHealth(const AppSpec& app, ErrorList* errors);
// What agents cannot do yet.
void CheckAbilities(const AppSpec& app, const Defaults& defaults, ErrorList* errors);
// What is wrong with a constraint; empty: nothing.
[[nodiscard]] std::string WhyBadAppConstraint(const internal::AppConstraint& constraint);

}  // namespace meseta::services
