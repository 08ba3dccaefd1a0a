// Host ports of one instance, out of the offered ranges. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "actors/base/rng.h"
#include "frameworks/services/model/types.h"
#include "state/model/values.h"

namespace meseta::services {

// The app's ports: portMappings of its container if there are any, else portDefinitions.
[[nodiscard]] const google::protobuf::RepeatedPtrField<internal::AppPort>& PortsOf(
    const AppSpec& app);
[[nodiscard]] bool HasPortMappings(const AppSpec& app);
// How many host ports one instance takes.
[[nodiscard]] uint32_t HostPortCount(const AppSpec& app);

[[nodiscard]] bool HasFixedPorts(const AppSpec& app);
// Whether AssignPorts has ports to give.
[[nodiscard]] bool PortsSuffice(const AppSpec& app, const model::Ranges& offered);

// One element per port of the app; nullopt within: that mapping has no host port. nullopt
// altogether: the offered ports do not suffice. requirePorts and mappings with a host port get
// exactly theirs, others follow each other from a random one on.
using HostPorts = std::vector<std::optional<uint32_t>>;
[[nodiscard]] std::optional<HostPorts> AssignPorts(const AppSpec& app, const model::Ranges& offered,
                                                   Rng& rng);

}  // namespace meseta::services
