// What this machine has to offer, as Mesos' agents detect it.
#pragma once

#include <string>

#include "actors/base/status.h"
#include "state/model/resources.h"

namespace meseta::agent {

// What was measured; the rule that makes resources of it is pure.
struct Machine {
  int cpus = 1;
  uint64_t memory_bytes = 0;
  uint64_t disk_bytes = 0;  // Of the file system of work_dir.
};
[[nodiscard]] Result<Machine> DetectMachine(const std::string& work_dir);

// `flag` (--resources), plus cpus, mem, disk and ports [31000-32000] for those it does not name.
// One GB of memory and five of disk are left to the system, or half of what there is if less than
// twice that.
[[nodiscard]] Result<model::Resources> AgentResources(const std::string& flag,
                                                      const std::string& default_role,
                                                      const Machine& machine);

}  // namespace meseta::agent
