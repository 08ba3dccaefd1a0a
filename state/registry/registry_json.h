// RegistryJson: the registry as Mesos shows it under GET /registrar(1)/registry.
//
// The fields are those of Mesos' Registry message: master, slaves, machines, schedules, quota_configs,
// weights, unreachable, gone, minimum_capabilities; `slaves` and `machines` always, the others when
// there is something in them. Resources are in the older reservation format, as Mesos keeps them.
// Ours beyond it: `meseta` {term, cluster_id, frameworks[{info,registered}],
// removed_frameworks[{id,timestamp}]}; readers of the original skip fields that they do not know.
//
// Pure; any thread. Tens of megabytes for 50,000 agents: not for the master core's thread.
#pragma once

#include <string>

#include "actors/messages/v1.h"
#include "state/registry/registry.h"

namespace meseta::registry {

// `leader`: of the master that leads, none while there is no leader.
[[nodiscard]] std::string RegistryJson(const RegistryState& state, const v1::MasterInfo* leader);

}  // namespace meseta::registry
