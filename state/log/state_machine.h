// StateMachine: what the replicated log feeds. Every replica applies the same commands in the same
// order and so holds the same state.
//
// Thread: the replica's own, except where said otherwise. Apply must be deterministic: no clock, no
// randomness, no pointers in results.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "actors/base/status.h"
#include "state/log/types.h"

namespace meseta::log {

// Pieces of a snapshot are at most this large.
inline constexpr size_t kMaxSnapshotPiece = size_t{1} << 20;

// An immutable view of the state, cut into pieces. Any one thread at a time, while Apply goes on.
class SnapshotSource {
 public:
  virtual ~SnapshotSource() = default;
  // False: there is no further piece. A state has at least one.
  virtual bool Next(std::string* piece) = 0;
};

// Collects the pieces of a snapshot, in order. Add() on any one thread, Install() on the replica's.
class SnapshotSink {
 public:
  virtual ~SnapshotSink() = default;
  [[nodiscard]] virtual Status Add(std::string_view piece) = 0;
  // The state machine now is what the snapshot says. kDataLoss when the pieces are not a snapshot;
  // the state is then unchanged.
  [[nodiscard]] virtual Status Install(Index index) = 0;
};

class StateMachine {
 public:
  virtual ~StateMachine() = default;
  // What the proposer gets. A command that makes no sense is answered by a result that says so.
  virtual std::string Apply(const Entry& command) = 0;
  // After each run of commands: all up to `index` are applied (an entry that was none counts).
  virtual void Applied(Index index) = 0;
  [[nodiscard]] virtual std::unique_ptr<SnapshotSource> Snapshot() = 0;
  [[nodiscard]] virtual std::unique_ptr<SnapshotSink> Restore() = 0;
};

}  // namespace meseta::log
