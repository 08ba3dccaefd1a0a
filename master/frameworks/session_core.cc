#include "master/frameworks/session_core.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "master/frameworks/framework_validation.h"
#include "master/offers/offer_core.h"
#include "master/tasks/update_core.h"
#include "state/model/roles.h"

namespace meseta::master {
namespace {

using v1::scheduler::Event;

TimerTable::Key HeartbeatKey(const FrameworkId& id) { return {TimerKind::kHeartbeat, id.value()}; }
TimerTable::Key FailoverKey(const FrameworkId& id) {
  return {TimerKind::kFrameworkFailover, id.value()};
}

void Refuse(CoreState* core, const StreamId& session, const std::string& sentence) {
  Event event;
  event.set_type(Event::ERROR);
  event.mutable_error()->set_message(sentence);
  core->Send(session, std::move(event));
  core->CloseSession(session);
}

Status ValidateSubscribe(const CoreState& core, const v1::scheduler::Call::Subscribe& call) {
  const v1::FrameworkInfo& info = call.framework_info();
  RETURN_IF_ERROR(ValidateFrameworkInfo(info, core.options.root_submissions));
  const FrameworkId id(info.id().value());
  if (core.frameworks.IsCompleted(id)) return FailedPrecondition("Framework has been removed");
  const std::set<std::string> roles = RolesOf(info);
  RETURN_IF_ERROR(ValidateSuppressedRoles(
      roles, {call.suppressed_roles().begin(), call.suppressed_roles().end()}));
  RETURN_IF_ERROR(ValidateOfferConstraints(roles, call.offer_constraints()));
  const Framework* known = core.frameworks.Find(id);
  if (known == nullptr) return OkStatus();
  // User and checkpoint are kept as they were, only the principal is a reason to refuse.
  v1::FrameworkInfo kept = info;
  kept.set_user(known->info->user());
  kept.set_checkpoint(known->info->checkpoint());
  return ValidateFrameworkUpdate(*known->info, kept);
}

void SendHeartbeat(CoreState* core, const Framework& framework, Now now) {
  Event event;
  event.set_type(Event::HEARTBEAT);
  core->Send(framework, std::move(event));
  core->timers.Arm(HeartbeatKey(framework.id), now.mono + core->options.heartbeat_interval);
}

void SendSubscribed(CoreState* core, const Framework& framework, Now now) {
  Event event;
  event.set_type(Event::SUBSCRIBED);
  Event::Subscribed* subscribed = event.mutable_subscribed();
  subscribed->mutable_framework_id()->set_value(framework.id.value());
  subscribed->set_heartbeat_interval_seconds(core->options.heartbeat_interval.seconds());
  *subscribed->mutable_master_info() = core->info;
  core->Send(framework, std::move(event));
  SendHeartbeat(core, framework, now);
}

void TellAgents(CoreState* core, const Framework& framework) {
  for (const AgentId& id : core->tasks.AgentsOf(framework.id)) {
    const Agent* agent = core->agents.Find(id);
    if (agent == nullptr) continue;
    internal::ToAgent message;
    *message.mutable_update_framework()->mutable_framework() = *framework.info;
    core->Send(*agent, std::move(message));
  }
}

// Without the session that it had: its offers go back without a word.
void TakeOver(CoreState* core, Framework* framework) {
  if (framework->session) {
    const StreamId old = *framework->session;
    Refuse(core, old, "Framework failed over");
    core->frameworks.SetSession(framework, std::nullopt);
  }
  DiscardOffersOf(core, *framework, false);
}

Framework* AddFramework(CoreState* core, const v1::FrameworkInfo& info, Now now) {
  Framework framework;
  framework.id = FrameworkId(info.id().value());
  framework.registered = now.wall;
  framework.SetInfo(info);
  return core->frameworks.Add(std::move(framework));
}

Framework* Resubscribe(CoreState* core, Framework* framework, v1::FrameworkInfo info, Now now) {
  if (info.user() != framework->info->user() ||
      info.checkpoint() != framework->info->checkpoint()) {
    core->Warn("Framework " + framework->id.value() +
               " subscribed with another user or checkpoint flag; keeping the first ones");
    info.set_user(framework->info->user());
    info.set_checkpoint(framework->info->checkpoint());
  }
  TakeOver(core, framework);
  framework->SetInfo(info);
  if (framework->recovered) {
    framework->recovered = false;
    framework->registered = now.wall;
  }
  framework->reregistered = now.wall;
  return framework;
}

Duration FailoverTimeout(const Framework& framework) {
  return std::max(Duration(), Duration::FromSecondsDouble(framework.info->failover_timeout()));
}

// Each role must be one of the framework's; the sentence says which is not.
Status ValidateCallRoles(const Framework& framework, const std::set<std::string>& roles,
                         const std::string& kind) {
  for (const std::string& role : roles) {
    const Status valid = model::ValidateRole(role);
    if (!valid.ok())
      return InvalidArgument(kind + " role '" + role + "' is invalid: " + valid.message());
    if (!framework.roles.count(role)) {
      return InvalidArgument(kind + " role '" + role +
                             "' is not one of the frameworks's subscribed roles");
    }
  }
  return OkStatus();
}

}  // namespace

void HandleSubscribe(CoreState* core, const StreamId& session,
                     const v1::scheduler::Call::Subscribe& call, Now now) {
  const Status valid = ValidateSubscribe(*core, call);
  if (!valid.ok()) {
    Refuse(core, session, valid.message());
    return;
  }
  v1::FrameworkInfo info = call.framework_info();
  while (info.id().value().empty()) {
    const FrameworkId fresh = core->NextFrameworkId();
    // Frameworks may bring ids of their own, also ones that we would have given next.
    const bool taken = core->frameworks.Find(fresh) != nullptr || core->frameworks.IsCompleted(fresh);
    if (!taken) info.mutable_id()->set_value(fresh.value());
  }
  Framework* framework = core->frameworks.Find(FrameworkId(info.id().value()));
  framework = framework == nullptr ? AddFramework(core, info, now)
                                   : Resubscribe(core, framework, std::move(info), now);
  framework->suppressed_roles = {call.suppressed_roles().begin(), call.suppressed_roles().end()};
  core->frameworks.SetSession(framework, session);
  core->timers.Disarm(FailoverKey(framework->id));
  core->Publish(*framework);
  SendSubscribed(core, *framework, now);
  TellAgents(core, *framework);
  core->TellAllocator(*framework);
}

void HandleSessionClosed(CoreState* core, const StreamId& session, Now now) {
  Framework* framework = core->frameworks.FindBySession(session);
  if (framework == nullptr) return;
  core->frameworks.SetSession(framework, std::nullopt);
  core->timers.Disarm(HeartbeatKey(framework->id));
  DiscardOffersOf(core, *framework, false);
  core->TellAllocator(*framework);
  core->Touch(framework->id);
  const Duration timeout = FailoverTimeout(*framework);
  if (timeout <= Duration()) {
    RemoveFramework(core, framework->id, now);
  } else {
    core->timers.Arm(FailoverKey(framework->id), now.mono + timeout);
  }
}

std::optional<CallResult> RefuseCall(const CoreState& core, const StreamId& session,
                                     const v1::scheduler::Call& call,
                                     const std::optional<std::string>& principal) {
  const Framework* framework = core.frameworks.Find(FrameworkId(call.framework_id().value()));
  if (framework == nullptr) return CallResult{400, "Framework cannot be found"};
  if (principal && framework->info->has_principal() && *principal != framework->info->principal()) {
    return CallResult{400, "Authenticated principal '" + *principal +
                               "' does not match principal '" + framework->info->principal() +
                               "' set in `FrameworkInfo`"};
  }
  if (!framework->connected()) return CallResult{403, "Framework is not subscribed"};
  if (session.empty()) {
    return CallResult{400, "All non-subscribe calls should include the 'Mesos-Stream-Id' header"};
  }
  if (*framework->session != session) {
    return CallResult{400, "The stream ID '" + session.value() +
                               "' included in this request didn't match the stream ID currently "
                               "associated with framework ID " +
                               framework->id.value()};
  }
  return std::nullopt;
}

CallResult HandleUpdateFramework(CoreState* core, Framework* framework,
                                 const v1::scheduler::Call::UpdateFramework& call) {
  const v1::FrameworkInfo& info = call.framework_info();
  const Status valid = ValidateFrameworkInfo(info, core->options.root_submissions);
  if (!valid.ok()) return {400, "Supplied FrameworkInfo is not valid: " + valid.message()};
  const Status update = ValidateFrameworkUpdate(*framework->info, info);
  if (!update.ok()) return {400, "FrameworkInfo update is not valid: " + update.message()};
  const std::set<std::string> roles = RolesOf(info);
  const std::set<std::string> suppressed(call.suppressed_roles().begin(),
                                         call.suppressed_roles().end());
  Status options = ValidateSuppressedRoles(roles, suppressed);
  if (options.ok()) options = ValidateOfferConstraints(roles, call.offer_constraints());
  if (!options.ok()) return {400, "'UpdateFramework' call is not valid: " + options.message()};

  framework->SetInfo(info);
  framework->suppressed_roles = suppressed;
  const std::set<OfferId> offers = framework->offers;
  for (const OfferId& id : offers) {
    if (!roles.count(core->offers.Find(id)->role)) RemoveOffer(core, id, std::nullopt, true);
  }
  core->TellAllocator(*framework);
  core->Touch(framework->id);
  TellAgents(core, *framework);
  return {200, ""};
}

void HandleRevive(CoreState* core, Framework* framework, const v1::scheduler::Call::Revive& call) {
  const std::set<std::string> roles(call.roles().begin(), call.roles().end());
  const Status valid = ValidateCallRoles(*framework, roles, "revive");
  if (!valid.ok()) {
    core->Warn("Dropping REVIVE call from framework " + framework->id.value() + ": " +
               valid.message());
    return;
  }
  for (const std::string& role : roles.empty() ? framework->roles : roles) {
    framework->suppressed_roles.erase(role);
  }
  Revived revived;
  revived.framework = framework->id;
  revived.roles = roles;
  core->ledger.Tell(std::move(revived));
  core->Touch(framework->id);
}

void HandleSuppress(CoreState* core, Framework* framework,
                    const v1::scheduler::Call::Suppress& call) {
  const std::set<std::string> roles(call.roles().begin(), call.roles().end());
  const Status valid = ValidateCallRoles(*framework, roles, "suppression");
  if (!valid.ok()) {
    core->Warn("Dropping SUPPRESS call from framework " + framework->id.value() + ": " +
               valid.message());
    return;
  }
  const std::set<std::string>& suppressed = roles.empty() ? framework->roles : roles;
  framework->suppressed_roles.insert(suppressed.begin(), suppressed.end());
  Suppressed change;
  change.framework = framework->id;
  change.roles = roles;
  core->ledger.Tell(std::move(change));
  core->Touch(framework->id);
}

void AdoptFramework(CoreState* core, const v1::FrameworkInfo& info, Now now) {
  const FrameworkId id(info.id().value());
  if (id.empty() || core->frameworks.IsCompleted(id) || core->frameworks.Find(id) != nullptr)
    return;
  Framework* framework = AddFramework(core, info, now);
  framework->recovered = true;
  const Duration grace =
      std::max(FailoverTimeout(*framework), core->options.agent_reregister_timeout);
  core->timers.Arm(FailoverKey(id), now.mono + grace);
  core->Publish(*framework);
  core->TellAllocator(*framework);
}

void RemoveFramework(CoreState* core, const FrameworkId& id, Now now) {
  Framework* framework = core->frameworks.Find(id);
  if (framework == nullptr) return;
  const FrameworkId kept = framework->id;
  DiscardOffersOf(core, *framework, true);
  for (const AgentId& agent_id : core->tasks.AgentsOf(kept)) {
    Agent* agent = core->agents.Find(agent_id);
    if (agent == nullptr) continue;
    internal::ToAgent message;
    message.mutable_shutdown_framework()->mutable_framework_id()->set_value(kept.value());
    if (!core->Send(*agent, std::move(message))) agent->shutdowns.insert(kept);
  }
  EndTasks(core, *framework, now);
  if (framework->session) core->CloseSession(*framework->session);
  core->timers.Disarm(HeartbeatKey(kept));
  core->timers.Disarm(FailoverKey(kept));
  core->frameworks.SetSession(framework, std::nullopt);

  auto record = std::make_shared<FrameworkRecord>(*core->RecordOf(*framework));
  record->unregistered = now.wall;
  FrameworkCompleted change;
  change.framework = std::move(record);
  core->Tell(std::move(change));
  core->frameworks.Complete(kept);
  core->ledger.Tell(FrameworkRemoved{kept});
}

void HandleHeartbeatTimer(CoreState* core, const FrameworkId& id, Now now) {
  const Framework* framework = core->frameworks.Find(id);
  if (framework != nullptr && framework->connected()) SendHeartbeat(core, *framework, now);
}

void TellAgentLost(CoreState* core, const AgentId& agent) {
  for (const auto& [id, framework] : core->frameworks.all()) {
    if (!framework.connected()) continue;
    Event event;
    event.set_type(Event::FAILURE);
    event.mutable_failure()->mutable_agent_id()->set_value(agent.value());
    core->Send(framework, std::move(event));
  }
}

}  // namespace meseta::master
