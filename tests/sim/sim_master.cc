#include "tests/sim/sim_master.h"

#include <algorithm>
#include <utility>

#include "state/model/task_state.h"
#include "state/registry/registry.h"

namespace meseta::sim {
namespace {

// What is on disk, with the next term begun there durably.
Result<registry::RegistryState> OpenRegistry(SimDisk* disk) {
  registry::RegistryState state;
  for (const auto& [key, value] : disk->records()) {
    RETURN_IF_ERROR(registry::ApplyRecord(key, value, &state));
  }
  registry::StartTerm start;
  start.term = state.header.term() + 1;
  start.cluster_id = "cluster";
  ASSIGN_OR_RETURN(const registry::RegistryDelta delta, registry::Evaluate(state, start));
  SimDisk::Changes changes;
  for (const registry::RegistryChange& change : delta) {
    changes.emplace_back(change.key, change.value);
  }
  disk->WriteNow(changes);
  RETURN_IF_ERROR(registry::Apply(delta, &state));
  return state;
}

}  // namespace

void SimMaster::Boot() {
  auto registry = OpenRegistry(&disk_);
  if (!registry.ok()) {
    return world_->checkers.Fail("The registry cannot be read: " + registry.status().message());
  }
  const SimOptions& sim = world_->options;
  master::MasterOptions options;
  options.agent_ping_timeout = sim.ping_timeout;
  options.agent_reregister_timeout = sim.reregister_timeout;
  if (sim.offers_expire) options.offer_timeout = Duration::Seconds(20);
  v1::MasterInfo info;
  info.set_id("m" + std::to_string(registry->header.term()));
  info.set_ip(16777343);
  info.set_port(5050);
  info.set_hostname("master");
  world_->Note("master boots as " + info.id());
  ++epoch_;
  core_ = std::make_unique<master::MasterCore>(options, info, *std::move(registry),
                                               world_->heap.both());
  allocator_ = std::make_unique<master::AllocatorCore>();
  allocator_rng_ = Rng(world_->rng.Next());
  next_delta_ = Time();
  network_->MasterUp(this);
  http_->MasterUp(this);
  Perform();
}

void SimMaster::Crash(bool power) {
  if (!up()) return;
  world_->Note("master dies");
  ++world_->checkers.probes["master died"];
  Stop(power, world_->Between(Duration::Millis(100), Duration::Seconds(15)));
}

void SimMaster::Depose() {
  if (!up() || deposed_) return;
  world_->Note("master is deposed");
  ++world_->checkers.probes["leader changed"];
  deposed_ = true;
  Later(world_->heap.now() + world_->Between(Duration(), Duration::Seconds(1)), [this] {
    Stop(false, world_->Between(Duration::Millis(100), Duration::Millis(1500)));
  });
}

std::optional<Time> SimMaster::RegisteredSince(const AgentId& agent) const {
  const auto it = registered_since_.find(agent);
  if (it == registered_since_.end()) return std::nullopt;
  return it->second;
}

void SimMaster::Stop(bool power, Duration pause) {
  ++epoch_;
  deposed_ = false;
  registered_since_.clear();
  core_.reset();
  allocator_.reset();
  disk_.Crash(power);
  network_->MasterDown();
  http_->MasterDown();
  world_->heap.After(pause, [this] { Boot(); });
}

void SimMaster::Later(Time at, std::function<void()> event) {
  world_->heap.At(at, [this, epoch = epoch_, event = std::move(event)] {
    if (epoch == epoch_) event();
  });
}

void SimMaster::OnLinkBytes(uint64_t link, const std::string& bytes) {
  internal::ToMaster message;
  if (!message.ParseFromString(bytes)) return world_->checkers.Fail("ToMaster cannot be parsed");
  world_->Note("master gets " + std::to_string(message.message_case()) + " on link " +
               std::to_string(link));
  core_->HandleAgent(link, std::move(message), world_->heap.both());
  Perform();
}

void SimMaster::OnLinkDown(uint64_t link) {
  core_->HandleLinkDown(link, world_->heap.both());
  Perform();
}

void SimMaster::OnSubscribe(const std::string& stream, const std::string& bytes) {
  v1::scheduler::Call call;
  if (!call.ParseFromString(bytes)) return world_->checkers.Fail("A call cannot be parsed");
  master::SubscribeRequest request;
  request.session = StreamId(stream);
  request.call = call.subscribe();
  core_->HandleSubscribe(request, world_->heap.both());
  Perform();
}

void SimMaster::OnCall(const std::string& stream, const std::string& bytes) {
  master::SchedulerRequest request;
  if (!request.call.ParseFromString(bytes)) {
    return world_->checkers.Fail("A call cannot be parsed");
  }
  const Status valid = master::ValidateSchedulerCall(request.call, std::nullopt);
  if (!valid.ok()) return world_->checkers.Fail("A call is invalid: " + valid.message());
  request.session = StreamId(stream);
  const auto result = core_->HandleCall(request, world_->heap.both());
  world_->Note("master answers " + v1::scheduler::Call::Type_Name(request.call.type()) + " with " +
               (result ? std::to_string(result->status) : "what the disk will say"));
  Perform();
}

void SimMaster::OnStreamClosed(const std::string& stream) {
  core_->HandleSessionClosed(StreamId(stream), world_->heap.both());
  Perform();
}

void SimMaster::Perform() {
  core_->Tick(world_->heap.both());
  master::Effects effects = core_->TakeEffects();
  if (effects.step_down) {
    world_->Note("master steps down");
    ++world_->checkers.probes["master stepped down"];
    return Crash(false);
  }
  if (effects.persist) Persist(*std::move(effects.persist));
  if (!effects.ledger.empty()) TellAllocator(std::move(effects.ledger));
  for (const auto& message : effects.to_agents) {
    network_->SendToAgent(message.link, message.message.SerializePartialAsString());
  }
  for (const auto& event : effects.to_sessions) Tell(event);
  for (const StreamId& session : effects.close_sessions) http_->CloseByServer(session.value());
  for (const master::LinkId link : effects.close_links) network_->Break(link);
  WakeAt(effects.wake_at);
  Check();
}

void SimMaster::Tell(const master::Effects::SessionEvent& event) {
  if (event.event.has_subscribed()) {
    const std::string id = event.event.subscribed().framework_id().value();
    if (!disk_.records().count("framework/" + id)) {
      world_->checkers.Fail("Framework " + id + " is subscribed and not in the registry");
    }
  }
  const bool answer = event.event.has_update() && !event.event.update().status().has_uuid();
  if (answer && world_->options.mutation == Mutation::kAnswersSwallowed) return;
  http_->SendEvent(event.session.value(), event.event);
}

void SimMaster::Persist(registry::RegistryBatch batch) {
  if (deposed_) return;
  SimDisk::Changes changes;
  for (registry::RegistryChange& change : batch.changes) {
    changes.emplace_back(std::move(change.key), std::move(change.value));
  }
  disk_.Write(std::move(changes), true, [this, number = batch.number](const Status& status) {
    if (status.ok()) {
      core_->HandlePersisted(number, world_->heap.both());
    } else {
      core_->HandlePersistFailed(status);
    }
    Perform();
  });
}

void SimMaster::TellAllocator(std::vector<master::LedgerDelta> deltas) {
  next_delta_ =
      std::max(next_delta_, world_->heap.now() + world_->Between(Duration(), Duration::Millis(20)));
  Later(next_delta_, [this, deltas = std::move(deltas)] {
    for (const master::LedgerDelta& delta : deltas) allocator_->Apply(delta, world_->heap.both());
    Allocate();
  });
}

void SimMaster::Allocate() {
  const auto due = allocator_->NextWake();
  if (due && *due <= world_->heap.now()) {
    auto proposals = allocator_->Allocate(world_->heap.both(), allocator_rng_);
    if (!proposals.empty()) {
      Later(world_->heap.now() + world_->Between(Duration(), Duration::Millis(20)),
            [this, proposals = std::move(proposals)] {
              core_->HandleProposals(proposals, world_->heap.both());
              Perform();
            });
    }
  }
  allocator_->CheckInvariants();
  const uint64_t wish = ++allocator_wake_;
  if (const auto next = allocator_->NextWake()) {
    Later(*next, [this, wish] {
      if (wish == allocator_wake_) Allocate();
    });
  }
}

void SimMaster::WakeAt(std::optional<Time> time) {
  const uint64_t wish = ++wake_;
  if (!time) return;
  Later(*time, [this, wish] {
    if (wish == wake_) Perform();
  });
}

// Nothing is held twice, by the master's own books.
void SimMaster::Check() {
  core_->CheckInvariants();
  for (const auto& [id, agent] : core_->state().agents.registered()) {
    if (agent.connected()) {
      registered_since_.emplace(id, world_->heap.now());
    } else {
      registered_since_.erase(id);
    }
    const auto* account = core_->state().ledger.FindAgent(id);
    model::Resources offered;
    for (const auto& [offer_id, offer] : core_->state().offers.all()) {
      if (offer.agent == id) offered += offer.resources;
    }
    model::Resources held;
    for (const auto& [framework, resources] : account->offered) held += resources;
    if (!(held == offered)) {
      world_->checkers.Fail("The ledger of " + id.value() + " counts offers of " + held.ToString() +
                            ", there are " + offered.ToString());
    }
    model::Resources used;
    for (const auto& [framework, tasks] : core_->state().frameworks.all()) {
      for (const auto& [task_id, task] : core_->state().tasks.OfFramework(framework)) {
        const bool holds = !model::IsTerminal(task->state()) &&
                           task->state() != v1::TASK_UNREACHABLE &&
                           task->agent_id().value() == id.value();
        if (holds) used += *model::Resources::FromProto(task->resources());
      }
    }
    if (!agent.total.Contains((used + offered).Unallocated())) {
      world_->checkers.Fail("Resources of agent " + id.value() + " are held twice: used " +
                            used.ToString() + ", offered " + offered.ToString() + ", total " +
                            agent.total.ToString());
    }
  }
}

}  // namespace meseta::sim
