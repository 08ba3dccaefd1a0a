// Inbox: the bounded queue in front of a core. Many threads push, the core's turns take.
//
// Push says when the taker must be signalled: once per batch, not once per event, so that posting
// costs a lock and a move. Thread-safe; Take() is called by one thread at a time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "actors/base/time.h"
#include "actors/runtime/clock.h"

namespace meseta::runtime {

template <class Event>
class Inbox {
 public:
  enum class Pushed {
    kQueued,        // The taker knows.
    kQueuedSignal,  // The caller has to signal the taker.
    kRefused,       // The bound is reached, or the inbox is closed.
  };

  Inbox(size_t max_queued, const Clock* clock) : max_queued_(max_queued), clock_(clock) {}

  // `bounded` false: accepted beyond the bound, for events whose number is bounded elsewhere.
  Pushed Push(Event&& event, bool bounded) {
    const std::lock_guard<std::mutex> lock(mutex_);
    const size_t queued = incoming_.size() + left_;
    if (closed_ || (bounded && queued >= max_queued_)) {
      ++refused_;
      return Pushed::kRefused;
    }
    if (queued == 0) oldest_ = clock_->Mono();
    incoming_.push_back(std::move(event));
    return std::exchange(signalled_, true) ? Pushed::kQueued : Pushed::kQueuedSignal;
  }

  // Moves the oldest events, at most `max`, behind those in `out`. True: more are waiting, and the
  // taker has to signal itself.
  bool Take(size_t max, std::vector<Event>* out) {
    size_t count = 0;
    bool more = false;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (next_ == taking_.size()) {
        taking_.clear();
        next_ = 0;
        taking_.swap(incoming_);
      }
      count = std::min(max, taking_.size() - next_);
      left_ = taking_.size() - next_ - count;
      more = left_ + incoming_.size() > 0;
      signalled_ = more;
      if (!more) oldest_.reset();  // Else it stays: an upper bound of the age of what is left.
    }
    for (size_t i = 0; i < count; ++i) out->push_back(std::move(taking_[next_++]));
    return more;
  }

  // Refuses further events and drops the waiting ones. Not while another thread is in Take().
  void Close() {
    std::vector<Event> dropped;  // Declared before the lock: destructors of events may post.
    std::vector<Event> taking;
    const std::lock_guard<std::mutex> lock(mutex_);
    closed_ = true;
    dropped.swap(incoming_);
    taking.swap(taking_);
    next_ = left_ = 0;
    oldest_.reset();
  }

  struct Stats {
    size_t queued = 0;
    uint64_t refused = 0;        // Since the start.
    std::optional<Time> oldest;  // When the oldest waiting event was posted, or before.
  };
  [[nodiscard]] Stats stats() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return {incoming_.size() + left_, refused_, oldest_};
  }

 private:
  const size_t max_queued_;
  const Clock* const clock_;
  mutable std::mutex mutex_;  // Guards all below, except taking_ and next_: the taker's.
  std::vector<Event> incoming_;
  size_t left_ = 0;  // Events of taking_ from next_ on, as of the last Take.
  bool signalled_ = false;
  bool closed_ = false;
  uint64_t refused_ = 0;
  std::optional<Time> oldest_;

  std::vector<Event> taking_;
  size_t next_ = 0;
};

}  // namespace meseta::runtime
