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
// acknowledgements) are kept inside until then, and nothing to the same member overtakes them; a
// leader's own entries count for it only then. Heartbeats are answered at once, for what is
// durable: a slow disk does not look like a member that is down. After PersistFailed nothing leaves
// any more: the shell ends the replica and opens the disk anew.
//
// Leadership: role() is leader from winning the election; serving() once an entry of the own term
// is committed. lease_until() is the time until which no other leader can have been elected,
// provided that clocks run at rates that differ by less than Options::max_clock_drift. When it
// cannot be renewed the leader steps down by itself at its end (Tick). It may also end early (a
// handover), so it is read anew after each event, before `send` is performed.
//
// Who may campaign: a voter; also one whose removal is in its log and not known to be committed,
// for it may be the only one whose log is complete (4.2.2). A learner answers who asks for its vote
// (it may have been promoted without knowing), but only voters are asked, and counted.
//
// Thread: one at a time. Failure modes: what a peer sends never reaches a CHECK; a message that
// contradicts what is committed is dropped and counted.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "actors/base/rng.h"
#include "actors/base/status.h"
#include "actors/base/time.h"
#include "state/log/configuration.h"
#include "state/log/outbox.h"
#include "state/log/progress_table.h"
#include "state/log/raft_log.h"
#include "state/log/rules.h"
#include "state/log/types.h"

namespace meseta::log {

// No term is above it; a message that says so is dropped. Leaves room for every further election.
inline constexpr Term kMaxTerm = Term{1} << 62;
// The same for the index of a snapshot from a peer.
inline constexpr Index kMaxIndex = Index{1} << 62;
// Reads that wait for a round to a majority; more are turned away.
inline constexpr size_t kMaxPendingReads = 100'000;

enum class Role { kFollower, kPreCandidate, kCandidate, kLeader };

struct RaftOptions {
  Duration election_min = Duration::Millis(800);  // Without word of a leader; drawn anew each time.
  Duration election_max = Duration::Millis(1300);
  Duration heartbeat = Duration::Millis(100);
  double max_clock_drift = 0.1;         // Of lease against election_min.
  size_t max_append_bytes = 512 << 10;  // Of the entries of one message (one entry may be larger).
  size_t max_append_entries = 1024;
  size_t max_inflight_appends = 64;         // Per follower, unanswered.
  size_t max_inflight_bytes = 8 << 20;      // The same.
  size_t max_inflight_pieces = 8;           // Of a snapshot, per follower.
  size_t max_uncommitted_bytes = 64 << 20;  // Proposals are refused beyond.
  size_t max_uncommitted_entries = 100'000;
  Duration retry = Duration::Millis(500);  // Unanswered appends and pieces are sent again after it.
  Duration transfer_limit = Duration::Seconds(2);  // A transfer that took longer is given up.
};

// A change of who takes part.
struct InviteMember {
  std::string address;
};  // Its daemon may join. Idempotent.
struct UninviteMember {
  std::string address;
};
// As learner. A member at the same address is removed with it (its disk is gone), and a voter's
// place is given back once the new one has caught up (promote). Uses up an invitation.
struct AddMember {
  MemberId id = 0;
  std::string address;
  bool promote = true;
};
struct PromoteMember {
  MemberId id = 0;
};  // Learner -> voter; only when it has caught up.
struct RemoveMember {
  MemberId id = 0;
};  // A leader may remove itself: it then hands over.
struct MoveMember {
  MemberId id = 0;
  std::string address;
};  // Same disk, new address.
using MemberChange =
    std::variant<InviteMember, UninviteMember, AddMember, PromoteMember, RemoveMember, MoveMember>;

// Where the leader stands with one other member.
struct FollowerStatus {
  internal::LogMember member;
  Index match = 0;  // Durable there and equal.
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
  Index last = 0;   // Of the log.
  Index first = 0;  // The oldest entry kept; last + 1 when there is none.
  Index snapshot = 0;
  Configuration configuration;
  Index configuration_index = 0;          // Committed when at most `commit`.
  std::vector<FollowerStatus> followers;  // Leader only.
  uint64_t dropped_messages = 0;
};

struct RaftEffects {
  // A piece of the stored snapshot to be read; PieceRead comes back.
  struct ReadPiece {
    MemberId to = 0;
    SnapshotMeta meta;
    uint32_t number = 0;
  };
  // A read may be answered once the state machine has applied `index`; none: this replica does not
  // lead (any more), ask another.
  struct ReadAnswer {
    uint64_t read = 0;
    std::optional<Index> index;
  };

