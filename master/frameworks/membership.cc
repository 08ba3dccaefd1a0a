// The half of session_core.h that the registry is part of: how frameworks come, change and end.
#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "master/frameworks/framework_validation.h"
#include "master/frameworks/session_core.h"
#include "master/offers/offer_core.h"
#include "master/tasks/update_core.h"

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
  core->pending_reconciles.Forget(framework->id);
  if (framework->session) {
    const StreamId old = *framework->session;
    Refuse(core, old, "Framework failed over");
    core->frameworks.SetSession(framework, std::nullopt);
  }
  DiscardOffersOf(core, *framework, false);
}

FrameworkId IdOf(const v1::FrameworkInfo& info) { return FrameworkId(info.id().value()); }

Framework* AddFramework(CoreState* core, const v1::FrameworkInfo& info, WallTime registered) {
  Framework framework;
  framework.id = IdOf(info);
  framework.registered = registered;
  framework.SetInfo(info);
  return core->frameworks.Add(std::move(framework));
}

Duration FailoverTimeout(const Framework& framework) {
  return std::max(Duration(), Duration::FromSecondsDouble(framework.info->failover_timeout()));
}

// Known from the registry or from an agent: it has this long to return.
void AwaitReturn(CoreState* core, Framework* framework, Now now) {
  framework->recovered = true;
  const Duration timeout = FailoverTimeout(*framework);
  const Duration grace = timeout > Duration() ? std::max(timeout, kMinReturn)
                                              : core->options.agent_reregister_timeout;
  core->timers.Arm(FailoverKey(framework->id), now.mono + grace);
  core->Publish(*framework);
  core->TellAllocator(*framework);
}

// It has no session (any more).
void Disconnected(CoreState* core, Framework* framework, Now now) {
  core->pending_reconciles.Forget(framework->id);
  DiscardOffersOf(core, *framework, false);
  core->TellAllocator(*framework);
  core->Touch(framework->id);
  const Duration timeout = FailoverTimeout(*framework);
  core->timers.Arm(FailoverKey(framework->id), now.mono + timeout);
  if (timeout <= Duration()) HandleFailoverTimer(core, framework->id, now);
}

Status ValidateTerm(const CoreState& core, const FrameworkWrites::Subscribe& work) {
  const FrameworkId id = IdOf(work.call.framework_info());
  const auto& records = core.registrar.state().frameworks;
  const auto record = records.find(id);
  if (work.term == 0 || record == records.end() || work.term >= record->second.term()) {
    return OkStatus();
  }
  return FailedPrecondition("Framework " + id.value() + " has a leader of term " +
                            std::to_string(record->second.term()) +
                            "; this scheduler leads by the older term " +
                            std::to_string(work.term) + ", which is over");
}

// As the framework will be: user and checkpoint stay as they were first.
v1::FrameworkInfo Merged(CoreState* core, v1::FrameworkInfo info) {
  const Framework* known = core->frameworks.Find(IdOf(info));
  if (known == nullptr) return info;
  if (info.user() != known->info->user() || info.checkpoint() != known->info->checkpoint()) {
    core->Warn("Framework " + known->id.value() +
               " subscribed with another user or checkpoint flag; keeping the first ones");
    info.set_user(known->info->user());
    info.set_checkpoint(known->info->checkpoint());
  }
  return info;
}

// The operation that makes the registry's record say this; none when it does already.
std::optional<registry::RegistryOp> Recording(const CoreState& core,
                                              const v1::FrameworkInfo& info, uint64_t term,
                                              WallTime now) {
  const auto& records = core.registrar.state().frameworks;
  const auto record = records.find(IdOf(info));
  if (record == records.end()) return registry::AddFramework{info, now, term};
  const bool same = record->second.info().SerializeAsString() == info.SerializeAsString();
  if (same && term <= record->second.term()) return std::nullopt;
  return registry::UpdateFramework{info, term};
}

