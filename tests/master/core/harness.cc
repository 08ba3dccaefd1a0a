#include "tests/master/core/harness.h"

#include <gtest/gtest.h>

#include <utility>

namespace meseta::master {
namespace {

v1::MasterInfo Info() {
  v1::MasterInfo info;
  info.set_id(kMasterId);
  info.set_ip(16777343);
  info.set_port(5050);
  info.set_hostname("localhost");
  return info;
}

model::Resources Parse(const std::string& text) { return model::Resources::Parse(text).value(); }

}  // namespace

registry::RegistryState Harness::FirstTerm() {
  registry::RegistryState state;
  state.header.set_format(registry::kRegistryFormat);
  state.header.set_cluster_id("cluster");
  state.header.set_term(1);
  return state;
}

Harness::Harness(const MasterOptions& options, registry::RegistryState registry)
    : now{Time::FromNanos(1'000'000'000), WallTime::FromNanos(1'700'000'000'000'000'000)},
      disk(registry),
      core(options, Info(), std::move(registry), now) {
  Settle();
}

void Harness::Settle() {
  for (bool again = true; again;) {
    Effects effects = core.TakeEffects();
    again = false;
    if (effects.persist) {
      writes.push_back(*effects.persist);
      EXPECT_FALSE(write_out_.has_value()) << "one write at a time";
      write_out_ = effects.persist->number;
    }
    view_number_ += effects.view.size();
    EXPECT_EQ(effects.view_number, view_number_);
    for (ViewChange& change : effects.view) view.push_back(std::move(change));
    for (LedgerDelta& delta : effects.ledger) ledger.push_back(std::move(delta));
    for (auto& message : effects.to_agents)
      to_agents_[message.link].push_back(std::move(message.message));
    for (auto& event : effects.to_sessions) {
      EXPECT_FALSE(closed(event.session.value())) << "event after the end of " << event.session;
      events_[event.session.value()].push_back(std::move(event.event));
    }
    for (const StreamId& session : effects.close_sessions) ++closed_[session.value()];
    for (LinkId link : effects.close_links) closed_links.push_back(link);
    for (Effects::Reply& reply : effects.replies) replies.push_back(std::move(reply));
    counts.slave_unreachable_scheduled += effects.counts.slave_unreachable_scheduled;
    counts.slave_unreachable_completed += effects.counts.slave_unreachable_completed;
    counts.slave_unreachable_canceled += effects.counts.slave_unreachable_canceled;
    for (std::string& warning : effects.warnings) warnings.push_back(std::move(warning));
    if (effects.step_down) stepped_down = effects.step_down;
    if (write_out_ && !hold_disk) {
      EXPECT_TRUE(registry::Apply(writes.back().changes, &disk).ok());
      core.HandlePersisted(*std::exchange(write_out_, std::nullopt), now);
      again = true;
    }
  }
  core.CheckInvariants();
}

void Harness::Advance(Duration d) {
  now.mono = now.mono + d;
  now.wall = now.wall + d;
  core.Tick(now);
  Settle();
}

v1::AgentInfo Harness::AgentInfo(const std::string& hostname, const std::string& resources) {
  v1::AgentInfo info;
  info.set_hostname(hostname);
  info.set_port(5051);
  *info.mutable_resources() = Parse(resources).ToProto();
  return info;
}

void Harness::Register(LinkId link, const std::string& hostname,
                       const std::string& registration_id) {
  internal::ToMaster message;
  internal::RegisterAgent* agent = message.mutable_register_agent();
  agent->set_registration_id(registration_id);
  *agent->mutable_info() = AgentInfo(hostname);
  agent->set_pid("slave(1)@127.0.0.1:" + std::to_string(5051 + link));
  agent->set_version("0.1.0");
  core.HandleAgent(link, std::move(message), now);
  Settle();
}

void Harness::Reregister(LinkId link, const std::string& hostname,
                         const std::string& registration_id, const std::string& agent_id,
                         const std::vector<v1::Task>& tasks,
                         const std::vector<v1::FrameworkInfo>& frameworks) {
  internal::ToMaster message;
  internal::ReregisterAgent* agent = message.mutable_reregister_agent();
  agent->set_registration_id(registration_id);
  *agent->mutable_info() = AgentInfo(hostname);
  agent->mutable_info()->mutable_id()->set_value(agent_id);
  agent->set_pid("slave(1)@127.0.0.1:" + std::to_string(5051 + link));
  for (const v1::Task& task : tasks) *agent->add_tasks() = task;
  for (const v1::FrameworkInfo& framework : frameworks) *agent->add_frameworks() = framework;
  core.HandleAgent(link, std::move(message), now);
  Settle();
}

void Harness::LinkDown(LinkId link) {
  core.HandleLinkDown(link, now);
  Settle();
}

void Harness::Update(LinkId link, const std::string& agent_id, const std::string& framework_id,
                     const std::string& task_id, v1::TaskState state, const std::string& uuid) {
  internal::ToMaster message;
  internal::StatusUpdate* update = message.mutable_status_update();
  update->mutable_framework_id()->set_value(framework_id);
  update->mutable_agent_id()->set_value(agent_id);
  v1::TaskStatus* status = update->mutable_status();
  status->mutable_task_id()->set_value(task_id);
  status->set_state(state);
  status->set_uuid(uuid);
  status->set_data("payload");
  update->set_latest_state(state);
  core.HandleAgent(link, std::move(message), now);
  Settle();
}

std::vector<Harness::ToAgent> Harness::TakeToAgent(LinkId link) {
  return std::exchange(to_agents_[link], {});
}

v1::FrameworkInfo Harness::FrameworkInfo(const std::string& id,
                                         const std::vector<std::string>& roles) {
  v1::FrameworkInfo info;
  info.set_user("alice");
  info.set_name("test");
  if (!id.empty()) info.mutable_id()->set_value(id);
  for (const std::string& role : roles) info.add_roles(role);
  using Capability = v1::FrameworkInfo::Capability;
  for (Capability::Type type : {Capability::MULTI_ROLE, Capability::RESERVATION_REFINEMENT,
                                Capability::PARTITION_AWARE, Capability::TASK_KILLING_STATE}) {
    info.add_capabilities()->set_type(type);
  }
  info.set_failover_timeout(60);
  return info;
}

void Harness::Subscribe(const std::string& session, const v1::FrameworkInfo& info,
                        const std::vector<std::string>& suppressed, uint64_t term) {
  SubscribeRequest request;
  request.framework_term = term;
  request.session = StreamId(session);
  *request.call.mutable_framework_info() = info;
  for (const std::string& role : suppressed) request.call.add_suppressed_roles(role);
  core.HandleSubscribe(request, now);
  Settle();
}

CallResult Harness::Call(const std::string& session, v1::scheduler::Call call) {
  SchedulerRequest request;
  request.session = StreamId(session);
  request.call = std::move(call);
  request.reply = next_reply_++;
  const std::optional<CallResult> result = core.HandleCall(request, now);
  Settle();
  if (result) return *result;
  for (auto it = replies.begin(); it != replies.end(); ++it) {
    if (it->id != request.reply) continue;
    const CallResult answer = it->result;
    replies.erase(it);
    return answer;
  }
  return {0, "waits for the disk"};
}

void Harness::CloseSession(const std::string& session) {
  core.HandleSessionClosed(StreamId(session), now);
  Settle();
}

std::vector<Harness::Event> Harness::TakeEvents(const std::string& session) {
  return std::exchange(events_[session], {});
}

std::vector<Harness::Event> Harness::TakeEvents(const std::string& session, Event::Type type) {
  std::vector<Event> found;
  for (Event& event : TakeEvents(session)) {
    if (event.type() == type) found.push_back(std::move(event));
  }
  return found;
}

std::string Harness::OnlyOfferId(const std::string& framework) {
  const Framework* found = core.state().frameworks.Find(FrameworkId(framework));
  if (found == nullptr || found->offers.empty()) return "";
  // The newest: numbers grow.
  std::string newest;
  for (const OfferId& id : found->offers) {
    if (id.value().size() > newest.size() ||
        (id.value().size() == newest.size() && id.value() > newest)) {
      newest = id.value();
    }
  }
  return newest;
}

std::string Harness::Offer(const std::string& framework, const std::string& agent,
                           const std::string& role) {
  const std::string before = OnlyOfferId(framework);
  Proposal proposal;
  proposal.framework = FrameworkId(framework);
  proposal.agent = AgentId(agent);
  proposal.role = role;
  proposal.agent_version = Account(agent).version;
  proposal.resources = core.state().ledger.Free(AgentId(agent));
  core.HandleProposals({proposal}, now);
  Settle();
  const std::string after = OnlyOfferId(framework);
  return after == before ? "" : after;
}

std::string Harness::OfferOnly(const std::string& framework, const std::string& agent,
                               const std::string& resources, const std::string& role) {
  Proposal proposal;
  proposal.framework = FrameworkId(framework);
  proposal.agent = AgentId(agent);
  proposal.role = role;
  proposal.agent_version = Account(agent).version;
  proposal.resources = Parse(resources);
  const std::string before = OnlyOfferId(framework);
  core.HandleProposals({proposal}, now);
  Settle();
  const std::string after = OnlyOfferId(framework);
  return after == before ? "" : after;
}

v1::TaskInfo Harness::Task(const std::string& id, const std::string& agent,
                           const std::string& resources) {
  v1::TaskInfo task;
  task.set_name(id);
  task.mutable_task_id()->set_value(id);
  task.mutable_agent_id()->set_value(agent);
  *task.mutable_resources() = Parse(resources).ToProto();
  task.mutable_command()->set_value("true");
  return task;
}

v1::Task Harness::RunningTask(const std::string& id, const std::string& framework,
                              const std::string& agent, const std::string& resources) {
  v1::Task task;
  task.set_name(id);
  task.mutable_task_id()->set_value(id);
  task.mutable_framework_id()->set_value(framework);
  task.mutable_agent_id()->set_value(agent);
  task.set_state(v1::TASK_RUNNING);
  *task.mutable_resources() = Parse(resources).AllocatedTo("web").ToProto();
  return task;
}

v1::scheduler::Call Harness::CallOf(const std::string& framework, v1::scheduler::Call::Type type) {
  v1::scheduler::Call call;
  call.set_type(type);
  call.mutable_framework_id()->set_value(framework);
  return call;
}

v1::scheduler::Call Harness::Launch(const std::string& framework,
                                    const std::vector<std::string>& offers,
                                    const std::vector<v1::TaskInfo>& tasks) {
  v1::scheduler::Call call = CallOf(framework, v1::scheduler::Call::ACCEPT);
  for (const std::string& offer : offers) call.mutable_accept()->add_offer_ids()->set_value(offer);
  v1::Offer::Operation* operation = call.mutable_accept()->add_operations();
  operation->set_type(v1::Offer::Operation::LAUNCH);
  for (const v1::TaskInfo& task : tasks) *operation->mutable_launch()->add_task_infos() = task;
  return call;
}

Ledger::AgentAccount Harness::Account(const std::string& agent) const {
  const Ledger::AgentAccount* account = core.state().ledger.FindAgent(AgentId(agent));
  return account == nullptr ? Ledger::AgentAccount() : *account;
}

}  // namespace meseta::master