  std::vector<LogWrite> persist;  // Hand on in order.
  std::vector<Message> send;      // By `to`. May be lost.
  // The state machine is to be replaced by the stored snapshot (durable by now) before `committed`
  // is applied. Also the first thing after a start from a disk with a snapshot.
  std::optional<SnapshotMeta> restore;
  std::vector<EntryPtr> committed;  // The next ones, in order, each once; all kinds.
  std::vector<ReadPiece> read_pieces;
  std::vector<ReadAnswer> reads;
  std::vector<std::string> log;  // Sentences for the operator.
  std::optional<Time> wake_at;   // Tick then; replaces the earlier wish.
};

// --- Parts of the core ---

// A snapshot that arrives in pieces: those before `next` are written.
struct IncomingSnapshot {
  SnapshotMeta meta;
  uint32_t next = 0;
  uint64_t bytes = 0;
  uint32_t checksum = 0;
};

// Leadership on its way to another member.
struct Handover {
  MemberId to = 0;
  Time deadline;
  uint64_t probe = 0;  // Of the LogTimeoutNow; 0: not sent yet, the target catches up.
};

class RaftCore {
 public:
  // `recovered` from Storage::Load: with identity, and a configuration in its snapshot or entries
  // (see Bootstrap). A joining replica, which has neither, is told everything by its leader.
  // `first_write` is the number before the first LogWrite. `rules` outlives the core.
  RaftCore(RaftOptions options, Recovered recovered, uint64_t first_write, Rng rng, Time now,
           const Rules* rules);

  // What a founding member writes, before its core is made, to take part from the beginning: the
  // configuration as a snapshot at index 1, term 1 of an empty state machine (`empty_state`: the
  // one piece of its snapshot).
  [[nodiscard]] static LogWrite Bootstrap(const internal::LogIdentity& identity,
                                          const Configuration& genesis,
                                          const std::string& empty_state);

  void Step(const Message& message, Time now);
  void Tick(Time now);
  void Persisted(uint64_t number, Time now);
  void PersistFailed(const Status& status);

  // Leader only. The entry's index; it is committed when it comes back in `committed` with the same
  // term. FailedPrecondition: not the leader, `term` has passed, or leadership is being handed
  // over; ResourceExhausted: too much is uncommitted, try again.
  [[nodiscard]] Result<Index> Propose(std::string command, std::optional<Term> term, Time now);
  // Leader only; one at a time: Unavailable with a sentence says what it waits for.
  [[nodiscard]] Result<Index> ProposeChange(const MemberChange& change, Time now);
  // A linearizable read: answered by ReadAnswer, at once when the lease holds, else after a round
  // to a majority.
  void Read(uint64_t read, Time now);
  // Hands leadership to a voter (none named: the one that is furthest).
  [[nodiscard]] Status Transfer(std::optional<MemberId> to, Time now);

  // The pieces of `meta` (made by MakeSnapshotMeta, of applied entries) are stored durably: it
  // becomes the snapshot and entries up to `compact_to` are dropped.
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
  [[nodiscard]] bool serving() const;      // Leader, and an entry of its own term is committed.
  [[nodiscard]] Time lease_until() const;  // Leader only; single voter: Time::Max().
  [[nodiscard]] std::optional<MemberId> leader() const;
  [[nodiscard]] RaftStatus status() const;

  // For tests and checkers: the entry, if it is still in memory; terms of entries.
  [[nodiscard]] EntryPtr EntryAt(Index index) const;
  [[nodiscard]] const HardState& hard_state() const;
  void CheckInvariants() const;

 private:
  // Why a message was dropped; each is told the operator once.
  enum class Drop {
    kNotForUs,
    kMalformed,
    kSecondLeader,
    kContradictsCommitted,
    kBeyondLog,
    kBadSnapshot,
    kCount
  };
  struct PendingRead {
    uint64_t read = 0;
    uint64_t needed = 0;  // A probe sent after it came.
  };
  // A write, and the last index of the log with it.
  struct DurableMark {
    uint64_t number = 0;
    Index last = 0;
  };

  // --- raft_core.cc: time, effects, what is shared ---
  void Begin(Time now);  // Each event: advances the clock, ends a leadership that has run out.
  [[nodiscard]] bool Accept(const Message& message);
  void Dispatch(const Message& message);
  void DropMessage(const Message& message, Drop why, std::string_view detail = "");
  void Say(std::string sentence);
  [[nodiscard]] Message NewMessage(MemberId to) const;
  void Send(Message message) { SendAfter(std::move(message), 0); }
  void SendDurably(Message message) { SendAfter(std::move(message), last_number_); }
  void SendAfter(Message message, uint64_t needed);
  [[nodiscard]] uint64_t durable_number() const;  // By the rules: without waiting, everything.
  void EmitCommitted();
  [[nodiscard]] std::optional<Time> WakeAt() const;

  // --- raft_writes.cc: LogWrites in the making ---
  LogWrite& Write();     // The open one.
  LogWrite& NewWrite();  // A further one, when parts would be out of order.
  void WriteHard(Term term, MemberId voted_for);
  void AppendEntry(EntryPtr entry);
  void TruncateLog(Index after);
  void MarkAppended();
  void Durable();  // After the disk has more: own entries, votes, what was parked.

  // --- raft_election.cc ---
  [[nodiscard]] bool CanCampaign() const;
  [[nodiscard]] Duration SinceLeader() const;
  void ResetElectionDeadline(bool candidate);
  void HeardLeader(MemberId leader);
  void BecomeFollower(Term term, std::optional<MemberId> leader);
  void StepDown(std::string_view why);
  void StartPreVote();
  void StartElection(bool transfer);
  void BecomeLeader();
  void SendVotes();
  void CountVotes();
  void TickElection();
  void OnVote(const Message& message);
  void AnswerVote(const Message& message, Term term, bool granted);
  void OnVoteAnswer(const Message& message);

