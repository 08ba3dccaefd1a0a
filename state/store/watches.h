// Watches: who wants to know of which changes, and the changes of late for those who come back.
//
// Not thread-safe; the store's thread owns it. Callbacks run inside Add, Append and Reset; they must
// not call back into this object.
//
// Invariants: a watch gets each change of its prefix behind its starting version once, in order, or
// a reset that stands for those it would have missed. History: the records behind floor(), at most
// kMaxHistoryChanges and kMaxHistoryBytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "state/store/kv_state.h"
#include "state/store/store_types.h"

namespace meseta::store {

class Watches {
 public:
  using Callback = std::function<void(WatchEvent)>;
  // Bounds of the history.
  struct Limits {
    size_t changes = 100'000;
    size_t bytes = size_t{64} << 20;
  };

  explicit Watches(Limits limits) : limits_(limits) {}

  // `local`: a snapshot at least as new as the last record; used when `after` is below floor().
  void Add(WatchId id, std::string prefix, Version after, Callback callback,
           const SnapshotPtr& local);
  void Remove(WatchId id);
  // The next changes. REQUIRES: a higher version than the last.
  void Append(KvRecord record);
  // Records were skipped: `snapshot` is the state now.
  void Reset(const SnapshotPtr& snapshot);

  [[nodiscard]] size_t size() const { return watches_.size(); }
  // Changes above it are known.
  [[nodiscard]] Version floor() const { return floor_; }

 private:
  struct Watch {
    std::string prefix;
    Version after = 0;  // Has been told all up to here.
    Callback callback;
  };

  void Tell(Watch* watch, const KvRecord& record);
  void Remember(KvRecord record);

  const Limits limits_;
  std::map<WatchId, Watch> watches_;
  std::map<std::string, std::set<WatchId>, std::less<>> by_prefix_;
  std::map<size_t, size_t> prefix_lengths_;  // Length -> how many prefixes in by_prefix_.
  std::deque<KvRecord> history_;
  size_t history_changes_ = 0;
  size_t history_bytes_ = 0;
  Version floor_ = 0;
};

}  // namespace meseta::store
