// ReplicaActor: carries the cores of one replica (replica.h): hands their effects to the disk, the
// links and the state machine, and what comes back to them.
//
// Thread: the replica's own. Everything that blocks is the disk worker's.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "actors/base/rng.h"
#include "actors/metrics/metrics.h"
#include "actors/net/transport.h"
#include "actors/runtime/core_shell.h"
#include "actors/runtime/published.h"
#include "actors/runtime/reply.h"
#include "state/log/disk_worker.h"
#include "state/log/formation_core.h"
#include "state/log/peer_links.h"
#include "state/log/raft_core.h"
#include "state/log/replica.h"
#include "state/log/term_lease.h"

namespace meseta::log {

// The actor can be reached, by its disk and by its peers: it may use them.
struct Begin {};
struct ProposeRequest {
  std::string command;
  std::optional<Term> term;
  runtime::Reply<Applied> reply;
};
struct BarrierRequest {
  runtime::Reply<Index> reply;
};
struct ChangeRequest {
  MemberChange change;
  runtime::Reply<runtime::Done> reply;
};
struct TransferRequest {
  std::optional<MemberId> to;
  runtime::Reply<runtime::Done> reply;
};
struct PeerUp {
  LinkId link = 0;
  std::string address;
  bool dialed = false;
};
struct PeerDown {
  LinkId link = 0;
};
using PeerMessage =
    std::variant<Message, internal::LogHello, internal::LogJoin, internal::LogJoinAnswer>;
struct PeerMessages {
  LinkId link = 0;
  std::vector<PeerMessage> messages;
};
struct Written {
  uint64_t number = 0;
  Status status;
};
struct PieceArrived {
  uint64_t asked = 0;
  Result<std::string> data;
};
struct SnapshotMade {
  SnapshotMeta meta;
  Status status;
};
struct SnapshotLoaded {
  SnapshotMeta meta;
  std::unique_ptr<SnapshotSink> sink;
  Status status;
};
struct DiskReopened {
  Result<Recovered> recovered;
};
using ReplicaEvent =
    std::variant<Begin, ProposeRequest, BarrierRequest, ChangeRequest, TransferRequest, PeerUp, PeerDown,
                 PeerMessages, Written, PieceArrived, SnapshotMade, SnapshotLoaded, DiskReopened>;

// What the actor acts on; all of it outlives the actor.
struct ReplicaOutlets {
  net::Transport* transport = nullptr;
  DiskWorker* disk = nullptr;
  StateMachine* machine = nullptr;
  TermLease* lease = nullptr;
  runtime::Published<ReplicaStatus>* status = nullptr;
  std::shared_ptr<metrics::Timer> commit_time;
  std::function<void(const std::string&)> fatal;  // The daemon must end, and why.
};

class ReplicaActor : public runtime::Core<ReplicaEvent> {
 public:
  // Requests (proposals, reads) that wait; the log's own bounds are tighter.
  static constexpr size_t kMaxWaitingRequests = 1'000'000;
  // The disk is tried again after a failure: first, and at most.
  static constexpr Duration kReopenMin = Duration::Seconds(1);
  static constexpr Duration kReopenMax = Duration::Seconds(30);

  // `recovered`: as loaded. The machine is empty.
  ReplicaActor(ReplicaOptions options, ReplicaOutlets outlets, Recovered recovered, Rng rng, Time now);
  ~ReplicaActor() override;

  void Turn(std::vector<ReplicaEvent>& events, runtime::TurnContext& turn) override;

 private:
  // A proposed entry and who waits for it.
  struct Proposal {
    Term term = 0;
    Time proposed;
    std::function<void(Result<Applied>)> answer;
  };

  void Handle(Begin& event, Time now);
  void Handle(ProposeRequest& request, Time now);
  void Handle(BarrierRequest& request, Time now);
  void Handle(ChangeRequest& request, Time now);
  void Handle(TransferRequest& request, Time now);
  void Handle(PeerUp& event, Time now);
  void Handle(PeerDown& event, Time now);
  void Handle(PeerMessages& event, Time now);
  void Handle(Written& event, Time now);
  void Handle(PieceArrived& event, Time now);
  void Handle(SnapshotMade& event, Time now);
  void Handle(SnapshotLoaded& event, Time now);
  void Handle(DiskReopened& event, Time now);

