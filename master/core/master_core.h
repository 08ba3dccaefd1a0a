// MasterCore: every decision of a leading master, for one term. Events and `now` go in, effects
// come out.
//
// Feed it one event, or several, then take the effects and perform them in this order: persist
// (hand to the registry's writer; Persisted or PersistFailed comes back), view, ledger, to_agents,
// to_sessions, close_sessions, close_links, replies; then arrange the wake-up. Nothing in the
// effects has to wait for the disk: what does is kept inside until Persisted says that it is
// durable.
//
// Owns: agents, frameworks, tasks, offers, the ledger of resources, the registrar's queue.
// Thread: the master core's own. Pure: no clock, randomness (ids count up behind the master's
// uuid), I/O or threads. Failure modes: a failed write of the registry makes it step down: it says
// so in every Effects from then on and does nothing else; a new term starts from what is on disk.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "master/agents/registration_core.h"
#include "master/core/core_state.h"
#include "master/core/effects.h"

namespace meseta::master {

struct SubscribeRequest {
  StreamId session;  // Drawn by the shell for this stream, never used before.
  v1::scheduler::Call::Subscribe call;
  uint64_t framework_term = 0;  // Of a framework that elects its own leader; 0: none was given.
};

struct SchedulerRequest {
  StreamId session;                      // Of the request's header, or of the connection.
  std::optional<std::string> principal;  // As authenticated.
  v1::scheduler::Call call;              // Not SUBSCRIBE; checked by ValidateSchedulerCall.
  ReplyId reply = 0;                     // For an answer that waits for the disk.
};

class MasterCore {
 public:
  // `info.id` is this master's uuid, fresh in each term. `registry` is that of its term.
  MasterCore(const MasterOptions& options, const v1::MasterInfo& info,
             registry::RegistryState registry, Now now);

  void HandleAgent(LinkId link, internal::ToMaster message, Now now);
  void HandleLinkDown(LinkId link, Now now);

  // Answered by events on the session: SUBSCRIBED, or ERROR and the end of it.
  void HandleSubscribe(const SubscribeRequest& request, Now now);
  // No answer: it comes as a Reply, once what was asked for is durable.
  [[nodiscard]] std::optional<CallResult> HandleCall(const SchedulerRequest& request, Now now);
  void HandleSessionClosed(const StreamId& session, Now now);

  // TEARDOWN and MARK_AGENT_GONE; any other type is refused. Answered by one Reply.
  void HandleOperator(ReplyId reply, const v1::master::Call& call, Now now);

  void HandleProposals(const std::vector<Proposal>& proposals, Now now);

  void HandlePersisted(uint64_t number, Now now);
  void HandlePersistFailed(const Status& status);
  // At wake_at or later.
  void Tick(Now now);

  [[nodiscard]] Effects TakeEffects() { return core_.TakeEffects(); }

  // Read-only, for tests and the simulator's checks.
  [[nodiscard]] const CoreState& state() const { return core_; }
  void CheckInvariants() const;

 private:
  std::optional<CallResult> Dispatch(Framework* framework, const SchedulerRequest& request,
                                     Now now);

  CoreState core_;
  AgentCore agents_;
};

// What a scheduler call must bring, with Mesos' sentences (to be prefixed "Failed to validate
// scheduler::Call: "). Needs no state; any thread.
Status ValidateSchedulerCall(const v1::scheduler::Call& call,
                             const std::optional<std::string>& principal);

}  // namespace meseta::master
