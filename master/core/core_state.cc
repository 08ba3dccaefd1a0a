#include "master/core/core_state.h"

#include <cstdio>

namespace meseta::master {

CoreState::CoreState(const MasterOptions& options_in, const v1::MasterInfo& info_in,
                     registry::RegistryState registry)
    : options(options_in),
      info(info_in),
      term(registry.header.term()),
      tasks(options_in.max_unreachable_tasks_per_framework),
      registrar(std::move(registry)) {}

AgentId CoreState::NextAgentId() {
  return AgentId(info.id() + "-S" + std::to_string(next_agent_++));
}

FrameworkId CoreState::NextFrameworkId() {
  char number[24];
  std::snprintf(number, sizeof(number), "-%04llu",
                static_cast<unsigned long long>(next_framework_++));
  return FrameworkId(info.id() + number);
}

OfferId CoreState::NextOfferId() {
  return OfferId(info.id() + "-O" + std::to_string(next_offer_++));
}

void CoreState::Send(LinkId link, internal::ToAgent message) {
  Effects::AgentMessage out;
  out.link = link;
  out.message = std::move(message);
  out.message.set_term(term);
  effects_.to_agents.push_back(std::move(out));
}

bool CoreState::Send(const Agent& agent, internal::ToAgent message) {
  if (!agent.link) return false;
  Send(*agent.link, std::move(message));
  return true;
}

void CoreState::Send(const StreamId& session, v1::scheduler::Event event) {
  Effects::SessionEvent out;
  out.session = session;
  out.event = std::move(event);
  effects_.to_sessions.push_back(std::move(out));
}

void CoreState::Send(const Framework& framework, v1::scheduler::Event event) {
  if (framework.session) Send(*framework.session, std::move(event));
}

void CoreState::Reply(ReplyId id, int status, std::string text) {
  Effects::Reply reply;
  reply.id = id;
  reply.result.status = status;
  reply.result.text = std::move(text);
  effects_.replies.push_back(std::move(reply));
}

void CoreState::Tell(ViewChange change) {
  effects_.view.push_back(std::move(change));
  ++view_number_;
}

AgentPtr CoreState::RecordOf(const Agent& agent) const {
  auto record = std::make_shared<AgentRecord>();
  record->info = agent.info;
  record->pid = agent.pid;
  record->version = agent.version;
  record->capabilities = agent.capabilities;
  record->connected = agent.connected();
  record->active = agent.active();
  record->deactivated = agent.deactivated;
  record->registered = agent.registered;
  record->reregistered = agent.reregistered;
  record->total = agent.total;
  if (const Ledger::AgentAccount* account = ledger.FindAgent(agent.id)) {
    for (const auto& [framework, sum] : account->used) record->used[framework] = sum.Total();
    record->offered = account->offered;
  }
  return record;
}

FrameworkPtr CoreState::RecordOf(const Framework& framework) const {
  auto record = std::make_shared<FrameworkRecord>();
  record->info = framework.info;
  record->active = framework.connected();
  record->connected = framework.connected();
  record->recovered = framework.recovered;
  record->registered = framework.registered;
  record->reregistered = framework.reregistered;
  record->suppressed_roles = framework.suppressed_roles;
  if (const Ledger::FrameworkAccount* account = ledger.FindFramework(framework.id)) {
    record->used = account->used.Total();
    record->offered = account->offered.Total();
  }
  return record;
}

void CoreState::Publish(const Agent& agent) {
  dirty_agents_.erase(agent.id);
  AgentUpserted change;
  change.agent = RecordOf(agent);
  Tell(std::move(change));
}

void CoreState::Publish(const Framework& framework) {
  dirty_frameworks_.erase(framework.id);
  FrameworkUpserted change;
  change.framework = RecordOf(framework);
  Tell(std::move(change));
}

void CoreState::UpdateLedger(const Agent& agent) {
  AgentChanged change;
  change.agent = agent.id;
  change.active = agent.active();
  change.info = *agent.info;
  change.capabilities = agent.capabilities;
  ledger.SetAgent(std::move(change), agent.total);
}

void CoreState::TellAllocator(const Framework& framework) {
  FrameworkChanged change;
  change.framework = framework.id;
  change.info = *framework.info;
  change.suppressed_roles = framework.suppressed_roles;
  change.active = framework.connected();
  ledger.Tell(std::move(change));
}

void CoreState::FlushRecords() {
  for (const AgentId& id : std::exchange(dirty_agents_, {})) {
    if (const Agent* agent = agents.Find(id)) Publish(*agent);
  }
  for (const FrameworkId& id : std::exchange(dirty_frameworks_, {})) {
    if (const Framework* framework = frameworks.Find(id)) Publish(*framework);
  }
}

Effects CoreState::TakeEffects() {
  if (step_down_) {
    Effects last;
    last.step_down = step_down_;
    last.view_number = view_number_;
    effects_ = Effects();
    return last;
  }
  FlushRecords();
  effects_.ledger = ledger.TakeDeltas();
  effects_.persist = registrar.TakeBatch();
  effects_.wake_at = timers.Next();
  effects_.view_number = view_number_;
  for (Effects::Reply& reply : effects_.replies) reply.view_number = view_number_;
  return std::exchange(effects_, Effects());
}

}  // namespace meseta::master
