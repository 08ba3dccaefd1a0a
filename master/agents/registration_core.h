// Decides how agents come: registration, re-registration, what is theirs of the tasks they bring,
// and what they have to be told.
//
// What changes the registry waits for the disk as a Transition; until then the agent stays where it
// was and a further message of it waits (the newest replaces an older one). Registration is
// idempotent by registration_id, so an agent that never heard the answer just asks again.
//
// Failure modes: a message that makes no sense is refused with a sentence; an agent that is gone is
// refused with shutdown=true.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "actors/base/ids.h"
#include "actors/base/time.h"
#include "actors/messages/internal/agent.pb.h"
#include "master/core/core_state.h"

namespace meseta::master {

class AgentCore {
 public:
  explicit AgentCore(CoreState* core)
      : core_(core), limiter_(core->options.agent_removal_rate_limit) {}

  // Agents of the registry, at the start of the term.
  void Recover(Now now);

  void HandleRegister(LinkId link, internal::RegisterAgent message, Now now);
  void HandleReregister(LinkId link, internal::ReregisterAgent message, Now now);
  void HandleUnregister(LinkId link, const internal::UnregisterAgent& message, Now now);
  void HandleLinkDown(LinkId link, Now now);
  // An operator declares the agent gone; answered by a Reply.
  void HandleMarkGone(ReplyId reply, const AgentId& id, Now now);
  // Registry operations up to this number are durable.
  void HandleDurable(uint64_t number, Now now);

  void HandleUnreachableTimer(const AgentId& id, Now now);
  void HandleRecoveredTimer(Now now);
  void HandleRemovalTimer(Now now);
  void HandleGcTimer(Now now);

 private:
  enum class Kind { kAdmit, kReregister, kUnreachable, kGone, kRemove, kPrune };
  // A change of the registry that is on its way to the disk, and what follows it.
  struct Transition {
    Kind kind = Kind::kAdmit;
    AgentId id;
    std::optional<LinkId> link;          // Of the message; none: it went down meanwhile.
    internal::RegisterAgent registered;  // kAdmit
    internal::ReregisterAgent returned;  // kReregister
    std::string cause;                   // kUnreachable, kRemove: a sentence for the frameworks.
    WallTime at;                         // kUnreachable, kGone
    ReplyId reply = 0;                   // kGone
    std::vector<AgentId> pruned;         // kPrune
    std::vector<FrameworkId> pruned_frameworks;
  };
  struct Waiting {
    LinkId link = 0;
    internal::ReregisterAgent message;
  };

  // Submits the operation; the transition follows once it is durable. Nothing: it was refused
  // (warned).
  bool Start(const registry::RegistryOp& op, Transition transition);
  void Finish(Transition transition, Now now);
  [[nodiscard]] Transition* Pending(const AgentId& id);
  void SetLink(uint64_t number, Transition* transition, LinkId link);
  void Refuse(LinkId link, const std::string& reason, bool shutdown);
  void RemoveOldAt(const std::string& pid, const std::string& registration_id);
  // As soon as the rate limit permits.
  void ScheduleUnreachable(const AgentId& id, const std::string& cause, Now now);
  void CancelUnreachable(const AgentId& id);
  void MarkUnreachable(const AgentId& id, const std::string& cause, Now now);

  void FinishAdmit(Transition* transition, Now now);
  void FinishReregister(Transition* transition, Now now);
  void FinishUnreachable(const Transition& transition, Now now);
  void FinishGone(const Transition& transition, Now now);
  void FinishRemove(const Transition& transition, Now now);
  void FinishPrune(const Transition& transition);

  // The agent is back on `link` (none: it went away again while the disk was busy).
  // Takes the tasks out of the message.
  void Return(std::optional<LinkId> link, internal::ReregisterAgent* message, Now now);
  Agent* Known(Agent* agent, const internal::ReregisterAgent& message, Now now);
  Agent* Unknown(const internal::ReregisterAgent& message, Now now);
  // Deactivated and drained by the registry's word.
  void ApplyRecord(Agent* agent);
  // A task that its framework launched again elsewhere while this agent was away.
  void KillDuplicate(const Agent& agent, const v1::Task& task);
  void AdoptTasks(Agent* agent, internal::ReregisterAgent* message, bool known,
                  const std::string& news, Now now);
  void Greet(const Agent& agent);
  void ReconcileWith(Agent* agent, const internal::ReregisterAgent& message);
  void ResendOrders(Agent* agent, const internal::ReregisterAgent& message);
  void Connect(Agent* agent, std::optional<LinkId> link, Now now);
  void Disconnect(Agent* agent, Now now);
  // Out of the tables, after its tasks.
  void Drop(const AgentId& id);

  CoreState* core_;
  std::map<uint64_t, Transition> transitions_;  // By the number they wait for.
  std::map<AgentId, uint64_t> pending_;         // At most one per agent.
  std::map<std::string, uint64_t> admitting_;   // By registration id.
  std::map<AgentId, Waiting> waiting_;
  // By the channel of their message; thousands end with one link.
  std::set<std::pair<LinkId, uint64_t>> transitions_on_;
  std::set<std::pair<LinkId, AgentId>> waiting_on_;
  RemovalLimiter limiter_;
  std::map<AgentId, std::string> removals_;  // Waiting for a permit: the cause.
  std::deque<AgentId> removal_order_;        // May name agents that came back.
  size_t recovered_at_start_ = 0;
};

}  // namespace meseta::master