  // --- raft_follower.cc ---
  [[nodiscard]] bool FollowLeader(const Message& message);  // False: stale, answered.
  void OnAppend(const Message& message);
  [[nodiscard]] bool EntriesAreSound(const Message& message) const;
  void RefuseAppend(const Message& message);
  void AcceptAppend(const Message& message, Index last_new);
  [[nodiscard]] bool TakeEntries(const Message& message, Index* last_new);
  void CommitTo(Index index);

  // --- raft_replication.cc: the leader's side ---
  void OnAppendAnswer(const Message& message);
  void AppendAccepted(Progress& progress, Index index);
  void AppendRefused(Progress& progress, const internal::LogAppendAnswer& answer);
  void Flush();  // Sends each follower what it lacks, within its bounds.
  void FlushFollower(MemberId id, Progress& progress);
  void SendAppend(MemberId id, Progress& progress, bool with_entries);
  [[nodiscard]] Time HeartbeatDue(const Progress& progress) const;
  void RetryUnanswered(Progress& progress);
  void MaybeCommit();

  // --- raft_reads.cc: leases and reads ---
  [[nodiscard]] uint64_t NextProbe();
  void OnProbeAnswered(Progress& progress, uint64_t probe);
  [[nodiscard]] uint64_t QuorumProbe() const;
  void RenewLease();
  void AnswerReads();
  void RefuseReads();

  // --- raft_snapshot.cc ---
  void OnSnapshotChunk(const Message& message);
  [[nodiscard]] bool ChunkIsSound(const internal::LogSnapshotChunk& chunk) const;
  void TakeChunk(const Message& message);
  void AnswerChunk(const Message& message, uint32_t next, bool refused);
  void InstallIncoming();
  void OnSnapshotAnswer(const Message& message);
  void StartTransfer(Progress& progress);
  void FlushTransfer(MemberId id, Progress& progress);

  // --- raft_membership.cc ---
  void ConfigurationChanged();
  [[nodiscard]] bool ReplacedByAnother(MemberId id) const;
  [[nodiscard]] bool HeardLately(const Progress& progress) const;
  [[nodiscard]] Result<Index> AppendConfiguration(const Configuration& configuration);
  [[nodiscard]] bool CaughtUp(MemberId id) const;
  void PromoteOneThatCaughtUp();
  void DismissRemoved();
  void LeaveWhenRemoved();
  [[nodiscard]] std::optional<MemberId> BestSuccessor() const;
  void SendTimeoutNow(MemberId to);
  void FlushHandover();
  void TickHandover();
  void OnTimeoutNow(const Message& message);

  const RaftOptions options_;
  const internal::LogIdentity identity_;
  const Rules* const rules_;
  Rng rng_;
  Time now_;
  bool failed_ = false;
  Status failure_;

  // Durable state, as of the last LogWrite.
  HardState hard_;
  RaftLog log_;
  std::optional<SnapshotMeta> snapshot_;
  ConfigurationHistory configurations_;

  // Writes: numbers given out, and known durable.
  uint64_t last_number_ = 0;
  uint64_t persisted_ = 0;
  bool write_open_ = false;   // effects_.persist.back() takes more parts.
  uint64_t hard_number_ = 0;  // The write that holds `hard_`.
  std::deque<DurableMark> marks_;
  Index durable_last_ = 0;  // Own entries up to here are durable.

  Index commit_ = 0;
  Index emitted_ = 0;  // Given out as committed (or covered by a snapshot given out).
  // An installed snapshot is given out once it is stored under this number.
  std::optional<uint64_t> restore_after_;

  // Of the current configuration.
  std::vector<MemberId> voters_;
  bool self_votes_ = false;
  bool has_promotable_ = false;

  Role role_ = Role::kFollower;
  std::optional<MemberId> leader_;
  std::optional<Time> heard_leader_;  // Also the start.
  uint64_t leader_probe_ = 0;         // The newest from the leader of this term.
  Time election_deadline_;
  uint32_t failed_elections_ = 0;  // In a row.

  // Candidates.
  std::set<MemberId> granted_;
  std::set<MemberId> refused_;
  uint64_t own_vote_ = 0;  // The write that holds it.
  bool campaign_transfer_ = false;
  Time votes_again_at_;

  // Leader.
  ProgressTable progress_;
  Index term_start_ = 0;  // Its first entry.
  Time lease_until_;
  Time quorum_deadline_;  // Steps down then.
  uint64_t last_probe_ = 0;
  uint64_t wanted_probe_ = 0;  // Every follower is to be sent at least this one.
  std::deque<PendingRead> reads_;
  std::optional<Handover> handover_;
  size_t uncommitted_bytes_ = 0;

  std::optional<IncomingSnapshot> incoming_;
  Outbox outbox_;
  RaftEffects effects_;
  uint64_t dropped_messages_ = 0;
  std::set<Drop> told_;
};

}  // namespace meseta::log
