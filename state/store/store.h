// Store: a versioned, ordered, replicated key-value store. What the registrar and the bundled
// frameworks keep their state in.
//
// Keys are bytes in order, at most kMaxKey long; values up to kMaxValue (large ones travel and are
// logged in chunks, and appear at once). Every key carries the version (log index) of its last
// change. A batch is atomic: all of its conditions hold and all of its changes happen, or nothing.
//
// Owns: the state machine under one log::Replica (kv_state.h), uploads in progress, watchers.
// Thread: any may call; answers come on the replica's thread and only hand on. Snapshots are
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

namespace meseta::store {

inline constexpr size_t kMaxKey = 4096;
inline constexpr size_t kMaxValue = size_t{256} << 20;
inline constexpr size_t kMaxBatchBytes = size_t{512} << 20;
inline constexpr size_t kChunk = size_t{512} << 10;  // Values above travel in pieces of this size.

using Version = uint64_t;

struct Change {
  std::string key;
  std::optional<std::string> value;  // None: delete (of a key that may be absent).
};

// Holds when the key's version is this; 0: the key is absent.
struct Condition {
  std::string key;
  Version version = 0;
};

struct Batch {
  std::vector<Condition> conditions;
  std::vector<Change> changes;  // The last one of a key wins.
};

struct WriteOptions {
  std::optional<log::Term> term;  // Only in this term of leadership.
};

// One key as a snapshot has it.
struct Item {
  std::string_view key;
  std::string_view value;  // Valid as long as the snapshot.
  Version version = 0;
};

// The whole state at one version. Immutable; any thread.
class Snapshot {
 public:
  virtual ~Snapshot() = default;
  [[nodiscard]] virtual Version version() const = 0;
  [[nodiscard]] virtual std::optional<Item> Get(std::string_view key) const = 0;
  // Keys with the prefix, in order, from the first that is >= `from`; `visit` returns false to stop.
  virtual void Scan(std::string_view prefix, std::string_view from,
                    const std::function<bool(const Item&)>& visit) const = 0;
  [[nodiscard]] virtual size_t keys() const = 0;
  [[nodiscard]] virtual size_t bytes() const = 0;  // Of keys and values.
};
using SnapshotPtr = std::shared_ptr<const Snapshot>;

struct WatchEvent {
  Version version = 0;
  std::vector<Change> changes;  // Of one batch, those with the prefix.
  // Set instead of changes: the asked-for version is no longer known (or the watcher was too slow);
  // start over from this snapshot.
  SnapshotPtr reset;
};
using WatchId = uint64_t;

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

  // The version of the batch. FailedPrecondition names the first condition that did not hold.
  // Unavailable: not leading, nothing happened. DeadlineExceeded: the outcome is unknown.
  void Write(Batch batch, WriteOptions options, runtime::Reply<Version> reply);
  // A snapshot that has everything that was committed when it was asked for. Leader only.
  void Read(runtime::Reply<SnapshotPtr> reply);
  // What this replica has applied; may be behind. Never waits.
  [[nodiscard]] SnapshotPtr Local() const;
  // Changes of keys with the prefix, behind `after`, in order, exactly once each; `on_event` runs on
  // the replica's thread. On any member, also a standby.
  WatchId Watch(std::string prefix, Version after, std::function<void(WatchEvent)> on_event);
  void Unwatch(WatchId watch);

  [[nodiscard]] log::Replica& replica();

 private:
  struct State;
  explicit Store(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace meseta::store
