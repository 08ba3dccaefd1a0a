// Decides about scheduler sessions, whatever carries them (v1 stream, driver messages, a link): who
// may subscribe, what a break of the stream means, and when a framework is over.
//
// A session is named by a StreamId that the shell draws (the Mesos-Stream-Id of an HTTP stream). A
// framework has at most one; a new subscription takes over from the old one. A framework whose
// session broke keeps its tasks for failover_timeout seconds.
//
// Frameworks are in the registry: SUBSCRIBED is said once the record is durable, a framework ends
// once its removal is, and then its id is never welcome again, by whatever master. The next leader
// knows them all as recovered; the time that each has to return runs anew in every term:
// failover_timeout, at least kMinReturn; without a failover_timeout agent_reregister_timeout, for a
// change of the leader is nothing that such a framework did. Removed ids are remembered for
// registry_max_framework_age, at most registry_max_framework_count of them.
//
// A framework whose schedulers elect a leader among themselves shows that leader's term with its
// SUBSCRIBE. The highest one is in the registry, and a lower one is refused for good: a leader that was
// paused must not take the framework from its successor. Without a term nothing is compared.
//
// Failure modes: a refused subscription is an ERROR event and the end of the stream, as in Mesos.
#pragma once

#include <optional>
#include <string>

#include "actors/base/status.h"
#include "actors/base/time.h"
#include "actors/messages/v1.h"
#include "master/core/core_state.h"

namespace meseta::master {

// For frameworks to find a new leader, however short their failover_timeout is.
inline constexpr Duration kMinReturn = Duration::Seconds(10);

// Frameworks of the registry, at the start of the term.
void RecoverFrameworks(CoreState* core, Now now);
// Registry operations up to this number are durable.
void HandleFrameworksDurable(CoreState* core, uint64_t number, Now now);

// REQUIRES: work.session.
void HandleSubscribe(CoreState* core, FrameworkWrites::Subscribe work, Now now);
void HandleSessionClosed(CoreState* core, const StreamId& session, Now now);
// May this call of this session reach the framework? Nothing: yes.
[[nodiscard]] std::optional<CallResult> RefuseCall(const CoreState& core, const StreamId& session,
                                                   const v1::scheduler::Call& call,
                                                   const std::optional<std::string>& principal);

// Answered by the reply, now or once it is durable.
void HandleUpdateFramework(CoreState* core, const FrameworkId& id, ReplyId reply,
                           const v1::scheduler::Call::UpdateFramework& call, Now now);
void HandleRevive(CoreState* core, Framework* framework, const v1::scheduler::Call::Revive& call);
void HandleSuppress(CoreState* core, Framework* framework,
                    const v1::scheduler::Call::Suppress& call);

// A framework that an agent brought along; nothing when it is known or removed.
void AdoptFramework(CoreState* core, const v1::FrameworkInfo& info, Now now);
// Once that is durable: ends its tasks, takes its offers back, closes its session, tells its agents,
// gives the answer. The framework itself is told from then on that it does not exist.
void RemoveFramework(CoreState* core, const FrameworkId& id, FrameworkWrites::Answer answer,
                     Now now);

void HandleFailoverTimer(CoreState* core, const FrameworkId& id, Now now);
void HandleHeartbeatTimer(CoreState* core, const FrameworkId& id, Now now);

// FAILURE to every connected framework.
void TellAgentLost(CoreState* core, const AgentId& agent);

}  // namespace meseta::master
