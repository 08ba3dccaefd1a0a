#include "tests/sim/sim_agent.h"

#include <utility>

#include "agent/recovery/recovery_plan.h"
#include "state/model/resources.h"

namespace meseta::sim {
namespace {

constexpr char kTotal[] = "cpus:4;mem:1024;ports:[31000-31019]";

}  // namespace

SimAgent::SimAgent(World* world, SimNetwork* network, int index)
    : world_(world), network_(network), index_(index), disk_(world), containers_(world, index) {
  world->checkers.AddAgent(index, *model::Resources::Parse(kTotal));
}

agent::AgentOptions SimAgent::Options() const {
  const std::string host = "host" + std::to_string(index_);
  const std::string endpoint = "10.0.0." + std::to_string(index_ + 1) + ":5051";
  agent::AgentOptions options;
  options.info.set_hostname(host);
  options.info.set_port(5051);
  *options.info.mutable_resources() = model::Resources::Parse(kTotal)->ToProto();
  options.ip = "10.0.0." + std::to_string(index_ + 1);
  options.version = "1.0";
  using Capability = v1::AgentInfo::Capability;
  for (const auto type : {Capability::MULTI_ROLE, Capability::HIERARCHICAL_ROLE,
                          Capability::RESERVATION_REFINEMENT}) {
    Capability capability;
    capability.set_type(type);
    options.capabilities.push_back(capability);
  }
  options.command.work_dir = "/w";
  options.command.launcher_dir = "/l";
  options.command.pid = "slave(1)@" + endpoint;
  options.command.endpoint = endpoint;
  options.gc_delay = world_->options.gc_delay;
  options.gc_disk_headroom = 0;
  return options;
}

void SimAgent::Boot() {
  std::vector<internal::CheckpointRecord> records;
  for (const auto& [key, value] : disk_.records()) {
    internal::CheckpointRecord record;
    if (!record.ParseFromString(value)) return world_->checkers.Fail("Bad checkpoint " + key);
    world_->checkers.Checkpointed(index_, record);
    records.push_back(std::move(record));
  }
  auto plan = agent::PlanRecovery(records, "/w/meta/checkpoint");
  if (!plan.ok()) {
    return world_->checkers.Fail("The checkpoint cannot be recovered: " + plan.status().message());
  }
  for (agent::RecoveredTask& task : plan->tasks) {
    const ContainerId id(task.task.container_id());
    task.never_started =
        !id.empty() && !task.task.ended() && task.task.pid() == 0 && !containers_.Started(id);
    if (task.never_started) ++world_->checkers.probes["launched again after a crash"];
  }
  Note("boots with " + std::to_string(plan->tasks.size()) + " tasks");
  ++epoch_;
  core_ = std::make_unique<agent::AgentCore>(Options(), *std::move(plan), Rng(world_->rng.Next()));
  containers_.AgentUp([this](const agent::ContainerEvent& event) {
    Perform(core_->FromContainer(event, world_->heap.both()));
  });
  Perform(core_->Start(world_->heap.both()));
  if (up()) network_->AgentUp(index_, this);
}

void SimAgent::Crash(bool power) {
  if (!up()) return;
  Note(power ? "loses power" : "dies");
  ++world_->checkers.probes[power ? "agent lost power" : "agent died"];
  ++epoch_;
  // Kept until the call that it may be in has returned.
  std::shared_ptr<agent::AgentCore> dead = std::move(core_);
  world_->heap.After(Duration(), [dead] {});
  disk_.Crash(power);
  containers_.AgentDown();
  if (power) {
    containers_.PowerFailure();
    world_->checkers.PowerFailed(index_);
  }
  network_->AgentDown(index_);
  world_->heap.After(world_->Between(Duration::Millis(50), Duration::Seconds(20)),
                     [this] { Boot(); });
}

void SimAgent::Later(Duration delay, std::function<void()> event) {
  world_->heap.After(delay, [this, epoch = epoch_, event = std::move(event)] {
    if (epoch == epoch_) event();
  });
}

void SimAgent::OnLinkUp(uint64_t link) {
  Note("has link " + std::to_string(link));
  Perform(core_->LinkUp(link, world_->heap.both()));
}

void SimAgent::OnLinkBytes(uint64_t link, const std::string& bytes) {
  internal::ToAgent message;
  if (!message.ParseFromString(bytes)) return world_->checkers.Fail("ToAgent cannot be parsed");
  Note("gets " + std::to_string(message.message_case()) + " on link " + std::to_string(link));
  Perform(core_->FromMaster(link, message, world_->heap.both()));
}

void SimAgent::OnLinkDown(uint64_t link) { Perform(core_->LinkDown(link, world_->heap.both())); }

void SimAgent::Perform(agent::AgentEffects effects) {
  const uint64_t epoch = epoch_;
  for (const std::string& line : effects.log) Note(line);
  for (agent::CheckpointBatch& batch : effects.persist) Persist(std::move(batch));
  for (auto& call : effects.containers) Call(call);
  for (auto& send : effects.send) Send(send.link, std::move(send.message));
  for (auto& close : effects.close) network_->Break(close.link);
  for (auto& sandbox : effects.delete_sandboxes) {
    Later(world_->Delay(), [this, id = sandbox.container] {
      Perform(core_->SandboxDeleted(id, OkStatus(), world_->heap.both()));
    });
  }
  if (epoch != epoch_) return;
  if (effects.stop) {
    Note("stops: " + effects.stop->message());
    ++world_->checkers.probes["agent stopped itself"];
    return Crash(false);
  }
  WakeAt(effects.wake_at);
  core_->CheckInvariants();
}

void SimAgent::Persist(agent::CheckpointBatch batch) {
  SimDisk::Changes changes;
  for (const std::string& key : batch.erase) changes.emplace_back(key, std::nullopt);
  for (const internal::CheckpointRecord& record : batch.put) {
    changes.emplace_back(agent::KeyOf(record), record.SerializeAsString());
  }
  const bool sync = batch.sync;
  disk_.Write(std::move(changes), sync, [this, batch = std::move(batch)](const Status& status) {
    if (!status.ok()) return Perform(core_->PersistFailed(status, world_->heap.both()));
    for (const std::string& key : batch.erase) world_->checkers.Erased(index_, key);
    for (const auto& record : batch.put) {
      if (batch.sync) world_->checkers.Checkpointed(index_, record);
    }
    Perform(core_->Persisted(batch.number, world_->heap.both()));
  });
}

void SimAgent::Call(agent::AgentEffects::ContainerCall& call) {
  if (auto* launch = std::get_if<agent::AgentEffects::Launch>(&call)) {
    containers_.Launch(launch->spec);
  } else if (auto* kill = std::get_if<agent::AgentEffects::Kill>(&call)) {
    containers_.Kill(kill->id, kill->grace);
  } else if (auto* forget = std::get_if<agent::AgentEffects::Forget>(&call)) {
    containers_.Forget(forget->id);
  } else {
    containers_.Recover(std::get<agent::AgentEffects::Recover>(call).containers);
  }
}

void SimAgent::Send(uint64_t link, internal::ToMaster message) {
  const bool terminal =
      message.has_status_update() && agent::IsTerminal(message.status_update().status().state());
  if (world_->options.mutation == Mutation::kAgentHidesTasks && message.has_reregister_agent()) {
    message.mutable_reregister_agent()->clear_tasks();
  }
  if (terminal && world_->options.mutation == Mutation::kUpdatesSwallowed) return;
  if (terminal && world_->options.mutation == Mutation::kForgedAcknowledge) {
    internal::ToAgent forged;
    internal::AcknowledgeUpdate& ack = *forged.mutable_acknowledge_update();
    forged.set_term(UINT32_MAX);
    *ack.mutable_framework_id() = message.status_update().framework_id();
    *ack.mutable_task_id() = message.status_update().status().task_id();
    ack.set_uuid(message.status_update().status().uuid());
    Later(Duration(),
          [this, link, forged] { Perform(core_->FromMaster(link, forged, world_->heap.both())); });
  }
  network_->SendToMaster(link, message.SerializeAsString());
}

void SimAgent::WakeAt(std::optional<Time> time) {
  const uint64_t wish = ++wake_;
  if (!time) return;
  Later(*time - world_->heap.now(), [this, wish] {
    if (wish == wake_) Perform(core_->Tick(world_->heap.both()));
  });
}

}  // namespace meseta::sim
