// The metrics of the machine and of this process, read from the kernel at each snapshot:
// system/{cpus_total,load_1min,load_5min,load_15min,mem_total_bytes,mem_free_bytes} as in Mesos,
// and process/{resident_memory_bytes,cpu_seconds}.
#pragma once

#include "actors/metrics/registry.h"

namespace meseta::metrics {

// The metrics stay while the result does. Absent where the kernel does not tell.
[[nodiscard]] Registration AddSystemMetrics(Registry& registry);

}  // namespace meseta::metrics
