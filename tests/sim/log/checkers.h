// Checkers: what the replicated log promises, checked after every step of every replica. Each check
// looks at what is new only.
//
//   election safety       one leader per term (by role and by who sends appends)
//   vote                  one per member and term, of those that reached its disk
//   log matching          entries of one index and term are the same everywhere, and so are the
//   ones
//                         before them
//   leader completeness   who becomes leader has everything that was committed in earlier terms
//   state machine safety  the same entry at an index everywhere; the same state after it
//   commit                goes forward by one entry at a time, and what a replica knows to be
//   committed
//                         leaves its log only for a snapshot
//   leases                never two at a time, and none while a newer leader is elected
//   promises              a vote or acknowledgement that leaves is on the disk; what is committed
//   is on
//                         the disks of a majority (LogSimOptions::check_promises)
//
// Linearizability and liveness are the simulation's business (simulation.h).
#pragma once

#include <array>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "state/log/raft_core.h"
#include "tests/sim/log/clock.h"
#include "tests/sim/log/sim_disk.h"
#include "tests/sim/log/world.h"

namespace meseta::logsim {

// A running replica, as a checker sees it. What it points to lives until Stopped().
struct ReplicaView {
  int slot = 0;
  log::MemberId id = 0;
  const log::RaftCore* core = nullptr;
  const SimDisk* disk = nullptr;
  const SimClock* clock = nullptr;
};

class Checkers {
 public:
  explicit Checkers(World* world) : world_(world) {}

  void Booted(const ReplicaView& view, const log::Recovered& recovered);
  void Stopped(int slot);
  // Before the core steps through this message: where its log contradicts it, if it does.
  [[nodiscard]] static std::optional<log::Index> Contradicts(const log::RaftCore& core,
                                                             const log::Message& message);
  // After that: what it has cut off there, it did for this leader. Of a turn with messages of
  // several terms, the writes alone do not tell.
  void Stepped(const ReplicaView& view, const log::Message& message, log::Index contradicted);
  // After TakeEffects.
  void Took(const ReplicaView& view, const log::RaftEffects& effects);
  // This has reached a disk.
  void Wrote(log::MemberId id, const log::LogWrite& write);
  // The state machine of this replica is at `index` now.
  void State(int slot, log::Index index, uint64_t hash);

  // Up to here some replica has known entries to be committed.
  [[nodiscard]] log::Index committed() const { return committed_.size() + 1; }
  // The configuration committed last, and all that were proposed after it: one of them is in force.
  [[nodiscard]] std::vector<const log::Configuration*> PossibleConfigurations() const;
  void Genesis(const log::Configuration& configuration) { configurations_[{1, 1}] = configuration; }

 private:
  // The terms of a running replica's log, as its writes tell.
  struct Shadow {
    ReplicaView view;
    log::Index base = 0;  // `terms` begin behind it.
    log::Term base_term = 0;
    std::vector<log::Term> terms;
    log::Index delivered = 0;       // Committed, as this process knows.
    log::Term leader_of = 0;        // The newest term that it was seen to lead.
    std::deque<log::Term> cut_for;  // Leaders' terms, one for each truncation of this turn.

    [[nodiscard]] log::Index last() const { return base + terms.size(); }
    [[nodiscard]] std::optional<log::Term> TermAt(log::Index index) const;
  };
  // All that was ever appended at one index.
  struct Known {
    log::EntryPtr entry;
    log::Term previous = 0;
  };

  void CheckWrite(Shadow* shadow, const log::LogWrite& write);
  void CheckAppended(Shadow* shadow, const log::EntryPtr& entry);
  void CheckTruncated(const Shadow& shadow, log::Index after, log::Term leader);
  void CheckSent(const Shadow& shadow, const log::Message& message);
  void CheckPromise(const Shadow& shadow, const log::Message& message);
  void CheckCommitted(Shadow* shadow, const log::EntryPtr& entry);
  void CheckDurable(const Shadow& shadow, const log::Entry& entry);
  void CheckLeader(Shadow* shadow);
  void CheckComplete(const Shadow& shadow);
  void CheckLease(const Shadow& shadow);
  void NoteLeader(log::Term term, log::MemberId id);
  [[nodiscard]] bool HoldsLease(const Shadow& shadow) const;
  void Fail(const std::string& sentence) { world_->Fail(sentence); }

  World* world_;
  std::array<std::optional<Shadow>, kMaxSlots> running_;
  std::array<const SimDisk*, kMaxSlots> disks_ = {};
  std::map<log::Term, log::MemberId> leaders_;
  std::map<std::pair<log::MemberId, log::Term>, log::MemberId> votes_;
  std::vector<std::vector<Known>> appended_;     // By index.
  std::vector<log::EntryPtr> committed_;         // From index 2.
  std::vector<log::Term> committed_in_;          // The term in which that was first known.
  std::vector<std::optional<uint64_t>> states_;  // By index.
  std::map<std::pair<log::Index, log::Term>, log::Configuration> configurations_;
  log::Index committed_configuration_ = 1;
};

}  // namespace meseta::logsim
