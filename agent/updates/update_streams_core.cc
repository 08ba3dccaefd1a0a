#include "agent/updates/update_streams_core.h"

namespace meseta::agent {

UpdateStream::AppendResult UpdateStreamsCore::Append(const TaskKey& key,
                                                     internal::StatusUpdate update,
                                                     uint64_t write) {
  const auto result = streams_[key].Append(std::move(update), write);
  if (result == UpdateStream::AppendResult::kAppended) Touch(key);
  return result;
}

UpdateStream::AckResult UpdateStreamsCore::Acknowledge(const TaskKey& key, const std::string& uuid,
                                                       uint64_t write) {
  const auto it = streams_.find(key);
  if (it == streams_.end()) return UpdateStream::AckResult::kDuplicate;
  const std::optional<Time> old_retry = it->second.retry_at();
  const auto result = it->second.Acknowledge(uuid, write);
  if (result == UpdateStream::AckResult::kAccepted) {
    if (old_retry) retries_.erase({*old_retry, key});
    Touch(key);
  }
  return result;
}

void UpdateStreamsCore::Restore(const TaskKey& key, internal::StatusUpdate update,
                                bool acknowledged) {
  streams_[key].Restore(std::move(update), acknowledged);
  Touch(key);
}

void UpdateStreamsCore::Remove(const TaskKey& key) {
  const auto it = streams_.find(key);
  if (it == streams_.end()) return;
  ClearRetry(key, it->second);
  fresh_.erase(key);
  streams_.erase(it);
}

void UpdateStreamsCore::Connected() {
  connected_ = true;
  retries_.clear();
  for (auto& [key, stream] : streams_) {
    stream.Rewind();
    if (stream.pending() > 0) Touch(key);
  }
}

void UpdateStreamsCore::Resend(const TaskKey& key) {
  const auto it = streams_.find(key);
  if (it == streams_.end()) return;
  ClearRetry(key, it->second);
  it->second.Rewind();
  Touch(key);
}

std::vector<internal::StatusUpdate> UpdateStreamsCore::Due(uint64_t durable, Time now) {
  std::vector<internal::StatusUpdate> due;
  if (!connected_) return due;
  while (!retries_.empty() && retries_.begin()->first <= now) {
    Touch(retries_.begin()->second);
    retries_.erase(retries_.begin());
  }
  for (auto it = fresh_.begin(); it != fresh_.end();) {
    UpdateStream& stream = streams_.at(*it);
    if (stream.pending() == 0) {
      it = fresh_.erase(it);
      continue;
    }
    if (const auto retry = stream.retry_at(); retry && now < *retry) {
      it = fresh_.erase(it);  // In flight already; its entry in retries_ stands.
      continue;
    }
    std::optional<internal::StatusUpdate> update = stream.Next(durable, now);
    if (!update) {
      ++it;  // Waits for a write.
      continue;
    }
    due.push_back(*std::move(update));
    retries_.insert({*stream.retry_at(), *it});
    it = fresh_.erase(it);
  }
  return due;
}

std::optional<Time> UpdateStreamsCore::wake_at() const {
  if (!connected_ || retries_.empty()) return std::nullopt;
  return retries_.begin()->first;
}

const UpdateStream* UpdateStreamsCore::Find(const TaskKey& key) const {
  const auto it = streams_.find(key);
  return it == streams_.end() ? nullptr : &it->second;
}

void UpdateStreamsCore::ClearRetry(const TaskKey& key, const UpdateStream& stream) {
  if (stream.retry_at()) retries_.erase({*stream.retry_at(), key});
}

}  // namespace meseta::agent
