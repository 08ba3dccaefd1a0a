#include "agent/updates/update_stream.h"

#include <algorithm>
#include <utility>

namespace meseta::agent {

UpdateStream::AppendResult UpdateStream::Append(internal::StatusUpdate update, uint64_t write) {
  if (ended_) return AppendResult::kAfterTerminal;
  const bool terminal = IsTerminal(update.status().state());
  if (!terminal && pending_.size() >= kMaxPending) return AppendResult::kFull;
  ended_ = terminal;
  pending_.push_back(Pending{std::move(update), write});
  ++next_sequence_;
  return AppendResult::kAppended;
}

UpdateStream::AckResult UpdateStream::Acknowledge(const std::string& uuid, uint64_t write) {
  // Only what was sent can be acknowledged; after a rewind the old incarnation's answer still counts.
  if (pending_.empty() || pending_.front().update.status().uuid() != uuid) {
    return AckResult::kDuplicate;
  }
  pending_.pop_front();
  ack_write_ = write;
  retry_at_.reset();
  backoff_ = kRetryMin;
  return AckResult::kAccepted;
}

void UpdateStream::Restore(internal::StatusUpdate update, bool acknowledged) {
  if (ended_) return;
  ended_ = IsTerminal(update.status().state());
  ++next_sequence_;
  if (!acknowledged) pending_.push_back(Pending{std::move(update), 0});
}

std::optional<internal::StatusUpdate> UpdateStream::Next(uint64_t durable, Time now) {
  if (pending_.empty()) return std::nullopt;
  const Pending& front = pending_.front();
  if (front.write > durable || ack_write_ > durable) return std::nullopt;
  if (retry_at_ && now < *retry_at_) return std::nullopt;
  retry_at_ = now + backoff_;
  backoff_ = std::min(backoff_ * 2, kRetryMax);
  internal::StatusUpdate update = front.update;
  // What the newest durable update says, which may be ahead of the one in flight.
  for (const Pending& later : pending_) {
    if (later.write > durable) break;
    update.set_latest_state(later.update.status().state());
  }
  return update;
}

void UpdateStream::Rewind() {
  retry_at_.reset();
  backoff_ = kRetryMin;
}

const internal::StatusUpdate* UpdateStream::front() const {
  return pending_.empty() ? nullptr : &pending_.front().update;
}

}  // namespace meseta::agent
