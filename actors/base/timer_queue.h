// TimerQueue: the deadlines of a core, of which its shell arms only the earliest.
//
// At most one deadline per key; setting it again replaces it. Pure: the caller knows the time.
// Deadlines of the same time come in the order in which they were set.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>

#include "actors/base/time.h"

namespace meseta {

// Key: ordered and copyable.
template <class Key>
class TimerQueue {
 public:
  void Set(const Key& key, Time at) {
    Cancel(key);
    const Slot slot{at, next_++};
    by_time_.emplace(slot, key);
    by_key_.emplace(key, slot);
  }

  // False: it was not set.
  bool Cancel(const Key& key) {
    const auto found = by_key_.find(key);
    if (found == by_key_.end()) return false;
    by_time_.erase(found->second);
    by_key_.erase(found);
    return true;
  }

  // The earliest deadline, for the shell's wake-up.
  [[nodiscard]] std::optional<Time> Next() const {
    if (by_time_.empty()) return std::nullopt;
    return by_time_.begin()->first.first;
  }

  [[nodiscard]] std::optional<Time> At(const Key& key) const {
    const auto found = by_key_.find(key);
    if (found == by_key_.end()) return std::nullopt;
    return found->second.first;
  }

  // Removes one whose deadline has come. Call until there is none; what the caller sets meanwhile
  // is seen, so a deadline that is not in the future must not be set again for ever.
  [[nodiscard]] std::optional<Key> TakeDue(Time now) {
    if (by_time_.empty() || by_time_.begin()->first.first > now) return std::nullopt;
    Key key = by_time_.begin()->second;
    Cancel(Key(key));
    return key;
  }

  [[nodiscard]] size_t size() const { return by_key_.size(); }

 private:
  using Slot = std::pair<Time, uint64_t>;  // The number keeps the order of setting.
  uint64_t next_ = 0;
  std::map<Slot, Key> by_time_;
  std::map<Key, Slot> by_key_;
};

}  // namespace meseta
