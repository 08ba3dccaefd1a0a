// The master's figures for /metrics/snapshot, under Mesos' names (reference: metrics section). Pure:
// gauges come from a snapshot, counters from what the shells counted.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "master/view/snapshot.h"

namespace meseta::master {

// Monotonic counts since this master was started, by Mesos' name without the "master/" prefix:
// "messages_kill_task", "slave_registrations", "valid_status_updates" ...
using MasterCounters = std::map<std::string, uint64_t>;

// Every name is present from the start, with 0 until something happened.
// On a standby, `view` holds nothing but its record.
void AddMasterMetrics(const Snapshot& view, bool elected, const MasterCounters& counters, WallTime now,
                      std::map<std::string, double>* out);

}  // namespace meseta::master
