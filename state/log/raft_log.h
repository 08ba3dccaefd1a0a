// RaftLog: a replica's entries since its snapshot, in memory. Pure.
//
// Invariants: indexes without gaps; terms never fall; `first() - 1` is the base, whose term is
// known unless the replica started with entries older than its snapshot.
#pragma once

#include <deque>
#include <optional>
#include <vector>

#include "state/log/types.h"

namespace meseta::log {

class RaftLog {
 public:
  RaftLog() = default;
  // What a disk held. Entries that do not follow each other are cut off from there.
  RaftLog(const std::optional<SnapshotMeta>& snapshot, std::vector<EntryPtr> entries);

  [[nodiscard]] Index first() const { return base_ + 1; }
  [[nodiscard]] Index last() const { return base_ + entries_.size(); }
  [[nodiscard]] Term last_term() const {
    return entries_.empty() ? base_term_.value_or(0) : entries_.back()->term;
  }
  [[nodiscard]] bool Has(Index index) const { return index > base_ && index <= last(); }
  // Null when it is not there.
  [[nodiscard]] EntryPtr At(Index index) const {
    return Has(index) ? entries_[index - base_ - 1] : nullptr;
  }
  // REQUIRES: Has(index).
  [[nodiscard]] const EntryPtr& Ref(Index index) const { return entries_[index - base_ - 1]; }
  // Also of the base, when known. Index 0 has term 0.
  [[nodiscard]] std::optional<Term> TermAt(Index index) const;
  // The last index up to `index` whose term is at most `term`: where two logs might agree. May be
  // before first() - 1 (then it is not kept any more).
  [[nodiscard]] Index LastAtMost(Index index, Term term) const;

  // REQUIRES: entry->index == last() + 1 and its term is not below last_term().
  void Append(EntryPtr entry);
  // REQUIRES: after >= first() - 1.
  void TruncateAfter(Index after);
  // Forgets entries up to `index`, at most all.
  void CompactTo(Index index);
  // Starts anew behind a snapshot.
  void Reset(Index index, Term term);

  void CheckInvariants() const;

 private:
  Index base_ = 0;
  std::optional<Term> base_term_ = 0;
  std::deque<EntryPtr> entries_;
};

}  // namespace meseta::log
