// What an agent that starts makes of its checkpoint. Pure: records in, the state to start from out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "actors/base/status.h"
#include "actors/messages/internal/checkpoint.pb.h"
#include "actors/messages/v1.h"

namespace meseta::agent {

struct RecoveredTask {
  internal::TaskCheckpoint task;
  std::vector<internal::StatusUpdate> updates;  // All, in order.
  uint64_t acknowledged = 0;                    // The first so many.
  // Its container left no trace of ever having run: it may be launched again. Set by the adapter
  // that looks (agent/recovery/run_traces_linux.h).
  bool never_started = false;
};

struct RecoveredAgent {
  std::optional<internal::AgentCheckpoint> agent;  // Nothing: this agent is new.
  uint64_t term = 0;
  std::vector<internal::FrameworkCheckpoint> frameworks;
  std::vector<RecoveredTask> tasks;
  std::vector<internal::CompletedCheckpoint> completed;
};

// DataLoss for records of an unknown version, updates with gaps and tasks without a framework; the
// sentence names the record. `store` (a path) and the way out are named, too.
[[nodiscard]] Result<RecoveredAgent> PlanRecovery(
    const std::vector<internal::CheckpointRecord>& records, const std::string& store);

// May the agent that was checkpointed as `before` go on with what the flags now say? Resources,
// attributes, domain and hostname must be equal (--reconfiguration_policy=equal), or only grow
// (additive). The sentence says what changed and the ways out.
[[nodiscard]] Status CheckReconfiguration(const v1::AgentInfo& before, const v1::AgentInfo& now,
                                          const std::string& policy, const std::string& work_dir);

}  // namespace meseta::agent
