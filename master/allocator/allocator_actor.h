// AllocatorActor: AllocatorCore on a thread of its own. Takes deltas of the ledger, sends proposals
// to the master's actor.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "actors/base/rng.h"
#include "actors/runtime/core_shell.h"
#include "master/allocator/allocator_core.h"

namespace meseta::master {

using LedgerDeltas = std::vector<LedgerDelta>;

class AllocatorActor : public runtime::Core<LedgerDeltas> {
 public:
  using Propose = std::function<void(std::vector<Proposal>)>;
  AllocatorActor(AllocatorOptions options, uint64_t seed, Propose propose);
  void Turn(std::vector<LedgerDeltas>& batches, runtime::TurnContext& turn) override;

 private:
  AllocatorCore core_;
  Rng rng_;
  const Propose propose_;
};

}  // namespace meseta::master
