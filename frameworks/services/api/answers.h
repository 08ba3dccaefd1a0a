// Answers of the API: errors in Marathon's words, and the headers that every answer has. Pure.
#pragma once

#include <string>

#include "actors/http/message.h"
#include "frameworks/services/core/commands.h"
#include "frameworks/services/model/types.h"

namespace meseta::services {

[[nodiscard]] http::Response ErrorAnswer(const ApiError& error);
// {"message": ...}
[[nodiscard]] http::Response ErrorAnswer(int status, const std::string& message);
// {"version", "deploymentId"}, with the header Marathon-Deployment-Id.
[[nodiscard]] http::Response DeploymentAnswer(const WriteDone& done, int status = 200);

}  // namespace meseta::services
