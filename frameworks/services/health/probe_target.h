// Where the framework's checks of an instance are to be asked. Pure.
#pragma once

#include "frameworks/services/health/health_core.h"

namespace meseta::services {

// The framework does it, not the agent.
[[nodiscard]] bool IsOurs(const internal::AppHealthCheck& check);
// Port 0: the instance has none of that name or number.
[[nodiscard]] ProbeTarget TargetOf(const AppSpec& app, const Instance& instance,
                                   const internal::AppHealthCheck& check);
[[nodiscard]] ProbeTarget TargetOf(const AppSpec& app, const Instance& instance,
                                   const internal::AppReadinessCheck& check);

}  // namespace meseta::services
