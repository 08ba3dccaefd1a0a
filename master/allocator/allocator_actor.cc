#include "master/allocator/allocator_actor.h"

#include <algorithm>
#include <utility>

namespace meseta::master {

AllocatorActor::AllocatorActor(AllocatorOptions options, uint64_t seed, Propose propose,
                               AllocatorMetrics metrics)
    : core_(std::move(options)),
      rng_(seed),
      propose_(std::move(propose)),
      metrics_(std::move(metrics)) {}

void AllocatorActor::Turn(std::vector<LedgerDeltas>& batches, runtime::TurnContext& turn) {
  for (const LedgerDeltas& batch : batches) {
    for (const LedgerDelta& delta : batch) core_.Apply(delta, turn.now());
  }
  const auto due = core_.NextWake();
  if (due && *due <= turn.now().mono) {
    const Time start = runtime::RealClock::Get().Mono();
    auto proposals = core_.Allocate(turn.now(), rng_);
    metrics_.run->Record(runtime::RealClock::Get().Mono() - start);
    metrics_.latency->Record(std::max(Duration(), start - *due));
    metrics_.runs->Increment();
    if (!proposals.empty()) propose_(std::move(proposals));
  }
  turn.WakeAt(core_.NextWake());
}

}  // namespace meseta::master
