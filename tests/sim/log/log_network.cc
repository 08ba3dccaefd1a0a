#include "tests/sim/log/log_network.h"

#include <algorithm>
#include <utility>

namespace meseta::logsim {

Duration LogNetwork::Delay() {
  const LogSimOptions& o = world_->options;
  if (world_->Fault(o.slow)) return world_->Between(o.delay_max, o.slow_max);
  return world_->Between(o.delay_min, o.delay_max);
}

void LogNetwork::Send(int from, int to, log::Message message) {
  if (from == to || to < 0 || to >= kMaxSlots) return;
  if (cut_[from][to]) return;
  if (world_->Fault(world_->options.loss)) {
    ++world_->probes["message lost"];
    return;
  }
  const auto shared = std::make_shared<const log::Message>(std::move(message));
  Schedule(from, to, shared);
  if (world_->Fault(world_->options.duplicate)) {
    ++world_->probes["message doubled"];
    Schedule(from, to, shared);
  }
}

void LogNetwork::Schedule(int from, int to, const std::shared_ptr<const log::Message>& message) {
  Time at = world_->heap.now() + Delay();
  if (world_->options.ordered) {
    at = std::max(at, latest_[from][to]);
    latest_[from][to] = at;
  }
  const uint64_t incarnation = incarnation_[from][to];
  world_->heap.At(at, [this, from, to, incarnation, message] {
    // What was under way when the link was cut is held back for good.
    if (cut_[from][to] || incarnation_[from][to] != incarnation) return;
    deliver_(to, *message);
  });
}

void LogNetwork::Break(int one, int other) {
  ++incarnation_[one][other];
  ++incarnation_[other][one];
}

}  // namespace meseta::logsim
