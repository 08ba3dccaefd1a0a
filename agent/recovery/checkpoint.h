// Checkpoint records: what the agent's store holds, as values.
//
// Keys (components percent-encoded where they hold '/' or '%'):
//   agent, term
//   framework/<framework>
//   task/<framework>/<task>
//   update/<framework>/<task>/<sequence, 10 digits>
//   acked/<framework>/<task>
//   completed/<container>
// A batch is applied as a whole or not at all. Batches are numbered from 1 in order; when number n
// is durable, so are all before it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "actors/base/ids.h"
#include "actors/messages/internal/checkpoint.pb.h"
#include "agent/updates/update_streams_core.h"

namespace meseta::agent {

inline constexpr uint32_t kCheckpointVersion = 1;

struct CheckpointBatch {
  uint64_t number = 0;
  // False: losing it in a power failure only repeats something harmless (an acknowledged update).
  bool sync = true;
  std::vector<internal::CheckpointRecord> put;
  std::vector<std::string> erase;  // Keys. Applied before `put`.

  [[nodiscard]] bool empty() const { return put.empty() && erase.empty(); }
};

// The key that a record is stored under. Empty for a record that has no case set.
[[nodiscard]] std::string KeyOf(const internal::CheckpointRecord& record);
[[nodiscard]] std::string FrameworkRecordKey(const FrameworkId& framework);
[[nodiscard]] std::string TaskRecordKey(const TaskKey& key);
[[nodiscard]] std::string UpdateRecordKey(const TaskKey& key, uint64_t sequence);
[[nodiscard]] std::string AcknowledgedRecordKey(const TaskKey& key);
[[nodiscard]] std::string CompletedRecordKey(const ContainerId& container);

}  // namespace meseta::agent
