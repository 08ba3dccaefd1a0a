// RLimitInfo to setrlimit(2) values, with Mesos' rules: soft and hard both or neither (unlimited).
// Pure.
#pragma once

#include <vector>

#include "actors/base/status.h"
#include "actors/messages/v1.h"
#include "agent/launcher/shim_messages.h"

namespace meseta::agent {

Result<std::vector<ShimRlimit>> MapRlimits(const v1::RLimitInfo& info);

}  // namespace meseta::agent
