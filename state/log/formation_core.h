// FormationCore: how a replica comes to be a member, before there is a RaftCore: forming a cluster
// with its peers, or joining one.
//
//   new disk, no peers ----------------------------------------------> ready (a cluster of one)
//   new disk, peers without a cluster -> forming -> agreeing ---------> ready
//   new disk, a peer that has one -----> joining (the leader adds it) -> ready
//   old disk ---------------------------------------------------------> ready
//
// Forming: every replica draws a member id, says hello to all peers, and waits until all of them
// have answered, none has a cluster, and all were started with the same peers. The one whose address
// is the least then makes the genesis (cluster id and first configuration), writes it and shows it;
// the others write it too. No replica takes part before it knows that all have written it: so a
// cluster has one genesis, whoever dies meanwhile. A disk that replaces a corrupt one never forms.
//
// Pure; on the replica's thread. Failure modes: what cannot go on is a sentence in problem(), and
// is tried again; refused() is set when this disk belongs elsewhere: the daemon has to end.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "actors/base/time.h"
#include "state/log/types.h"

namespace meseta::log {

inline constexpr uint32_t kLogFormat = 1;

struct FormationOptions {
  std::string group;
  std::string address;             // host:port of this daemon.
  std::vector<std::string> peers;  // With or without our own address.
  // A disk with a cluster of one waits so long for the named peers to tell of another cluster.
  Duration check_limit = Duration::Millis(1500);
  Duration hello_every = Duration::Millis(300);  // While not ready.
};

// What the disk says at the start.
struct FormationDisk {
  internal::LogIdentity identity;  // member_id 0: new.
  Configuration configuration;     // The newest; empty: none.
  bool has_history = false;        // More than a genesis was ever written.
};

// Drawn by the shell.
struct FormationIds {
  MemberId member = 0;
  std::string cluster;  // A uuid, used only if this replica makes the genesis.
};

struct FormationEffects {
  struct Hello {
    std::string to;  // Address.
    internal::LogHello hello;
  };
  struct Join {
    std::string to;
    internal::LogJoin join;
  };
  // To be durable before anything below leaves; then Persisted().
  std::optional<internal::LogIdentity> write_identity;
  // Comes with an identity: the genesis to be written with it (RaftCore::Bootstrap).
  std::optional<Configuration> write_genesis;
  std::vector<Hello> hellos;
  std::vector<Join> joins;
  std::vector<std::string> log;  // Sentences for the operator.
  std::optional<Time> wake_at;
};

class FormationCore {
 public:
  // Peers are bounded: beyond, the flag is refused by the shell.
  static constexpr size_t kMaxPeers = 31;

  FormationCore(FormationOptions options, FormationDisk disk, FormationIds ids, Time now);

  void HandleHello(const internal::LogHello& hello, Time now);
  void HandleJoinAnswer(const internal::LogJoinAnswer& answer, Time now);
  // A member of our cluster speaks about consensus: the cluster has formed.
  void HandleConsensus(const std::string& cluster_id, Time now);
  void Persisted(Time now);
  void Tick(Time now);
  [[nodiscard]] FormationEffects TakeEffects();

  // The replica may start its RaftCore.
  [[nodiscard]] bool ready() const { return phase_ == Phase::kReady; }
  // Why this daemon must end.
  [[nodiscard]] const std::optional<std::string>& refused() const { return refused_; }
  // "forming", "joining", "member".
  [[nodiscard]] std::string state() const;
  // What it waits for, as a sentence; empty when ready.
  [[nodiscard]] std::string problem() const;
  [[nodiscard]] const internal::LogIdentity& identity() const { return identity_; }

  // Ready replicas: an answer to a hello; `leader` is the address that this replica follows.
  [[nodiscard]] internal::LogHello MyHello(const std::string& leader) const;
  // Ready replicas: a named peer belongs to another cluster, which has a leader, and we have none.
  void HandleForeign(const internal::LogHello& hello, bool has_leader);

 private:
  enum class Phase { kForming, kJoining, kAgreeing, kChecking, kReady };

  void WriteIdentity();
  void WriteGenesis(const std::string& cluster_id, Configuration genesis);
  void SayHello(Time now);
  void AskToJoin(Time now);
  void OnForming(const internal::LogHello& hello, Time now);
  void OnKnownCluster(const internal::LogHello& hello, Time now);
  void OnAgreeing(const internal::LogHello& hello);
  void OnChecking(const internal::LogHello& hello);
  void MaybeMakeGenesis();
  [[nodiscard]] std::vector<std::string> Others() const;
  [[nodiscard]] std::string MissingPeers(const std::set<std::string>& seen) const;
  void Log(std::string sentence) { effects_.log.push_back(std::move(sentence)); }

  const FormationOptions options_;
  const std::vector<std::string> peers_;  // Sorted, each once.
  const std::string drawn_cluster_;
  internal::LogIdentity identity_;
  Configuration genesis_;
  Phase phase_ = Phase::kForming;
  Time started_;
  Time next_hello_;
  std::string problem_;
  std::optional<std::string> refused_;
  std::map<std::string, internal::LogHello> heard_;  // Latest of each named peer.
  std::set<std::string> agreed_;                     // Members that have written the genesis.
  std::string join_at_;                              // The leader, when one was named.
  bool writing_ = false;                             // Until Persisted().
  bool ready_after_write_ = false;
  FormationEffects effects_;
};

}  // namespace meseta::log
