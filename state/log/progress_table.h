// ProgressTable: what a leader knows of each other member, and how much it may send it. Pure.
//
// A follower is probed (one append at a time, until it is known where its log agrees), replicated
// to (appends follow each other without waiting, within bounds), or gets a snapshot in pieces.
// Invariants: match < next; in flight only while replicating; a transfer only in kSnapshot.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>

#include "actors/base/time.h"
#include "state/log/types.h"

namespace meseta::log {

// Appends with entries that were sent and not answered.
class InflightWindow {
 public:
  void Add(Index last, size_t bytes, Time sent);
  // All that end at or before `index` are answered.
  void FreeTo(Index index);
  void Clear();

  [[nodiscard]] size_t count() const { return sent_.size(); }
  [[nodiscard]] size_t bytes() const { return bytes_; }
  [[nodiscard]] bool empty() const { return sent_.empty(); }
  // REQUIRES: !empty().
  [[nodiscard]] Time oldest() const { return sent_.front().sent; }

 private:
  struct Sent {
    Index last = 0;
    size_t bytes = 0;
    Time sent;
  };
  std::deque<Sent> sent_;
  size_t bytes_ = 0;
};

// A snapshot on its way to a follower. Pieces before `confirmed` are durable there, those before
// `next` were asked of the own disk.
struct SnapshotTransfer {
  SnapshotMeta meta;
  uint32_t confirmed = 0;
  uint32_t next = 0;
  Time moved;            // Last step forward, or last time it was sent again.
  bool stalled = false;  // Sent again since the last step: the follower may ask for earlier pieces.
  bool paused = false;   // Something went wrong: nothing more before the next time to retry.
  bool told = false;     // The operator, that a piece cannot be read.
};

struct Progress {
  enum class State { kProbe, kReplicate, kSnapshot };

  State state = State::kProbe;
  Index match = 0;         // Durable there and equal.
  Index next = 1;          // To be sent next.
  bool probe_out = false;  // kProbe: an append up to `probe_last` is unanswered since `probe_sent`.
  Index probe_last = 0;
  Time probe_sent;
  InflightWindow inflight;                   // kReplicate.
  std::optional<SnapshotTransfer> transfer;  // kSnapshot.
  uint64_t acked_probe = 0;                  // The newest LogAppend.probe answered; 0: none.
  uint64_t sent_probe = 0;                   // The newest sent.
  std::optional<Time> heard;
  Time sent;  // The last append of any kind,
  Time beat;  // and of those without entries.
  // Set: no member any more by the entry at this index, and only to be told so, until `leave_by`.
  std::optional<Index> leaving;
  Time leave_by;

  void BecomeProbe(Index from);
  void BecomeReplicate();
  void BecomeSnapshot(const SnapshotMeta& meta, Time now);
};

using ProgressTable = std::map<MemberId, Progress>;

}  // namespace meseta::log
