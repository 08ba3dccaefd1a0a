// Turns a ContainerSpec into what the shim and the fetcher are told. Pure.
#pragma once

#include <optional>

#include "actors/base/status.h"
#include "agent/containerizer/containerizer.h"
#include "agent/fetcher/fetch_protocol.h"
#include "agent/launcher/shim_messages.h"

namespace meseta::agent {

// Shell form: /bin/sh -c value. Else value with its arguments (the 0th included), or alone.
// Leaves user, limits and directories of the run to the caller.
Result<ShimSpec> PlanShim(const ContainerSpec& spec);

FetchSpec PlanFetch(const ContainerSpec& spec, const std::optional<UserIds>& user,
                    Duration stall_timeout);

}  // namespace meseta::agent
