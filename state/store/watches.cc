#include "state/store/watches.h"

#include <utility>

namespace meseta::store {
namespace {

size_t BytesOf(const KvRecord& record) {
  size_t bytes = 0;
  for (const KvChange& change : record.changes) {
    bytes += change.item->key.size() + change.item->value.size();
  }
  return bytes;
}

bool HasPrefix(std::string_view key, std::string_view prefix) {
  return key.substr(0, prefix.size()) == prefix;
}

}  // namespace

void Watches::Add(WatchId id, std::string prefix, Version after, Callback callback,
                  const SnapshotPtr& local) {
  const auto ids = by_prefix_.try_emplace(prefix).first;
  if (ids->second.empty()) ++prefix_lengths_[prefix.size()];
  ids->second.insert(id);
  Watch& watch = watches_[id];
  watch = Watch{std::move(prefix), after, std::move(callback)};
  if (after < floor_) {
    WatchEvent event;
    event.version = local->version();
    event.reset = local;
    watch.after = event.version;
    watch.callback(std::move(event));
    return;
  }
  for (const KvRecord& record : history_) Tell(&watch, record);
}

void Watches::Remove(WatchId id) {
  const auto watch = watches_.find(id);
  if (watch == watches_.end()) return;
  const auto ids = by_prefix_.find(watch->second.prefix);
  ids->second.erase(id);
  if (ids->second.empty()) {
    const auto length = prefix_lengths_.find(ids->first.size());
    if (--length->second == 0) prefix_lengths_.erase(length);
    by_prefix_.erase(ids);
  }
  watches_.erase(watch);
}

void Watches::Append(KvRecord record) {
  std::set<WatchId> concerned;
  for (const KvChange& change : record.changes) {
    const std::string_view key = change.item->key;
    for (const auto& [length, count] : prefix_lengths_) {
      if (length > key.size()) break;
      const auto ids = by_prefix_.find(key.substr(0, length));
      if (ids != by_prefix_.end()) concerned.insert(ids->second.begin(), ids->second.end());
    }
  }
  for (const WatchId id : concerned) Tell(&watches_.at(id), record);
  Remember(std::move(record));
}

void Watches::Reset(const SnapshotPtr& snapshot) {
  history_.clear();
  history_changes_ = history_bytes_ = 0;
  floor_ = snapshot->version();
  for (auto& [id, watch] : watches_) {
    if (watch.after >= floor_) continue;
    WatchEvent event;
    event.version = floor_;
    event.reset = snapshot;
    watch.after = floor_;
    watch.callback(std::move(event));
  }
}

void Watches::Tell(Watch* watch, const KvRecord& record) {
  if (record.version <= watch->after) return;
  WatchEvent event;
  event.version = record.version;
  for (const KvChange& change : record.changes) {
    if (!HasPrefix(change.item->key, watch->prefix)) continue;
    Change told;
    told.key = change.item->key;
    if (!change.deleted) told.value = change.item->value;
    event.changes.push_back(std::move(told));
  }
  watch->after = record.version;
  if (!event.changes.empty()) watch->callback(std::move(event));
}

void Watches::Remember(KvRecord record) {
  history_changes_ += record.changes.size();
  history_bytes_ += BytesOf(record);
  history_.push_back(std::move(record));
  while (history_changes_ > limits_.changes || history_bytes_ > limits_.bytes) {
    const KvRecord& oldest = history_.front();
    history_changes_ -= oldest.changes.size();
    history_bytes_ -= BytesOf(oldest);
    floor_ = oldest.version;
    history_.pop_front();
  }
}

}  // namespace meseta::store
