#include "state/log/outbox.h"

namespace meseta::log {

void Outbox::Add(Message message, uint64_t needed, uint64_t durable, std::vector<Message>* out) {
  auto queue = parked_.find(message.to());
  if (queue == parked_.end()) {
    if (needed <= durable) {
      out->push_back(std::move(message));
      return;
    }
    queue = parked_.emplace(message.to(), std::deque<Parked>()).first;
  }
  if (queue->second.size() >= kMaxParkedMessages) return;
  Parked parked;
  parked.needed = needed;
  parked.message = std::move(message);
  queue->second.push_back(std::move(parked));
}

void Outbox::Release(uint64_t durable, std::vector<Message>* out) {
  for (auto queue = parked_.begin(); queue != parked_.end();) {
    std::deque<Parked>& parked = queue->second;
    while (!parked.empty() && parked.front().needed <= durable) {
      out->push_back(std::move(parked.front().message));
      parked.pop_front();
    }
    queue = parked.empty() ? parked_.erase(queue) : std::next(queue);
  }
}

}  // namespace meseta::log
