#include "master/allocator/allocator_actor.h"

#include <utility>

namespace meseta::master {

AllocatorActor::AllocatorActor(AllocatorOptions options, uint64_t seed, Propose propose)
    : core_(std::move(options)), rng_(seed), propose_(std::move(propose)) {}

void AllocatorActor::Turn(std::vector<LedgerDeltas>& batches, runtime::TurnContext& turn) {
  for (const LedgerDeltas& batch : batches) {
    for (const LedgerDelta& delta : batch) core_.Apply(delta, turn.now());
  }
  const auto due = core_.NextWake();
  if (due && *due <= turn.now().mono) {
    auto proposals = core_.Allocate(turn.now(), rng_);
    if (!proposals.empty()) propose_(std::move(proposals));
  }
  turn.WakeAt(core_.NextWake());
}

}  // namespace meseta::master
