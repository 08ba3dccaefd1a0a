#include "master/agents/registration_core.h"

#include <set>
#include <utility>

#include "master/frameworks/session_core.h"
#include "master/tasks/reconcile.h"
#include "master/tasks/update_core.h"
#include "state/model/ids.h"
#include "state/model/task_state.h"

namespace meseta::master {
namespace {

using model::IsTerminal;

AgentId IdOf(const v1::AgentInfo& info) { return AgentId(info.id().value()); }

std::shared_ptr<const v1::AgentInfo> Share(const v1::AgentInfo& info) {
  return std::make_shared<const v1::AgentInfo>(info);
}

// The parts that registration and re-registration have in common.
template <class Message>
void Describe(const Message& message, Agent* agent) {
  agent->info = Share(message.info());
  agent->version = message.version();
  agent->registration_id = message.registration_id();
  agent->capabilities.assign(message.capabilities().begin(), message.capabilities().end());
  agent->total =
      model::Resources::FromProto(message.info().resources()).value_or(model::Resources());
}

template <class Message>
Status ValidateMessage(const Message& message) {
  if (!message.IsInitialized()) {
    return InvalidArgument("The registration is incomplete: " + message.InitializationErrorString());
  }
  if (message.registration_id().empty()) {
    return InvalidArgument("The registration has no registration_id");
  }
  if (message.info().hostname().empty()) return InvalidArgument("The agent's info has no hostname");
  const Result<model::Resources> total = model::Resources::FromProto(message.info().resources());
  if (!total.ok())
    return InvalidArgument("The agent's resources are invalid: " + total.status().message());
  return OkStatus();
}

}  // namespace

bool AgentCore::Start(const registry::RegistryOp& op, Transition transition) {
  const Result<uint64_t> number = core_->registrar.Submit(op);
  if (!number.ok()) {
    core_->Warn("Agent " + transition.id.value() + ": " + number.status().message());
    if (transition.link) Refuse(*transition.link, number.status().message(), false);
    return false;
  }
  if (!transition.id.empty()) pending_[transition.id] = *number;
  if (transition.kind == Kind::kAdmit) admitting_[transition.registered.registration_id()] = *number;
  if (transition.link) transitions_on_.emplace(*transition.link, *number);
  transitions_[*number] = std::move(transition);
  return true;
}

void AgentCore::SetLink(uint64_t number, Transition* transition, LinkId link) {
  if (transition->link) transitions_on_.erase({*transition->link, number});
  transition->link = link;
  transitions_on_.emplace(link, number);
}

AgentCore::Transition* AgentCore::Pending(const AgentId& id) {
  auto it = pending_.find(id);
  return it == pending_.end() ? nullptr : &transitions_.at(it->second);
}

void AgentCore::HandleDurable(uint64_t number, Now now) {
  while (!transitions_.empty() && transitions_.begin()->first <= number) {
    Transition transition = std::move(transitions_.begin()->second);
    if (transition.link) transitions_on_.erase({*transition.link, transitions_.begin()->first});
    transitions_.erase(transitions_.begin());
    const AgentId id = transition.id;
    pending_.erase(id);
    if (transition.kind == Kind::kAdmit) admitting_.erase(transition.registered.registration_id());
    Finish(std::move(transition), now);
    auto waiting = waiting_.find(id);
    if (waiting == waiting_.end()) continue;
    Waiting next = std::move(waiting->second);
    waiting_.erase(waiting);
    waiting_on_.erase({next.link, id});
    HandleReregister(next.link, std::move(next.message), now);
  }
}

void AgentCore::Finish(Transition transition, Now now) {
  switch (transition.kind) {
    case Kind::kAdmit:
      return FinishAdmit(&transition, now);
    case Kind::kReregister:
      return FinishReregister(&transition, now);
    case Kind::kUnreachable:
      return FinishUnreachable(transition, now);
    case Kind::kGone:
      return FinishGone(transition, now);
    case Kind::kRemove:
      return FinishRemove(transition, now);
    case Kind::kPrune:
      return FinishPrune(transition);
  }
}

void AgentCore::Refuse(LinkId link, const std::string& reason, bool shutdown) {
  internal::ToAgent message;
  message.mutable_refused()->set_reason(reason);
  message.mutable_refused()->set_shutdown(shutdown);
  core_->Send(link, std::move(message));
}

void AgentCore::HandleRegister(LinkId link, internal::RegisterAgent message, Now now) {
  const Status valid = ValidateMessage(message);
  if (!valid.ok()) return Refuse(link, valid.message(), false);
  const std::string& registration_id = message.registration_id();
  if (const auto admitting = admitting_.find(registration_id); admitting != admitting_.end()) {
    // It dialed again; the answer goes there.
    SetLink(admitting->second, &transitions_.at(admitting->second), link);
    return;
  }
  if (const std::optional<AgentId> id = core_->agents.FindByRegistration(registration_id)) {
    // Admitted already; it never heard of it. Without id it has no tasks yet.
    internal::ReregisterAgent again;
    again.set_registration_id(registration_id);
    *again.mutable_info() = message.info();
    again.mutable_info()->mutable_id()->set_value(id->value());
    again.set_version(message.version());
    again.set_pid(message.pid());
    *again.mutable_capabilities() = message.capabilities();
    return HandleReregister(link, std::move(again), now);
  }
  RemoveOldAt(message.pid(), registration_id);
  Transition transition;
  transition.kind = Kind::kAdmit;
  transition.id = core_->NextAgentId();
  transition.link = link;
  message.mutable_info()->mutable_id()->set_value(transition.id.value());
  registry::AdmitAgent op{message.info(), registration_id, now.wall};
  transition.registered = std::move(message);
  Start(op, std::move(transition));
}

// A new process at an address means that the old one there is dead.
void AgentCore::RemoveOldAt(const std::string& pid, const std::string& registration_id) {
  const Agent* old = core_->agents.FindByPid(pid);
  if (old == nullptr || old->registration_id == registration_id || Pending(old->id)) return;
  Transition transition;
  transition.kind = Kind::kRemove;
  transition.id = old->id;
  transition.cause =
      "Agent " + old->info->hostname() + " removed: a new agent registered at the same address";
  const registry::RemoveAgent op{old->id};
  Start(op, std::move(transition));
}

void AgentCore::FinishAdmit(Transition* transition, Now now) {
  Agent agent;
  agent.id = transition->id;
  Describe(transition->registered, &agent);
  agent.pid = transition->registered.pid();
  agent.registered = now.wall;
  ++core_->counts().slave_registrations;
  Agent* added = core_->agents.Add(std::move(agent));
  Connect(added, transition->link, now);
  core_->Publish(*added);
  if (added->connected()) Greet(*added);
}

void AgentCore::HandleReregister(LinkId link, internal::ReregisterAgent message, Now now) {
  const AgentId id = IdOf(message.info());
  Status valid = ValidateMessage(message);
  if (valid.ok()) valid = model::ValidateId(id.value()).WithContext("The agent's id is invalid");
  if (!valid.ok()) return Refuse(link, valid.message(), false);
  if (core_->agents.gone.count(id)) return Refuse(link, "Agent has been marked gone", true);
  if (Pending(id) != nullptr) {
    const auto older = waiting_.find(id);
    if (older != waiting_.end()) waiting_on_.erase({older->second.link, id});
    waiting_[id] = Waiting{link, std::move(message)};
    waiting_on_.emplace(link, id);
    return;
  }
  const auto& admitted = core_->registrar.state().admitted;
  const auto record = admitted.find(id);
  Transition transition;
  transition.kind = Kind::kReregister;
  transition.id = id;
  transition.link = link;
  if (record == admitted.end()) {
    registry::MarkAgentReachable op{message.info(), message.registration_id(), now.wall};
    transition.returned = std::move(message);
    Start(op, std::move(transition));
  } else if (record->second.info().SerializeAsString() != message.info().SerializeAsString()) {
    registry::UpdateAgent op{message.info()};
    transition.returned = std::move(message);
    Start(op, std::move(transition));
  } else {
    Return(link, &message, now);
  }
}

void AgentCore::FinishReregister(Transition* transition, Now now) {
  Return(transition->link, &transition->returned, now);
}

void AgentCore::Return(std::optional<LinkId> link, internal::ReregisterAgent* brought, Now now) {
  const internal::ReregisterAgent& message = *brought;
  for (const v1::FrameworkInfo& framework : message.frameworks())
    AdoptFramework(core_, framework, now);
  Agent* agent = core_->agents.Find(IdOf(message.info()));
  const bool known = agent != nullptr;
  std::string news;  // For frameworks that were told that the tasks are lost.
  if (!known && core_->agents.unreachable().count(IdOf(message.info()))) {
    news = "Unreachable agent re-reregistered";
  } else if (!known && !core_->agents.recovered().count(IdOf(message.info()))) {
    news = "Unknown agent reregistered";
  }
  const bool recovered = core_->agents.recovered().count(IdOf(message.info())) > 0;
  CancelUnreachable(IdOf(message.info()));
  ++core_->counts().slave_reregistrations;
  agent = known ? Known(agent, message, now) : Unknown(message, now);
  ApplyRecord(agent);
  Connect(agent, link, now);
  core_->Publish(*agent);
  if (agent->connected()) Greet(*agent);
  AdoptTasks(agent, brought, known, news, now);
  if (known) ReconcileWith(agent, message);
  ResendOrders(agent, message);
  if (recovered) AnswerReconciles(core_, agent->id, now);
  if (core_->agents.recovered().empty()) core_->timers.Disarm({TimerKind::kRecoveredAgents, ""});
}

Agent* AgentCore::Known(Agent* agent, const internal::ReregisterAgent& message, Now now) {
  Describe(message, agent);
  core_->agents.SetPid(agent, message.pid());
  agent->reregistered = now.wall;
  return agent;
}

Agent* AgentCore::Unknown(const internal::ReregisterAgent& message, Now now) {
  Agent agent;
  agent.id = IdOf(message.info());
  Describe(message, &agent);
  agent.pid = message.pid();
  agent.registered = now.wall;
  agent.reregistered = now.wall;
  const auto recovered = core_->agents.recovered().find(agent.id);
  if (recovered != core_->agents.recovered().end()) {
    for (const v1::Task& task : message.tasks()) {
      const TaskTable::TaskKey key(task.framework_id().value(), task.task_id().value());
      if (recovered->second.kills.count(key)) agent.kills.insert(key);
    }
  }
  return core_->agents.Add(std::move(agent));
}

void AgentCore::ApplyRecord(Agent* agent) {
  const auto& admitted = core_->registrar.state().admitted;
  const auto record = admitted.find(agent->id);
  agent->deactivated = record != admitted.end() && record->second.deactivated();
}

void AgentCore::KillDuplicate(const Agent& agent, const v1::Task& task) {
  core_->Warn("Agent " + agent.id.value() + " came back with task '" + task.task_id().value() +
              "', which its framework launched again elsewhere; killing the older one");
  internal::ToAgent out;
  *out.mutable_kill_task()->mutable_framework_id() = task.framework_id();
  *out.mutable_kill_task()->mutable_task_id() = task.task_id();
  core_->Send(agent, std::move(out));
}

void AgentCore::Greet(const Agent& agent) {
  internal::ToAgent message;
  internal::AgentRegistered* registered = message.mutable_registered();
  registered->mutable_agent_id()->set_value(agent.id.value());
  registered->set_registration_id(agent.registration_id);
  registered->set_master_id(core_->info.id());
  registered->set_master_hostname(core_->info.hostname());
  core_->Send(agent, std::move(message));
}

void AgentCore::AdoptTasks(Agent* agent, internal::ReregisterAgent* message, bool known,
                           const std::string& news, Now now) {
  std::set<FrameworkId> over;
  for (v1::Task& task : *message->mutable_tasks()) {
    const FrameworkId framework_id(task.framework_id().value());
    const TaskId task_id(task.task_id().value());
    if (task.agent_id().value() != agent->id.value() || !task.has_state()) {
      core_->Warn("Agent " + agent->id.value() + " names a task '" + task_id.value() +
                  "' that is not its own");
      continue;
    }
    if (OnlyMasterSays(task.state())) {
      core_->Warn("Agent " + agent->id.value() + " names task '" + task_id.value() +
                  "' with a state that only a master can give");
      continue;
    }
    if (core_->frameworks.IsCompleted(framework_id)) {
      over.insert(framework_id);
      continue;
    }
    const Framework* framework = core_->frameworks.Find(framework_id);
    if (framework == nullptr) {
      core_->Warn("Agent " + agent->id.value() + " names task '" + task_id.value() +
                  "' without its framework " + framework_id.value());
      continue;
    }
    // Of a known agent only what is alive: what had ended here and was acknowledged is history.
    if (const TaskPtr other = core_->tasks.Find(framework_id, task_id)) {
      const bool elsewhere = other->agent_id().value() != agent->id.value();
      if (elsewhere && !IsTerminal(task.state())) KillDuplicate(*agent, task);
      continue;
    }
    if (known && IsTerminal(task.state())) continue;
    const TaskPtr adopted = AdoptTask(core_, &task);
    // What is looked at later.
    *task.mutable_framework_id() = adopted->framework_id();
    *task.mutable_task_id() = adopted->task_id();
    task.set_state(adopted->state());
    if (news.empty() || IsTerminal(adopted->state())) continue;
    v1::TaskStatus status =
        MasterStatus(task_id.value(), agent->id.value(), StateFor(*framework, adopted->state()),
                     v1::TaskStatus::REASON_AGENT_REREGISTERED, news, now.wall);
    if (adopted->has_executor_id()) *status.mutable_executor_id() = adopted->executor_id();
    SendUpdate(core_, *framework, status);
  }
  agent->shutdowns.insert(over.begin(), over.end());
}

void AgentCore::ReconcileWith(Agent* agent, const internal::ReregisterAgent& message) {
  std::set<TaskTable::TaskKey> named;
  for (const v1::Task& task : message.tasks()) {
    named.emplace(FrameworkId(task.framework_id().value()), TaskId(task.task_id().value()));
  }
  internal::ToAgent out;
  internal::ReconcileWithAgent* reconcile = out.mutable_reconcile();
  for (const TaskTable::TaskKey& key : core_->tasks.OnAgent(agent->id)) {
    if (named.count(key) || IsTerminal(core_->tasks.Find(key.first, key.second)->state())) continue;
    internal::ReconcileWithAgent::Entry* entry = reconcile->add_tasks();
    entry->mutable_framework_id()->set_value(key.first.value());
    entry->mutable_task_id()->set_value(key.second.value());
  }
  if (reconcile->tasks_size() > 0) core_->Send(*agent, std::move(out));
}

// What it could not be told while it was away, and the frameworks as they are now.
void AgentCore::ResendOrders(Agent* agent, const internal::ReregisterAgent& message) {
  if (!agent->connected()) return;
  for (const v1::Task& task : message.tasks()) {
    const TaskTable::TaskKey key(task.framework_id().value(), task.task_id().value());
    if (IsTerminal(task.state()) || !agent->kills.count(key)) continue;
    internal::ToAgent out;
    *out.mutable_kill_task()->mutable_framework_id() = task.framework_id();
    *out.mutable_kill_task()->mutable_task_id() = task.task_id();
    core_->Send(*agent, std::move(out));
  }
  for (const FrameworkId& id : std::exchange(agent->shutdowns, {})) {
    internal::ToAgent out;
    out.mutable_shutdown_framework()->mutable_framework_id()->set_value(id.value());
    core_->Send(*agent, std::move(out));
  }
  for (const v1::FrameworkInfo& info : message.frameworks()) {
    const Framework* framework = core_->frameworks.Find(FrameworkId(info.id().value()));
    if (framework == nullptr || framework->recovered) continue;
    internal::ToAgent out;
    *out.mutable_update_framework()->mutable_framework() = *framework->info;
    core_->Send(*agent, std::move(out));
  }
}

void AgentCore::Connect(Agent* agent, std::optional<LinkId> link, Now now) {
  if (agent->link && link && *agent->link != *link) core_->CloseLink(*agent->link);
  if (!link) {
    Disconnect(agent, now);
    return;
  }
  // One agent per link: a process that registers anew on its link has forgotten who it was.
  Agent* other = core_->agents.FindByLink(*link);
  if (other != nullptr && other != agent) Disconnect(other, now);
  core_->agents.SetLink(agent, link);
  core_->timers.Disarm({TimerKind::kAgentUnreachable, agent->id.value()});
  core_->UpdateLedger(*agent);
  core_->Touch(agent->id);
}

}  // namespace meseta::master
