#include "tests/sim/event_heap.h"

#include <algorithm>

namespace meseta::sim {

void EventHeap::At(Time time, std::function<void()> event) {
  events_.emplace(std::pair{std::max(time, now_), sequence_++}, std::move(event));
}

bool EventHeap::Step() {
  if (events_.empty()) return false;
  auto next = events_.extract(events_.begin());
  now_ = next.key().first;
  ++steps_;
  next.mapped()();
  return true;
}

}  // namespace meseta::sim
