// RaftCore: one replica's side of the consensus, as a pure machine.
//
// Rules of Raft (Ongaro 2014) with pre-vote, check-quorum and leases, pipelined appends with flow
// control per follower, snapshots sent in pieces, learners, single-step membership changes and
// leadership transfer. Events and `now` go in; TakeEffects() gives what follows from them.
//
// Owns: term, vote, the log since its snapshot (all of it in memory; bounded by the shell through
// Compact and by Options::max_uncommitted_bytes), the configuration, progress of followers.
//
// Durability: each change of what must survive leaves as a LogWrite with a rising number, and comes
// back as Persisted(number) (all writes up to it). Messages that promise something durable (votes,
// acknowledgements) are kept inside until then; a leader's own entries count for it only then. After
// PersistFailed nothing leaves any more: the shell ends the replica and opens the disk anew.
//
// Leadership: role() is leader from winning the election; serving() once an entry of the own term is
// committed. lease_until() is the time until which no other leader can have been elected, provided
// that clocks run at rates that differ by less than Options::max_clock_drift. When it cannot be
// renewed the leader steps down by itself at its end (Tick).
//
// Thread: one at a time. Failure modes: what a peer sends never reaches a CHECK; a message that
// contradicts what is committed is dropped and counted.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "actors/base/rng.h"
#include "actors/base/status.h"
#include "actors/base/time.h"
#include "state/log/rules.h"
#include "state/log/types.h"

namespace meseta::log {

enum class Role { kFollower, kPreCandidate, kCandidate, kLeader };

struct RaftOptions {
  Duration election_min = Duration::Millis(800);  // Without word of a leader; drawn anew each time.
  Duration election_max = Duration::Millis(1300);
  Duration heartbeat = Duration::Millis(100);
  double max_clock_drift = 0.1;           // Of lease against election_min.
  size_t max_append_bytes = 512 << 10;    // Of the entries of one message (one entry may be larger).
  size_t max_append_entries = 1024;
  size_t max_inflight_appends = 64;       // Per follower, unanswered.
  size_t max_inflight_bytes = 8 << 20;    // The same.
  size_t max_inflight_pieces = 8;         // Of a snapshot, per follower.
  size_t max_uncommitted_bytes = 64 << 20;  // Proposals are refused beyond.
  size_t max_uncommitted_entries = 100'000;
  Duration retry = Duration::Millis(500);   // Unanswered appends and pieces are sent again after it.
  Duration transfer_limit = Duration::Seconds(2);  // A transfer that took longer is given up.
};

// A change of who takes part.
struct InviteMember { std::string address; };         // Its daemon may join. Idempotent.
struct UninviteMember { std::string address; };
// As learner. A member at the same address is removed with it (its disk is gone), and a voter's place
// is given back once the new one has caught up (promote). Uses up an invitation.
struct AddMember { MemberId id = 0; std::string address; bool promote = true; };
struct PromoteMember { MemberId id = 0; };            // Learner -> voter; only when it has caught up.
struct RemoveMember { MemberId id = 0; };             // A leader may remove itself: it then hands over.
struct MoveMember { MemberId id = 0; std::string address; };  // Same disk, new address.
using MemberChange =
    std::variant<InviteMember, UninviteMember, AddMember, PromoteMember, RemoveMember, MoveMember>;

// Where the leader stands with one other member.
struct FollowerStatus {
  internal::LogMember member;
  Index match = 0;              // Durable there and equal.
  bool snapshotting = false;
  uint32_t snapshot_piece = 0;  // Next to be confirmed.
  std::optional<Time> heard;    // When it answered last.
};

struct RaftStatus {
  MemberId self = 0;
  Role role = Role::kFollower;
  Term term = 0;
  std::optional<MemberId> leader;  // Of `term`, as far as known.
  Index commit = 0;
  Index last = 0;                  // Of the log.
  Index first = 0;                 // The oldest entry kept; last + 1 when there is none.
  Index snapshot = 0;
  Configuration configuration;
  Index configuration_index = 0;   // Committed when at most `commit`.
  std::vector<FollowerStatus> followers;  // Leader only.
  uint64_t dropped_messages = 0;
};

struct RaftEffects {
  // A piece of the stored snapshot to be read; PieceRead comes back.
  struct ReadPiece { MemberId to = 0; SnapshotMeta meta; uint32_t number = 0; };
  // A read may be answered once the state machine has applied `index`; none: this replica does not
  // lead (any more), ask another.
  struct ReadAnswer { uint64_t read = 0; std::optional<Index> index; };