void FinishSubscribe(CoreState* core, const FrameworkWrites::Subscribe& work, Now now) {
  const v1::FrameworkInfo info = Merged(core, work.call.framework_info());
  Framework* framework = core->frameworks.Find(IdOf(info));
  const bool known = framework != nullptr;
  if (!known) framework = AddFramework(core, info, now.wall);
  if (!work.session) {
    // It went away while the disk was busy; what it said of itself holds.
    framework->SetInfo(info);
    if (!framework->connected()) Disconnected(core, framework, now);
    return;
  }
  if (known) {
    TakeOver(core, framework);
    framework->SetInfo(info);
    framework->recovered = false;
    framework->reregistered = now.wall;
  }
  framework->suppressed_roles = {work.call.suppressed_roles().begin(),
                                 work.call.suppressed_roles().end()};
  core->frameworks.SetSession(framework, *work.session);
  core->timers.Disarm(FailoverKey(framework->id));
  core->Publish(*framework);
  SendSubscribed(core, *framework, now);
  TellAgents(core, *framework);
  core->TellAllocator(*framework);
}

void StartSubscribe(CoreState* core, FrameworkWrites::Subscribe work, Now now) {
  Status valid = ValidateSubscribe(*core, work.call);
  if (valid.ok()) valid = ValidateTerm(*core, work);
  if (!valid.ok()) return Refuse(core, *work.session, valid.message());
  const v1::FrameworkInfo info = Merged(core, work.call.framework_info());
  *work.call.mutable_framework_info() = info;
  const auto op = Recording(*core, info, work.term, now.wall);
  if (!op) return FinishSubscribe(core, work, now);
  const Result<uint64_t> number = core->registrar.Submit(*op);
  if (!number.ok()) return Refuse(core, *work.session, number.status().message());
  core->framework_writes.Out(*number, IdOf(info), std::move(work));
}

void FinishUpdate(CoreState* core, const FrameworkId& id, const FrameworkWrites::Update& work) {
  Framework* framework = core->frameworks.Find(id);
  const v1::FrameworkInfo& info = work.call.framework_info();
  framework->SetInfo(info);
  framework->suppressed_roles = {work.call.suppressed_roles().begin(),
                                 work.call.suppressed_roles().end()};
  const std::set<OfferId> offers = framework->offers;
  for (const OfferId& offer : offers) {
    if (!framework->roles.count(core->offers.Find(offer)->role)) {
      RemoveOffer(core, offer, std::nullopt, true);
    }
  }
  core->TellAllocator(*framework);
  core->Touch(framework->id);
  TellAgents(core, *framework);
  core->Reply(work.reply, 200, "");
}

// The sentence of a 400, or OK.
Status ValidateUpdate(const CoreState& core, const Framework& framework,
                      const v1::scheduler::Call::UpdateFramework& call) {
  const v1::FrameworkInfo& info = call.framework_info();
  const Status valid = ValidateFrameworkInfo(info, core.options.root_submissions);
  if (!valid.ok()) {
    return InvalidArgument("Supplied FrameworkInfo is not valid: " + valid.message());
  }
  const Status update = ValidateFrameworkUpdate(*framework.info, info);
  if (!update.ok()) {
    return InvalidArgument("FrameworkInfo update is not valid: " + update.message());
  }
  const std::set<std::string> roles = RolesOf(info);
  Status options = ValidateSuppressedRoles(
      roles, {call.suppressed_roles().begin(), call.suppressed_roles().end()});
  if (options.ok()) options = ValidateOfferConstraints(roles, call.offer_constraints());
  if (options.ok()) return options;
  return InvalidArgument("'UpdateFramework' call is not valid: " + options.message());
}

void StartUpdate(CoreState* core, const FrameworkId& id, FrameworkWrites::Update work, Now now) {
  const Framework* framework = core->frameworks.Find(id);
  if (framework == nullptr) return core->Reply(work.reply, 400, "Framework cannot be found");
  const Status valid = ValidateUpdate(*core, *framework, work.call);
  if (!valid.ok()) return core->Reply(work.reply, 400, valid.message());
  const auto op = Recording(*core, work.call.framework_info(), 0, now.wall);
  if (!op) return FinishUpdate(core, id, work);
  const Result<uint64_t> number = core->registrar.Submit(*op);
  if (!number.ok()) return core->Reply(work.reply, 503, number.status().message());
  core->framework_writes.Out(*number, id, std::move(work));
}

