// LeadershipActor: carries LeadershipCore. Begins and ends the terms of this master's leadership,
// publishes who leads, and speaks for the master to agents while it does not.
//
// On a thread of its own that may block: loading the registry and joining a term's actors take time,
// and neither the replica nor requests wait for it. Agents' messages that come while a term opens are
// kept and handed to it, so that a take-over costs no agent a second try; on a standby they are
// answered NotLeading, which also goes to every agents' link whenever the leader changes.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "actors/runtime/core_shell.h"
#include "actors/runtime/reply.h"
#include "master/leadership/leader_term.h"
#include "state/leadership/leadership_core.h"
#include "master/leadership/registry_follower.h"

namespace meseta::master {

using leadership::LeadershipCore;
using leadership::LogRole;

// The store is open; before that, roles are only remembered.
struct StoreOpened {
  store::Store* store = nullptr;
};
struct RoleChanged {
  LogRole role;
};
// The barrier of this attempt is durable and applied as this version, or failed.
struct TermOpened {
  uint64_t attempt = 0;
  Status outcome;
  store::Version version = 0;
};
// A change of the store, for the follower of this epoch.
struct StoreChanged {
  uint64_t epoch = 0;
  store::WatchEvent event;
};
struct TermFailed {
  uint64_t attempt = 0;
  std::string why;
};
// Answered once this master leads.
struct AwaitTerm {
  runtime::Reply<runtime::Done> reply;
};
using LeadershipEvent = std::variant<StoreOpened, RoleChanged, TermOpened, TermFailed, StoreChanged,
                                     AwaitTerm, AgentLinkUp, AgentLinkDown, AgentMessagesArrived>;
using LeadershipSelf = runtime::Published<runtime::CoreRef<LeadershipEvent>>;

struct LeadershipOutlets {
  TermContext term;  // Without store, record of the term, and `failed`.
  MasterRecord record;
  std::function<std::string()> new_uuid;
  std::string url;
  std::shared_ptr<PublishedLeadership> published;
  // The newest term, for metrics and health; null on a standby.
  std::shared_ptr<runtime::Published<LeaderTerm>> present;
  // Set before StoreOpened.
  std::shared_ptr<const LeadershipSelf> self;
};

class LeadershipActor : public runtime::Core<LeadershipEvent> {
 public:
  // Batches of agents' messages kept while a term opens; each is of one socket read.
  static constexpr size_t kMaxHeld = 100'000;

  // How long a term that opens waits for the follower to catch up with its barrier.
  static constexpr Duration kMaxFollow = Duration::Millis(200);

  explicit LeadershipActor(LeadershipOutlets outlets);
  ~LeadershipActor() override;
  void Turn(std::vector<LeadershipEvent>& events, runtime::TurnContext& turn) override;

 private:
  void Handle(StoreOpened& event, Time now);
  void Handle(RoleChanged& event, Time now);
  void Handle(TermOpened& event, Time now);
  void Handle(TermFailed& event, Time now);
  void Handle(StoreChanged& event, Time now);
  void Handle(AwaitTerm& event, Time now);
  void Handle(AgentLinkUp& event, Time now);
  void Handle(AgentLinkDown& event, Time now);
  void Handle(AgentMessagesArrived& event, Time now);

  void Perform(LeadershipCore::Effects effects, Time now);
  void StartFollowing();
  void StopFollowing();
  // Hands the barrier's outcome on, once the follower has come up to it.
  void MaybeOpen(Time now);
  Result<registry::RegistryState> TakeRegistry();
  void WriteBarrier(uint64_t term);
  void Build(uint64_t term, Time now);
  void EndTerm();
  void HandOver();
  void Publish();
  void AnswerNotLeading(const AgentMessagesArrived& batch);
  void TellNotLeading(net::LinkId link, std::string to);
  void DropHeld();

  const LeadershipOutlets outlets_;
  const std::shared_ptr<metrics::Timer> fetch_time_;  // registrar/state_fetch
  LeadershipCore core_{"master"};
  store::Store* store_ = nullptr;
  std::optional<LogRole> early_role_;
  std::shared_ptr<LeaderTerm> term_;
  RegistryFollower follower_;              // On a standby.
  std::optional<store::WatchId> watch_;    // Its.
  uint64_t follow_epoch_ = 0;
  std::optional<TermOpened> opened_;       // Not yet handed on.
  Time opened_at_;
  std::map<net::LinkId, net::LinkPeer> links_;  // Of agents, that are up.
  std::vector<AgentMessagesArrived> held_;      // While a term opens.
  std::vector<runtime::Reply<runtime::Done>> waiting_;  // For a term.
  std::optional<Time> wake_at_;
};

}  // namespace meseta::master