  std::vector<LogWrite> persist;        // Hand on in order.
  std::vector<Message> send;            // By `to`. May be lost.
  // The state machine is to be replaced by the stored snapshot before `committed` is applied.
  std::optional<SnapshotMeta> restore;
  std::vector<EntryPtr> committed;      // The next ones, in order, each once; all kinds.
  std::vector<ReadPiece> read_pieces;
  std::vector<ReadAnswer> reads;
  std::vector<std::string> log;         // Sentences for the operator.
  std::optional<Time> wake_at;          // Tick then; replaces the earlier wish.
};

class RaftCore {
 public:
  // `recovered` from Storage::Load: with identity, and a configuration in its snapshot or entries
  // (see Bootstrap). A joining replica, which has neither, is told everything by its leader.
  // `first_write` is the number before the first LogWrite. `rules` outlives the core.
  RaftCore(RaftOptions options, Recovered recovered, uint64_t first_write, Rng rng, Time now,
           const Rules* rules);

  // What a founding member writes, before its core is made, to take part from the beginning: the
  // configuration as a snapshot at index 1, term 1 of an empty state machine (`empty_state`: the one
  // piece of its snapshot).
  [[nodiscard]] static LogWrite Bootstrap(const internal::LogIdentity& identity,
                                          const Configuration& genesis,
                                          const std::string& empty_state);

  void Step(const Message& message, Time now);
  void Tick(Time now);
  void Persisted(uint64_t number, Time now);
  void PersistFailed(const Status& status);

  // Leader only. The entry's index; it is committed when it comes back in `committed` with the same
  // term. FailedPrecondition: not the leader, `term` has passed, or leadership is being handed over;
  // ResourceExhausted: too much is uncommitted, try again.
  [[nodiscard]] Result<Index> Propose(std::string command, std::optional<Term> term, Time now);
  // Leader only; one at a time: FailedPrecondition with a sentence says what it waits for.
  [[nodiscard]] Result<Index> ProposeChange(const MemberChange& change, Time now);
  // A linearizable read: answered by ReadAnswer, at once when the lease holds, else after a round
  // to a majority.
  void Read(uint64_t read, Time now);
  // Hands leadership to a voter (none named: the one that is furthest).
  [[nodiscard]] Status Transfer(std::optional<MemberId> to, Time now);

  // The pieces of `meta` (made by MakeSnapshotMeta, of applied entries) are stored durably: it becomes
  // the snapshot and entries up to `compact_to` are dropped.
  void SnapshotStored(const SnapshotMeta& meta, Index compact_to, Time now);
  // Index, term and configuration of a snapshot at `applied`; the shell fills in the rest.
  [[nodiscard]] SnapshotMeta MakeSnapshotMeta(Index applied) const;
  // Answer to ReadPiece; an error ends that transfer, which starts over.
  void PieceRead(MemberId to, Index snapshot, uint32_t number, Result<std::string> data, Time now);
  // The link to this member is new or broken: what was in flight is lost.
  void PeerLost(MemberId peer, Time now);

  [[nodiscard]] RaftEffects TakeEffects();

  [[nodiscard]] Role role() const;
  [[nodiscard]] Term term() const;
  [[nodiscard]] bool serving() const;        // Leader, and an entry of its own term is committed.
  [[nodiscard]] Time lease_until() const;    // Leader only; single voter: Time::Max().
  [[nodiscard]] std::optional<MemberId> leader() const;
  [[nodiscard]] RaftStatus status() const;

  // For tests and checkers: the entry, if it is still in memory; terms of entries.
  [[nodiscard]] EntryPtr EntryAt(Index index) const;
  [[nodiscard]] const HardState& hard_state() const;
  void CheckInvariants() const;
};

}  // namespace meseta::log
