// The rules that make Raft safe, each as one function, so that a test can break exactly one and see
// that the checkers notice. (Ongaro, "Consensus: Bridging Theory and Practice", 2014: chapter and
// figure at each.)
//
// Production always runs the rules as they stand here. Pure.
#pragma once

#include "actors/base/time.h"
#include "state/log/types.h"

namespace meseta::log {

class Rules {
 public:
  virtual ~Rules() = default;

  // One vote per term (figure 3.1, RequestVote 2).
  [[nodiscard]] virtual bool VoteIsFree(MemberId voted_for, MemberId candidate) const {
    return voted_for == 0 || voted_for == candidate;
  }
  // The candidate's log has all that may be committed (3.6.1).
  [[nodiscard]] virtual bool LogIsUpToDate(Term their_term, Index their_index, Term our_term,
                                           Index our_index) const {
    return their_term > our_term || (their_term == our_term && their_index >= our_index);
  }
  // A follower that heard of a leader within the shortest election timeout gives no vote (4.2.3);
  // leases stand on it. `since_leader` is also counted from the replica's start.
  [[nodiscard]] virtual bool MayVoteNow(Duration since_leader, Duration shortest_timeout) const {
    return since_leader >= shortest_timeout;
  }
  // Votes and acknowledgements leave after the disk has them (3.8).
  [[nodiscard]] virtual bool WaitsForDisk() const { return true; }
  // A follower takes entries only behind one that it shares with the leader (3.5).
  [[nodiscard]] virtual bool EntryMatches(Term ours, Term theirs) const { return ours == theirs; }
  // Only entries of the leader's own term are committed by counting (3.6.2).
  [[nodiscard]] virtual bool MayCommit(Term entry, Term current) const { return entry == current; }
  // Of that many voters.
  [[nodiscard]] virtual size_t Quorum(size_t voters) const { return voters / 2 + 1; }
  // What a follower may take as committed from an append that ends at `last_new` (figure 3.1).
  [[nodiscard]] virtual Index FollowerCommit(Index leader_commit, Index last_new) const {
    return leader_commit < last_new ? leader_commit : last_new;
  }
  // One change of voters at a time, and none before an entry of the own term is committed (4.1 and
  // the correction of 2015).
  [[nodiscard]] virtual bool MayChangeMembers(bool change_uncommitted, bool committed_own) const {
    return !change_uncommitted && committed_own;
  }
  // A leader answers reads by its lease only while it holds, and after it has committed an entry of
  // its own (6.4).
  [[nodiscard]] virtual bool LeaseHolds(Time now, Time lease_until, bool committed_own) const {
    return committed_own && now < lease_until;
  }
  // A message of an older term is refused (3.3).
  [[nodiscard]] virtual bool TermIsStale(Term theirs, Term ours) const { return theirs < ours; }
  // A read-index round counts only answers to probes sent after the read came (6.4).
  [[nodiscard]] virtual bool ProbeConfirmsRead(uint64_t answered, uint64_t needed) const {
    return answered >= needed;
  }
};

}  // namespace meseta::log
