// Figures of the replicated log for /metrics, beside those that the replica itself keeps below
// registrar/log/ (term, indexes, times of syncs and commits). Pure.
#pragma once

#include <cstddef>
#include <map>
#include <string>

#include "state/log/replica.h"

namespace meseta::master {

// `registry_bytes`: of all keys and values.
void AddLogMetrics(const log::ReplicaStatus& status, size_t registry_bytes,
                   std::map<std::string, double>* out);

}  // namespace meseta::master
