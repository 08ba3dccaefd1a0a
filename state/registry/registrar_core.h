// Decides what is written to the registry, and when: operations in, batches out.
//
// Submit evaluates an operation against the state with all earlier ones applied and numbers it. One
// batch is out at a time; what is submitted meanwhile shares the next one, so several operations
// share one synced write. An operation took effect only once durable() has reached its number: the
// caller parks what depends on it.
//
// Failure modes: when a write fails its outcome is unknown; the registrar then refuses everything,
// and the master has to step down and start over from what is on disk. Pure; on the master core's
// thread.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "actors/base/status.h"
#include "state/registry/registry.h"

namespace meseta::registry {

// To be written atomically and synced; its number comes back with Persisted.
struct RegistryBatch {
  uint64_t number = 0;  // Of its last operation.
  RegistryDelta changes;
};

// Bytes of keys and values in one batch (one operation is never split), and of what waits. What agents
// and frameworks say of themselves may be megabytes each: a batch of them must stay below what the
// store takes at once.
struct RegistrarLimits {
  size_t batch_bytes = size_t{8} << 20;
  size_t queued_bytes = size_t{256} << 20;
};

class RegistrarCore {
 public:
  // Of changes in one batch (one operation is never split) and of operations waiting for the next.
  static constexpr size_t kMaxBatchChanges = 10'000;
  static constexpr size_t kMaxQueuedOps = 500'000;

  explicit RegistrarCore(RegistryState state, RegistrarLimits limits = {})
      : limits_(limits), state_(std::move(state)) {}

  // The number under which the operation becomes durable, or why it does not fit.
  [[nodiscard]] Result<uint64_t> Submit(const RegistryOp& op);
  // The next batch, when none is out and something waits.
  [[nodiscard]] std::optional<RegistryBatch> TakeBatch();
  // The batch that is out is on disk. A number that is not out is an error of the shell.
  Status Persisted(uint64_t number);
  void Failed(const Status& status);

  // All operations up to this number are durable.
  [[nodiscard]] uint64_t durable() const { return durable_; }
  [[nodiscard]] bool failed() const { return failure_.has_value(); }
  // Submitted and not yet in a batch.
  [[nodiscard]] size_t queued() const { return queue_.size(); }
  // With every submitted operation applied, durable or not.
  [[nodiscard]] const RegistryState& state() const { return state_; }

 private:
  struct Queued {
    uint64_t number;
    RegistryDelta delta;
    size_t bytes;
  };

  RegistrarLimits limits_;
  RegistryState state_;
  std::deque<Queued> queue_;           // Submitted, not yet in a batch.
  size_t queued_bytes_ = 0;            // Of queue_.
  std::optional<uint64_t> in_flight_;  // Number of the batch that is out.
  uint64_t last_ = 0;                  // Number of the newest operation.
  uint64_t durable_ = 0;
  std::optional<Status> failure_;
};

}  // namespace meseta::registry
