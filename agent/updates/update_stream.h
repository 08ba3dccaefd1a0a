// UpdateStream: the status updates of one task, on their way to the framework.
//
// Each update is delivered at least once, in order, under one uuid: it is sent only after it is
// durable, the next one only after the acknowledgement of the one before is durable, and it is sent
// again (after 10 s, doubling to 10 min) until it is acknowledged. Exactly one terminal update ends
// a stream; its acknowledgement closes it.
//
// A pure value of the agent core's thread. It never fails: what does not fit is answered by an enum.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "actors/base/time.h"
#include "actors/messages/internal/agent.pb.h"
#include "state/model/task_state.h"

namespace meseta::agent {

// True for states after which a task never runs again.
[[nodiscard]] inline bool IsTerminal(mesos::v1::TaskState state) { return model::IsTerminal(state); }

class UpdateStream {
 public:
  static constexpr Duration kRetryMin = Duration::Seconds(10);
  static constexpr Duration kRetryMax = Duration::Minutes(10);
  // STARTING, RUNNING, KILLING and a terminal one is what a command task makes; a stream that has
  // this many unacknowledged updates takes only a terminal one more.
  static constexpr size_t kMaxPending = 1000;

  enum class AppendResult { kAppended, kAfterTerminal, kFull };
  enum class AckResult { kAccepted, kDuplicate };

  // The update is written under number `write` and may be sent once that is durable.
  // REQUIRES: status.uuid is set and fresh; `write` never decreases.
  AppendResult Append(internal::StatusUpdate update, uint64_t write);
  // The update in flight is acknowledged; the next leaves once `write` is durable. Any other uuid is
  // a duplicate of an earlier acknowledgement, or nonsense, and changes nothing.
  AckResult Acknowledge(const std::string& uuid, uint64_t write);
  // Rebuilds the stream from its checkpoint: durable, the first `acknowledged` were acknowledged.
  void Restore(internal::StatusUpdate update, bool acknowledged);

  // Writes up to `durable` are on disk. The update to send now, if any; its retry clock starts.
  std::optional<internal::StatusUpdate> Next(uint64_t durable, Time now);
  // The receiver forgot what was in flight (a new registration): Next sends it again at once.
  void Rewind();
  // When the update in flight is due again; empty with nothing in flight.
  [[nodiscard]] std::optional<Time> retry_at() const { return retry_at_; }

  [[nodiscard]] bool ended() const { return ended_; }  // Has its terminal update.
  // The terminal update is acknowledged; `closed_write` is the number of that acknowledgement.
  [[nodiscard]] bool closed() const { return ended_ && pending_.empty(); }
  [[nodiscard]] uint64_t closed_write() const { return ack_write_; }
  // The front of the queue: what the framework has not acknowledged yet.
  [[nodiscard]] const internal::StatusUpdate* front() const;
  [[nodiscard]] size_t pending() const { return pending_.size(); }
  // Position of the next update in the checkpoint.
  [[nodiscard]] uint64_t next_sequence() const { return next_sequence_; }
  [[nodiscard]] uint64_t front_sequence() const { return next_sequence_ - pending_.size(); }

 private:
  struct Pending {
    internal::StatusUpdate update;
    uint64_t write = 0;  // Sent only once this write is durable.
  };
  std::deque<Pending> pending_;     // Not acknowledged; the front is or will be in flight.
  uint64_t ack_write_ = 0;          // Of the newest acknowledgement: the front waits for it, too.
  uint64_t next_sequence_ = 0;      // Updates ever appended.
  bool ended_ = false;
  std::optional<Time> retry_at_;    // Of the front; empty while it has not been sent.
  Duration backoff_ = kRetryMin;    // Until the retry after the next.
};

}  // namespace meseta::agent
