// The masters of --master.
#pragma once

#include <string>
#include <vector>

#include "actors/base/status.h"

namespace meseta::agent {

// Of a flag's value: a sentence when it names none, or not as host:port.
[[nodiscard]] Status CheckMasters(const std::vector<std::string>& masters);
// host:port of each; the port is 5050 when not given.
[[nodiscard]] std::vector<std::string> MasterAddresses(const std::vector<std::string>& masters);

}  // namespace meseta::agent
