// Replica: one member of one replicated group in this process: the thin shell around RaftCore.
//
// Owns the core (on a thread of its own), the disk's writer (one thread: everything queued shares one
// sync), the links to the other members, the state machine's turns, and the forming or joining of the
// cluster before there is a core. Two daemons' replicas meet under the actor name of their group.
//
// Life: forming (asks the peers) or joining (asks the leader) -> member. A disk that is corrupt is
// set aside (renamed, kept for inspection) when there are peers to rejoin; without peers the replica
// does not start, and says how to restore.
//
// Thread: any thread may call; callbacks come on the replica's thread and only hand on. Failure
// modes: when the disk fails, the replica stops taking part, says so (status().problem, on_role with
// no leadership), and keeps trying to open it anew.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/base/status.h"
#include "actors/metrics/registry.h"
#include "actors/net/transport.h"
#include "actors/runtime/actor_system.h"
#include "actors/runtime/reply.h"
#include "state/log/raft_core.h"
#include "state/log/state_machine.h"
#include "state/log/storage.h"

namespace meseta::log {

// What the daemon around a replica acts on. Leading begins when everything committed before is
// applied here, and ends at the latest with the lease.
struct RoleChange {
  bool leading = false;
  Term term = 0;
  std::optional<std::string> leader;  // host:port of the leader, when known; ours when leading.
  std::string waits_for;              // Neither: a sentence why there is no leader.
};

struct ReplicaOptions {
  std::string group = "registry";   // Also its actor's name: "replica" for the registry's.
  std::string directory;            // Of its LevelDB; created.
  std::string address;              // host:port of this daemon.
  std::vector<std::string> peers;   // --peers, with or without our own; empty: a cluster of one.
  std::vector<net::PeerRole> peer_roles = {net::PeerRole::kMaster};  // Of the other members' daemons.
  RaftOptions raft;
  Duration sync_padding;  // Benchmarks only: each sync takes at least so long.
  size_t snapshot_every_bytes = 64 << 20;  // Of log since the last one, or of the state if larger.
  size_t keep_entries = 10'000;            // Behind a snapshot, for followers that lag a little.
  size_t max_log_bytes = 256 << 20;        // Commands are refused while the log is larger.
  std::function<void(const RoleChange&)> on_role;
  // The disk belongs to another cluster, which a new start does not change: a sentence. Unset: the
  // same as every other reason to end.
  std::function<void(const std::string&)> on_refused;
};

// What a command came to.
struct Applied {
  Index index = 0;
  std::string result;  // StateMachine::Apply's.
};

struct ReplicaStatus {
  std::string group;
  std::string cluster_id;
  MemberId member = 0;
  std::string state;            // "forming", "joining", "member", "failed".
  std::string problem;          // A sentence, when something keeps it from taking part.
  RaftStatus raft;
  Index applied = 0;
  std::vector<std::string> addresses_up;  // Links that are up.
};

class Replica {
 public:
  // Opens the disk and starts. `machine` outlives the replica. kDataLoss, kFailedPrecondition (a
  // disk of another cluster or group) and kUnavailable come with the way out.
  static Result<std::unique_ptr<Replica>> Start(ReplicaOptions options, runtime::ActorSystem& system,
                                                net::Transport& transport, StateMachine* machine,
                                                metrics::Registry* metrics);
  ~Replica();  // Stop()s.
  void Stop();

  // Answered once applied here. Unavailable: this replica does not lead (`term` set: not in that
  // term), nothing happened. DeadlineExceeded: the outcome is unknown (leadership was lost meanwhile).
  void Propose(std::string command, std::optional<Term> term, runtime::Reply<Applied> reply);
  // Answered once everything that was committed when it was asked is applied here.
  void ReadBarrier(runtime::Reply<Index> reply);
  void Change(MemberChange change, runtime::Reply<runtime::Done> reply);
  void Transfer(std::optional<MemberId> to, runtime::Reply<runtime::Done> reply);

  [[nodiscard]] std::shared_ptr<const ReplicaStatus> status() const;
  // While Time is before this, this replica leads; Time() when it does not. Lock-free.
  [[nodiscard]] Time leads_until() const;
  // The same, in this term only: what everything that acts for a term has to ask.
  [[nodiscard]] Time leads_until(Term term) const;

 private:
  struct State;
  explicit Replica(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace meseta::log
