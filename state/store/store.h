// Store: a versioned, ordered, replicated key-value store. What the registrar and the bundled
// frameworks keep their state in.
//
// Keys are bytes in order, at most kMaxKey long; values up to kMaxValue (large ones travel and are
// logged in chunks, and appear at once). Every key carries the version (log index) of its last
// change. A batch is atomic: all of its conditions hold and all of its changes happen, or nothing.
//
// Owns: the state machine under one log::Replica (kv_state.h), uploads in progress, watchers (engine.h
// says how they play together).
// Thread: any may call; answers come on the replica's thread, watchers are told on the store's own;
// both only hand on. Snapshots are
// immutable and shared: reading them costs the replica nothing.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actors/base/status.h"
#include "actors/runtime/reply.h"
#include "state/log/replica.h"
#include "state/store/store_types.h"

namespace meseta::store {

class Store {
 public:
  // Changes kept for watchers that come back.
  static constexpr size_t kMaxHistoryChanges = 100'000;
  static constexpr size_t kMaxHistoryBytes = size_t{64} << 20;
  static constexpr size_t kMaxWatches = 10'000;

  static Result<std::unique_ptr<Store>> Open(log::ReplicaOptions options,
                                             runtime::ActorSystem& system, net::Transport& transport,
                                             metrics::Registry* metrics);
  ~Store();
  void Stop();

  // The version of the batch; batches that are committed together share it, and change different
  // keys. Writes of one thread take effect in the order asked, except that small ones may overtake one
  // larger than kChunk. FailedPrecondition names the first condition that did not hold.
  // Unavailable: not leading, nothing happened. DeadlineExceeded: the outcome is unknown.
  void Write(Batch batch, WriteOptions options, runtime::Reply<Version> reply);
  // A snapshot that has everything that was committed when it was asked for. Leader only.
  void Read(runtime::Reply<SnapshotPtr> reply);
  // What this replica has applied; may be behind. Never waits.
  [[nodiscard]] SnapshotPtr Local() const;
  // Changes of keys with the prefix, behind `after`, in order, exactly once each; `on_event` runs on
  // the store's thread. On any member, also a standby. 0: there are kMaxWatches already.
  WatchId Watch(std::string prefix, Version after, std::function<void(WatchEvent)> on_event);
  // Events on their way may still come; `on_event` is destroyed on the store's thread.
  void Unwatch(WatchId watch);

  [[nodiscard]] log::Replica& replica();

 private:
  struct State;
  explicit Store(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace meseta::store
