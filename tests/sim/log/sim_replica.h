// SimReplica: one address where a replica may run: its disk, its clock and, while it is up,
// RaftCore with its state machine. The shell around the core, as log::Replica is, over simulated
// things.
//
// Writes are asynchronous: all that queued while one group was on its way to the disk go as the
// next group. A crash keeps a prefix of the group under way. A replica whose disk is corrupt or
// empty takes a new id and has no core until the leader has taken it in; a failed write ends the
// process, which opens the disk anew later.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "state/log/raft_core.h"
#include "tests/sim/log/checkers.h"
#include "tests/sim/log/clock.h"
#include "tests/sim/log/kv_machine.h"
#include "tests/sim/log/log_network.h"
#include "tests/sim/log/sim_disk.h"
#include "tests/sim/log/world.h"

namespace meseta::logsim {

inline constexpr char kClusterId[] = "simulated";

class SimReplica {
 public:
  // What became of an operation. `value`: what a read saw, whether (1) a write was done.
  struct Reply {
    bool done = false;  // False: it has not happened and never will.
    uint64_t value = 0;
    uint64_t version = 0;  // Of the value read or written.
  };
  using OnReply = std::function<void(Reply)>;
  // Asks a replica (drawn) to let this one join.
  using AskToJoin = std::function<void(int slot, log::MemberId id)>;

  SimReplica(World* world, LogNetwork* network, Checkers* checkers, int slot, AskToJoin ask);

  // An empty disk under a new id; Found() makes it a founding member's.
  void NewDisk();
  void Found(const log::Configuration& genesis);

  void Boot();
  // Down for so long; Time after which it boots by itself.
  void Crash(Duration down);
  void Pause(Duration pause);
  void Resume() { paused_until_ = Time(); }
  void DiskFullFor(Duration time) { disk_full_until_ = world_->heap.now() + time; }
  void DiskEmptied() { disk_full_until_ = Time(); }
  void Corrupt() { disk_.Corrupt(); }
  // Crashes, loses the disk and comes back as a new member that asks to join.
  void Wipe(Duration down);

  void Receive(const log::Message& message);
  void PeerLost(log::MemberId peer);
  void Submit(const Op& op, std::optional<log::Term> term, OnReply reply);
  // The leader's side: true when the replica in that slot is a member now, and may begin.
  bool Join(int slot, log::MemberId id, bool promote);
  void Joined();
  Status Change(const log::MemberChange& change);
  Status Transfer(std::optional<log::MemberId> to);

  [[nodiscard]] bool up() const { return core_ != nullptr; }
  [[nodiscard]] bool paused() const { return world_->heap.now() < paused_until_; }
  [[nodiscard]] bool serving() const { return up() && core_->serving(); }
  [[nodiscard]] int slot() const { return slot_; }
  [[nodiscard]] log::MemberId id() const { return disk_.id(); }
  [[nodiscard]] const SimDisk& disk() const { return disk_; }
  [[nodiscard]] log::Index applied() const { return machine_->applied(); }
  // REQUIRES: up().
  [[nodiscard]] const log::RaftCore& core() const { return *core_; }

 private:
  struct Queued {
    log::LogWrite write;
    std::function<void()> then;  // Of the shell's own writes.
  };
  struct Proposal {
    log::Term term = 0;
    OnReply reply;
  };
  struct Reading {
    int key = 0;
    OnReply reply;
  };

  [[nodiscard]] Time LocalNow() const { return clock_.At(world_->heap.now()); }
  // Runs `what` later unless the process has ended by then; after a pause, if there is one.
  void After(Duration delay, std::function<void()> what);
  void RunLater(uint64_t life, std::function<void()> what);
  [[nodiscard]] internal::LogIdentity Identity(bool joined) const;
  void WriteIdentity(bool joined);
  void StartCore(const log::Recovered& start);
  void Stop();
  // True: the crash that was drawn for this storage call has happened.
  [[nodiscard]] bool CrashAtThisCall();

  void Changed();  // Events went into the core.
  void Flush();
  void SetWake(Time local);
  void StartWrite();
  void WriteDone();
  void WriteFailed();
  void KeepPrefix();
  Status ToDisk(const log::LogWrite& write);
  // False: the disk is corrupt, and the process must end.
  [[nodiscard]] bool LoadMachine(const log::SnapshotMeta& meta);
  void TakeCommitted(std::vector<log::EntryPtr> entries);
  void ApplyNext();
  void Apply(const log::EntryPtr& entry);
  [[nodiscard]] Result<log::Index> Propose(const Op& op, std::optional<log::Term> term);
  void CheckView();
  void Answer(const log::RaftEffects::ReadAnswer& answer);
  void AnswerWaiting();
  void ReadPiece(const log::RaftEffects::ReadPiece& piece);
  void MaybeSnapshot();
  [[nodiscard]] bool SendsSnapshot() const;
  void WritePieces(const log::SnapshotMeta& meta, std::vector<std::string> pieces, uint32_t number);
  void JoinLoop();
  void Trace(const log::RaftEffects& effects);

  World* world_;
  LogNetwork* network_;
  Checkers* checkers_;
  const int slot_;
  AskToJoin ask_to_join_;

  SimDisk disk_;
  uint64_t disk_number_ = 0;
  Time disk_full_until_, paused_until_;
  SimClock clock_;
  uint64_t life_ = 0;  // Of processes: events of earlier ones are void.

  // While up.
  std::unique_ptr<log::RaftCore> core_;
  std::unique_ptr<KvMachine> machine_;
  bool flush_due_ = false;
  uint64_t wake_ = 0;
  Time wake_at_;
  std::vector<Queued> queue_, writing_;
  std::deque<log::EntryPtr> to_apply_;  // Committed.
  std::map<log::Index, Proposal> proposals_;
  std::map<uint64_t, Reading> reads_;                 // Asked for.
  std::multimap<log::Index, Reading> reads_waiting_;  // Until that index is applied.
  uint64_t next_read_ = 0;
  log::Index snapshot_index_ = 0;
  uint64_t snapshotting_ = 0;  // Number of the snapshot that is being written; 0: none.
  uint64_t snapshots_ = 0;
};

}  // namespace meseta::logsim
