// Values of the replicated store (store.h) that its state machine and its users share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "state/log/types.h"

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
  std::vector<Change> changes;  // Of this version, those with the prefix; each key once.
  // Set instead of changes: the asked-for version is no longer known (or the watcher was too slow);
  // start over from this snapshot.
  SnapshotPtr reset;
};
using WatchId = uint64_t;

}  // namespace meseta::store