  void On(LinkId link, Message& message, Time now);
  void On(LinkId link, internal::LogHello& hello, Time now);
  void On(LinkId link, internal::LogJoin& join, Time now);
  void On(LinkId link, internal::LogJoinAnswer& answer, Time now);

  // Forming and joining.
  void StartFormation(Time now);
  void PerformFormation(Time now);
  void MaybeMakeCore(Time now);

  // Effects of the core.
  void PerformCore(Time now);
  void AnswerReads(std::vector<RaftEffects::ReadAnswer>& reads);
  void ApplyPending(Time now);
  void LoadSnapshot(const SnapshotMeta& meta);
  void MaybeSnapshot();
  [[nodiscard]] bool SendsSnapshot() const;  // To a follower that lags far behind.
  void Fail(const Status& status, Time now);
  void FailRequests(const Status& status);
  void Await(Result<Index> index, Time now, std::function<void(Result<Applied>)> answer);

  // Links.
  void DialMembers();
  template <class M>
  void SendOn(std::optional<LinkId> link, const M& message);
  void SendToMember(const Message& message);

  // What others see.
  void AnnounceRole(Time now);
  void PublishStatus(Time now);
  [[nodiscard]] std::optional<std::string> AddressOf(MemberId member) const;
  [[nodiscard]] std::string LeaderAddress() const;
  [[nodiscard]] std::string WaitsFor() const;
  [[nodiscard]] Status NotLeading() const;
  void RefreshConfiguration();
  void TellRefusal();  // Once.
  // As leader, corrects our own address in the configuration: this disk was elsewhere before.
  void MoveSelf(Time now);
  void Arrange(runtime::TurnContext& turn, Time now);

  const ReplicaOptions options_;
  const ReplicaOutlets outlets_;
  const std::string actor_;  // Its name at every member.
  const Rules rules_;
  Rng rng_;

  Recovered recovered_;  // Until there is a core.
  std::unique_ptr<FormationCore> formation_;
  std::unique_ptr<RaftCore> core_;
  uint64_t written_ = 0;           // Number of the newest LogWrite.
  uint64_t formation_write_ = 0;   // The one formation waits for; 0: none.
  bool begun_ = false;
  bool reload_ = false;            // Formation wrote the disk: load it before there is a core.
  bool reloading_ = false;         // That load is under way.
  std::string problem_;            // Of the disk.
  std::optional<Time> reopen_at_;
  Duration reopen_backoff_ = kReopenMin;
  std::optional<Time> core_wake_;
  std::optional<Time> formation_wake_;

  Index applied_ = 0;
  std::deque<EntryPtr> pending_;   // Committed, to be applied.
  std::optional<Index> loading_;   // The snapshot that is on its way into the machine.
  uint64_t log_bytes_ = 0;         // Applied since the snapshot in the making, or the last one.
  uint64_t snapshot_bytes_ = 0;    // Of the last one.
  bool making_snapshot_ = false;

  std::map<Index, Proposal> proposals_;
  std::multimap<Index, runtime::Reply<Index>> barriers_;       // Answered when applied.
  std::map<uint64_t, runtime::Reply<Index>> reads_;            // Until the core answers.
  uint64_t next_read_ = 0;
  std::map<uint64_t, RaftEffects::ReadPiece> pieces_asked_;
  uint64_t next_piece_ = 0;

  PeerLinks links_;
  std::set<std::string> dialed_;
  Configuration configuration_;    // As last seen in the core.
  Index configuration_index_ = 0;

  RoleChange role_;
  bool announced_ = false;
  bool refusal_told_ = false;
  std::string waits_told_;         // What forming waits for, as last logged.
  Time published_at_;
  bool publish_ = true;
};

}  // namespace meseta::log
