// CoreGroup: replicas' cores with disks and a network in memory, moved step by step.
//
// Each event of a core is followed by its effects, which also go to `trace` as readable lines. A
// disk keeps what was synced; a crash loses the rest. Commands are strings; the state machine is
// the list of them, so that what each replica applied can be compared. Checked all the time: one
// leader per term, the same entry committed at an index everywhere, and each core's own invariants.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "state/log/raft_core.h"

namespace meseta::log {

class CoreDisk {
 public:
  void Apply(const LogWrite& write);
  // Pieces of a snapshot that the replica has made itself.
  void Store(const std::vector<SnapshotPiece>& pieces);
  [[nodiscard]] Recovered Load() const;
  [[nodiscard]] Result<std::string> Piece(Index snapshot, uint32_t number) const;

 private:
  internal::LogIdentity identity_;
  HardState hard_;
  std::optional<SnapshotMeta> snapshot_;
  std::map<Index, EntryPtr> entries_;
  std::map<Index, std::map<uint32_t, std::string>> pieces_;
  uint64_t sequence_ = 0;
};

class CoreGroup {
 public:
  struct Node {
    std::unique_ptr<RaftCore> core;  // Null while it is down.
    CoreDisk disk;
    std::deque<LogWrite> unsynced;
    bool syncs = true;               // At once; else on Persist().
    bool reads_pieces = true;        // Else reading one fails.
    std::vector<std::string> state;  // The commands applied.
    Index applied = 0;
    std::map<uint64_t, std::optional<Index>> reads;  // Answered.
  };

  explicit CoreGroup(RaftOptions options = {}, const Rules* rules = nullptr, uint64_t seed = 1);

  // Founding members; `learners` are with them.
  void Found(const std::vector<MemberId>& voters, const std::vector<MemberId>& learners = {});
  // An empty disk of this cluster.
  void AddEmpty(MemberId id);
  void Crash(MemberId id);
  void Start(MemberId id);

  void Advance(Duration time) { now = now + time; }
  void Tick(MemberId id);
  // Lets the time pass until it wants to be woken.
  void TimeOut(MemberId id);
  // Ticks whoever wanted to be woken by now.
  void TickDue();
  void Persist(MemberId id, size_t writes);
  // Delivers what is under way now, in order; answers stay under way.
  void DeliverLink(std::optional<MemberId> from, std::optional<MemberId> to);
  void DeliverOne(size_t position);
  // What is under way now is lost.
  void DropLink(std::optional<MemberId> from, std::optional<MemberId> to);
  // Delivers, without passing time, until nothing is under way.
  void Settle();
  // Time passes in small steps, with everything delivered.
  void Run(Duration time);
  // Ticks until it leads.
  void Elect(MemberId id);

  Result<Index> Propose(MemberId id, const std::string& command);
  // Stores a snapshot of what is applied, and drops entries up to `compact_to`.
  void Snapshot(MemberId id, Index compact_to);
  void Carry(MemberId id);  // Performs the effects.
  void Say(std::string line);

  [[nodiscard]] RaftCore& core(MemberId id) { return *nodes.at(id).core; }
  [[nodiscard]] std::optional<MemberId> Leader() const;  // Of the highest term.
  [[nodiscard]] bool Connected(MemberId from, MemberId to) const {
    return cut.count({from, to}) == 0;
  }

  RaftOptions options;
  size_t piece_bytes = 4;
  Time now = Time::FromNanos(1'000'000'000);
  std::map<MemberId, Node> nodes;
  std::deque<Message> network;
  std::set<std::pair<MemberId, MemberId>> cut;  // What goes this way is lost.
  std::vector<std::string> trace;
  bool tracing = true;
  std::vector<std::string> violations;

 private:
  void Check(MemberId id);
  void CommitEntry(MemberId id, const EntryPtr& entry);

  const Rules* rules_;
  Rng rng_;
  std::map<MemberId, std::optional<Time>> wake_;
  std::map<Term, MemberId> leaders_;
  std::map<Index, EntryPtr> committed_;
};

// As the trace says it: "1>2 t3 append 4/2 +5/3:x,6/3:y commit 4".
std::string Describe(const Message& message);
std::string Describe(const Entry& entry);
std::string Describe(const LogWrite& write);
std::string Describe(const Configuration& configuration);

}  // namespace meseta::log