void FinishRemoval(CoreState* core, const FrameworkId& id, const FrameworkWrites::Removal& work,
                   Now now) {
  Framework* framework = core->frameworks.Find(id);
  DiscardOffersOf(core, *framework, true);
  for (const AgentId& agent_id : core->tasks.AgentsOf(id)) {
    Agent* agent = core->agents.Find(agent_id);
    if (agent == nullptr) continue;
    internal::ToAgent message;
    message.mutable_shutdown_framework()->mutable_framework_id()->set_value(id.value());
    if (!core->Send(*agent, std::move(message))) agent->shutdowns.insert(id);
  }
  EndTasks(core, *framework, now);
  core->pending_reconciles.Forget(id);
  if (framework->session) core->CloseSession(*framework->session);
  core->timers.Disarm(HeartbeatKey(id));
  core->timers.Disarm(FailoverKey(id));
  core->frameworks.SetSession(framework, std::nullopt);

  auto record = std::make_shared<FrameworkRecord>(*core->RecordOf(*framework));
  record->unregistered = now.wall;
  FrameworkCompleted change;
  change.framework = std::move(record);
  core->Tell(std::move(change));
  core->frameworks.Complete(id);
  core->ledger.Tell(FrameworkRemoved{id});
  for (const FrameworkWrites::Answer& answer : work.answers) {
    core->Reply(answer.reply, answer.result.status, answer.result.text);
  }
}

void StartRemoval(CoreState* core, const FrameworkId& id, FrameworkWrites::Removal work, Now now) {
  Framework* framework = core->frameworks.Find(id);
  if (framework == nullptr || (work.unless_connected && framework->connected())) return;
  const Result<uint64_t> number =
      core->registrar.Submit(registry::RemoveFramework{id, now.wall});
  if (number.ok()) {
    framework->removing = true;
    core->framework_writes.Out(*number, id, std::move(work));
    return;
  }
  core->Warn("Framework " + id.value() + " cannot be removed yet: " + number.status().message());
  core->timers.Arm(FailoverKey(id), now.mono + kMinReturn);
  for (const FrameworkWrites::Answer& answer : work.answers) {
    core->Reply(answer.reply, 503, number.status().message());
  }
}

void Start(CoreState* core, const FrameworkId& id, FrameworkWrites::Work work, Now now) {
  if (auto* subscribe = std::get_if<FrameworkWrites::Subscribe>(&work)) {
    StartSubscribe(core, std::move(*subscribe), now);
  } else if (auto* update = std::get_if<FrameworkWrites::Update>(&work)) {
    StartUpdate(core, id, std::move(*update), now);
  } else {
    StartRemoval(core, id, std::move(std::get<FrameworkWrites::Removal>(work)), now);
  }
}

void Finish(CoreState* core, const FrameworkId& id, const FrameworkWrites::Work& work, Now now) {
  if (const auto* subscribe = std::get_if<FrameworkWrites::Subscribe>(&work)) {
    FinishSubscribe(core, *subscribe, now);
  } else if (const auto* update = std::get_if<FrameworkWrites::Update>(&work)) {
    FinishUpdate(core, id, *update);
  } else {
    FinishRemoval(core, id, std::get<FrameworkWrites::Removal>(work), now);
  }
}

void Remove(CoreState* core, const FrameworkId& id, FrameworkWrites::Removal removal, Now now) {
  if (!core->framework_writes.busy(id)) return StartRemoval(core, id, std::move(removal), now);
  core->framework_writes.Wait(id, std::move(removal));
}

// An id that no framework has or had, also not one that will be durable soon.
FrameworkId FreshId(CoreState* core) {
  const registry::RegistryState& registry = core->registrar.state();
  for (;;) {
    // Frameworks may bring ids of their own, also ones that we would have given next.
    FrameworkId fresh = core->NextFrameworkId();
    if (core->frameworks.Find(fresh) == nullptr && !registry.frameworks.count(fresh) &&
        !registry.removed.count(fresh)) {
      return fresh;
    }
  }
}

}  // namespace

void RecoverFrameworks(CoreState* core, Now now) {
  const registry::RegistryState& registry = core->registrar.state();
  for (const auto& [id, record] : registry.removed) core->frameworks.RememberCompleted(id);
  for (const auto& [id, record] : registry.frameworks) {
    AwaitReturn(core, AddFramework(core, record.info(), WallTime::FromNanos(record.registered_ns())),
                now);
  }
}

