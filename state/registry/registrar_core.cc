#include "state/registry/registrar_core.h"

#include <iterator>

#include "actors/base/check.h"

namespace meseta::registry {
namespace {

size_t BytesOf(const RegistryDelta& delta) {
  size_t bytes = 0;
  for (const RegistryChange& change : delta) {
    bytes += change.key.size() + (change.value ? change.value->size() : 0);
  }
  return bytes;
}

}  // namespace

Result<uint64_t> RegistrarCore::Submit(const RegistryOp& op) {
  if (failure_) return *failure_;
  if (queue_.size() >= kMaxQueuedOps || queued_bytes_ >= limits_.queued_bytes) {
    return ResourceExhausted("Too many registry operations wait for the disk (" +
                             std::to_string(queue_.size()) + "); try again later");
  }
  ASSIGN_OR_RETURN(RegistryDelta delta, Evaluate(state_, op));
  const Status applied = Apply(delta, &state_);
  CHECK(applied.ok()) << applied;
  ++last_;
  const size_t bytes = BytesOf(delta);
  queued_bytes_ += bytes;
  queue_.push_back(Queued{last_, std::move(delta), bytes});
  return last_;
}

std::optional<RegistryBatch> RegistrarCore::TakeBatch() {
  if (failure_ || in_flight_ || queue_.empty()) return std::nullopt;
  RegistryBatch batch;
  size_t bytes = 0;
  while (!queue_.empty() &&
         (batch.changes.empty() ||
          (batch.changes.size() + queue_.front().delta.size() <= kMaxBatchChanges &&
           bytes + queue_.front().bytes <= limits_.batch_bytes))) {
    Queued& next = queue_.front();
    bytes += next.bytes;
    queued_bytes_ -= next.bytes;
    batch.number = next.number;
    batch.changes.insert(batch.changes.end(), std::make_move_iterator(next.delta.begin()),
                         std::make_move_iterator(next.delta.end()));
    queue_.pop_front();
  }
  in_flight_ = batch.number;
  return batch;
}

Status RegistrarCore::Persisted(uint64_t number) {
  if (failure_) return *failure_;
  if (in_flight_ != number) {
    return Internal("Registry write " + std::to_string(number) +
                    " was reported durable, but is not out");
  }
  in_flight_.reset();
  durable_ = number;
  return OkStatus();
}

void RegistrarCore::Failed(const Status& status) {
  failure_ = status.ok() ? Internal("A registry write failed") : status;
  queue_.clear();
  queued_bytes_ = 0;
}

}  // namespace meseta::registry
