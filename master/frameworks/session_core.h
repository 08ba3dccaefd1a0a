// Decides about scheduler sessions, whatever carries them (v1 stream, driver messages, a link): who
// may subscribe, what a break of the stream means, and when a framework is over.
//
// A session is named by a StreamId that the shell draws (the Mesos-Stream-Id of an HTTP stream). A
// framework has at most one; a new subscription takes over from the old one. A framework whose
// session broke keeps its tasks for failover_timeout seconds. One that agents brought along after a
// restart of the master gets at least agent_reregister_timeout to return, then it is removed as
// well: without that its tasks would run for ever.
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

void HandleSubscribe(CoreState* core, const StreamId& session,
                     const v1::scheduler::Call::Subscribe& call, Now now);
void HandleSessionClosed(CoreState* core, const StreamId& session, Now now);
// May this call of this session reach the framework? Nothing: yes.
[[nodiscard]] std::optional<CallResult> RefuseCall(const CoreState& core, const StreamId& session,
                                                   const v1::scheduler::Call& call,
                                                   const std::optional<std::string>& principal);

[[nodiscard]] CallResult HandleUpdateFramework(CoreState* core, Framework* framework,
                                               const v1::scheduler::Call::UpdateFramework& call);
void HandleRevive(CoreState* core, Framework* framework, const v1::scheduler::Call::Revive& call);
void HandleSuppress(CoreState* core, Framework* framework,
                    const v1::scheduler::Call::Suppress& call);

// A framework that an agent brought along; nothing when it is known or completed.
void AdoptFramework(CoreState* core, const v1::FrameworkInfo& info, Now now);
// Ends its tasks, takes its offers back, closes its session, tells its agents.
void RemoveFramework(CoreState* core, const FrameworkId& id, Now now);

void HandleHeartbeatTimer(CoreState* core, const FrameworkId& id, Now now);

// FAILURE to every connected framework.
void TellAgentLost(CoreState* core, const AgentId& agent);

}  // namespace meseta::master