void HandleFrameworksDurable(CoreState* core, uint64_t number, Now now) {
  while (const auto done = core->framework_writes.TakeDurable(number)) {
    const FrameworkId& id = done->first;
    Finish(core, id, done->second, now);
    while (!core->framework_writes.busy(id)) {
      std::optional<FrameworkWrites::Work> next = core->framework_writes.TakeWaiting(id);
      if (!next) break;
      Start(core, id, *std::move(next), now);
    }
  }
}

void HandleSubscribe(CoreState* core, FrameworkWrites::Subscribe work, Now now) {
  const StreamId session = *work.session;
  v1::FrameworkInfo* info = work.call.mutable_framework_info();
  if (info->id().value().empty()) {
    const Status valid = ValidateSubscribe(*core, work.call);
    if (!valid.ok()) return Refuse(core, session, valid.message());
    info->mutable_id()->set_value(FreshId(core).value());
  }
  const FrameworkId id = IdOf(*info);
  if (!core->framework_writes.busy(id)) return StartSubscribe(core, std::move(work), now);
  if (core->framework_writes.Wait(id, std::move(work))) return;
  Refuse(core, session, "Too many subscriptions of framework " + id.value() + " wait; try again");
}

void HandleSessionClosed(CoreState* core, const StreamId& session, Now now) {
  core->framework_writes.CloseSession(session);
  Framework* framework = core->frameworks.FindBySession(session);
  if (framework == nullptr) return;
  core->frameworks.SetSession(framework, std::nullopt);
  core->timers.Disarm(HeartbeatKey(framework->id));
  Disconnected(core, framework, now);
}

void HandleUpdateFramework(CoreState* core, const FrameworkId& id, ReplyId reply,
                           const v1::scheduler::Call::UpdateFramework& call, Now now) {
  FrameworkWrites::Update work;
  work.reply = reply;
  work.call = call;
  if (!core->framework_writes.busy(id)) return StartUpdate(core, id, std::move(work), now);
  if (core->framework_writes.Wait(id, std::move(work))) return;
  core->Reply(reply, 503, "Too many changes of framework " + id.value() + " wait; try again");
}

void AdoptFramework(CoreState* core, const v1::FrameworkInfo& info, Now now) {
  const FrameworkId id = IdOf(info);
  if (id.empty() || core->frameworks.IsCompleted(id) || core->frameworks.Find(id) != nullptr) {
    return;
  }
  const registry::RegistryState& registry = core->registrar.state();
  if (!registry.frameworks.count(id)) {
    // Nothing waits for this: the agent brings it along again should the write be lost.
    const Result<uint64_t> number = core->registrar.Submit(registry::AddFramework{info, now.wall});
    if (!number.ok()) {
      core->Warn("Framework " + id.value() + " of an agent: " + number.status().message());
    }
  }
  AwaitReturn(core, AddFramework(core, info, now.wall), now);
}

void RemoveFramework(CoreState* core, const FrameworkId& id, FrameworkWrites::Answer answer,
                     Now now) {
  if (FrameworkWrites::Removal* removal = core->framework_writes.FindRemoval(id)) {
    removal->unless_connected = false;
    removal->answers.push_back(std::move(answer));
    return;
  }
  FrameworkWrites::Removal removal;
  removal.answers.push_back(std::move(answer));
  Remove(core, id, std::move(removal), now);
}

void HandleFailoverTimer(CoreState* core, const FrameworkId& id, Now now) {
  const Framework* framework = core->frameworks.Find(id);
  if (framework == nullptr || framework->connected()) return;
  if (core->framework_writes.FindRemoval(id) != nullptr) return;
  FrameworkWrites::Removal removal;
  removal.unless_connected = true;
  Remove(core, id, std::move(removal), now);
}

void HandleHeartbeatTimer(CoreState* core, const FrameworkId& id, Now now) {
  const Framework* framework = core->frameworks.Find(id);
  if (framework != nullptr && framework->connected()) SendHeartbeat(core, *framework, now);
}

}  // namespace meseta::master
