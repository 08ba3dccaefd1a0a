// AllocatorActor: AllocatorCore on a thread of its own. Takes deltas of the ledger, sends proposals
// to the master's actor.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "actors/base/rng.h"
#include "actors/metrics/registry.h"
#include "actors/runtime/core_shell.h"
#include "master/allocator/allocator_core.h"

namespace meseta::master {

using LedgerDeltas = std::vector<LedgerDelta>;

// Shown as allocator/mesos/allocation_run_ms and so on, under Mesos' names.
struct AllocatorMetrics {
  std::shared_ptr<metrics::Timer> run;      // Time in a pass.
  std::shared_ptr<metrics::Timer> latency;  // From when a pass was due until it ran.
  std::shared_ptr<metrics::Counter> runs;
};

class AllocatorActor : public runtime::Core<LedgerDeltas> {
 public:
  using Propose = std::function<void(std::vector<Proposal>)>;
  AllocatorActor(AllocatorOptions options, uint64_t seed, Propose propose, AllocatorMetrics metrics);
  void Turn(std::vector<LedgerDeltas>& batches, runtime::TurnContext& turn) override;

 private:
  AllocatorCore core_;
  Rng rng_;
  const Propose propose_;
  const AllocatorMetrics metrics_;
};

}  // namespace meseta::master
