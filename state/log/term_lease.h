// TermLease: until when a replica leads, and in which term. Its thread writes, any thread reads,
// without a lock.
//
// Who acts for a term must ask for that term: a lease of a later one, won before the earlier term's
// actors have ended, is none of theirs.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "actors/base/time.h"
#include "state/log/types.h"

namespace meseta::log {

class TermLease {
 public:
  // One thread. REQUIRES: End() between two terms.
  void Hold(Term term, Time until) {
    term_.store(term, std::memory_order_relaxed);
    // Who reads this reads that term or a later one.
    until_.store(std::max<int64_t>(until.nanos(), 1), std::memory_order_release);
  }
  void End() { until_.store(0, std::memory_order_release); }

  // Time() when no lease is held.
  [[nodiscard]] Time until() const { return Time::FromNanos(until_.load(std::memory_order_acquire)); }
  // Time() also when the lease is of another term.
  [[nodiscard]] Time until(Term term) const {
    const Time until = this->until();
    return term_.load(std::memory_order_relaxed) == term ? until : Time();
  }

 private:
  std::atomic<int64_t> until_{0};  // Nanoseconds of Time.
  std::atomic<Term> term_{0};      // Of until_.
};

}  // namespace meseta::log
