#include "tests/sim/log/log_simulation.h"

#include <algorithm>

#include "tests/sim/log/describe.h"

namespace meseta::logsim {

LogSimulation::LogSimulation(const LogSimOptions& options, TraceMode trace)
    : world_(options, trace),
      checkers_(&world_),
      network_(&world_, [this](int to, const log::Message& m) { replicas_[to]->Receive(m); }),
      clients_(
          &world_, &network_, [this](int slot) { return replicas_[slot].get(); },
          options.founders + options.spares),
      faults_(&world_, &network_, &checkers_, &replicas_) {
  world_.check_invariants = options.seed % 8 == 0;
  for (int slot = 0; slot < options.founders + options.spares; ++slot) {
    replicas_.push_back(
        std::make_unique<SimReplica>(&world_, &network_, &checkers_, slot,
                                     [this](int from, log::MemberId id) { AskToJoin(from, id); }));
  }
}

void LogSimulation::Form() {
  log::Configuration genesis;
  for (int slot = 0; slot < world_.options.founders; ++slot) {
    replicas_[slot]->NewDisk();
    auto* member = genesis.add_members();
    member->set_id(replicas_[slot]->id());
    member->set_address(AddressOf(slot));
  }
  checkers_.Genesis(genesis);
  for (const auto& replica : replicas_) {
    if (replica->slot() < world_.options.founders) {
      replica->Found(genesis);
    } else {
      replica->NewDisk();
    }
    replica->Boot();
  }
}

void LogSimulation::AskToJoin(int slot, log::MemberId id) {
  const int to = static_cast<int>(world_.rng.Below(replicas_.size()));
  if (to == slot || !network_.Reaches(slot, to) || world_.Fault(world_.options.loss)) return;
  const bool promote = !world_.faults || world_.Chance(0.8);
  world_.heap.After(network_.Delay(), [this, slot, id, to, promote] {
    // A link ends with its process: what a lost disk asked does not arrive any more.
    if (replicas_[slot]->up() || replicas_[slot]->id() != id) return;
    if (!replicas_[to]->Join(slot, id, promote) || !network_.Reaches(to, slot)) return;
    world_.heap.After(network_.Delay(), [this, slot, id] {
      if (!replicas_[slot]->up() && replicas_[slot]->id() == id) replicas_[slot]->Joined();
    });
  });
}

void LogSimulation::RunUntil(Time end) {
  bool over = false;
  world_.heap.At(end, [&over] { over = true; });
  while (!over && !world_.failed() && world_.heap.Step()) {
    if (world_.heap.steps() > kMaxSteps) world_.Fail("The simulation does not end");
  }
}

void LogSimulation::StopFaults() {
  world_.faults = false;
  world_.Note("faults stop");
  network_.MendAll();
  for (const auto& replica : replicas_) {
    replica->Resume();
    replica->DiskEmptied();
    if (!replica->up()) replica->Boot();
  }
  calm_since_ = clients_.moment();
}

const SimReplica* LogSimulation::Leader() const {
  const SimReplica* leader = nullptr;
  for (const auto& replica : replicas_) {
    if (!replica->serving()) continue;
    if (leader == nullptr || replica->core().term() > leader->core().term()) {
      leader = replica.get();
    }
  }
  return leader;
}

std::string LogSimulation::Unrest() const {
  const SimReplica* leader = Leader();
  if (leader == nullptr) return "nobody leads";
  return UnrestOf(*leader);
}

std::string LogSimulation::UnrestOf(const SimReplica& leader) const {
  if (clients_.WritesDoneSince(calm_since_) == 0) return "no write has succeeded";
  const log::RaftStatus status = leader.core().status();
  if (status.configuration_index > status.commit) return "a membership change is under way";
  for (const auto& member : status.configuration.members()) {
    const SimReplica& replica = *replicas_[SlotOf(member.id())];
    const std::string name = "m" + std::to_string(member.id());
    if (!replica.up() || replica.id() != member.id()) return name + " is not replaced";
    if (member.learner() && member.promote()) return name + " is not promoted";
    if (replica.core().term() != status.term) return name + " is in another term";
    // A few entries behind: clients go on.
    if (replica.applied() + 20 < leader.applied()) return name + " lags behind";
  }
  return "";
}

bool LogSimulation::Calm() {
  const Time limit = world_.heap.now() + world_.options.calm_limit;
  while (!world_.failed()) {
    const std::string unrest = Unrest();
    if (unrest.empty()) return true;
    if (world_.heap.now() >= limit) {
      std::string terms;
      for (const auto& replica : replicas_) {
        if (!replica->up()) continue;
        terms += " m" + std::to_string(replica->id()) + ":" +
                 std::to_string(replica->core().term()) + "/" + std::to_string(replica->applied());
      }
      const SimReplica* leader = Leader();
      if (leader != nullptr) terms += "; " + Describe(leader->core().status().configuration);
      world_.Fail("Liveness: without faults the cluster does not come to rest: " + unrest +
                  " (member:term/applied" + terms + ")");
      return false;
    }
    RunUntil(world_.heap.now() + world_.options.raft.heartbeat);
  }
  return false;
}

void LogSimulation::FinalReads() {
  clients_.Stop();
  const Time limit = world_.heap.now() + world_.options.calm_limit;
  bool asked = false;
  while (!world_.failed() && !(asked && clients_.idle())) {
    if (!asked && clients_.idle()) {
      if (const SimReplica* leader = Leader()) {
        clients_.ReadAll(leader->slot());
        asked = true;
      }
    }
    if (world_.heap.now() >= limit) return world_.Fail("Liveness: reads are not answered");
    RunUntil(world_.heap.now() + world_.options.delay_max);
  }
}

std::string LogSimulation::CheckHistory() {
  const LinearizabilityResult result = CheckLinearizable(clients_.History());
  if (result.verdict == Verdict::kLinearizable) return "";
  world_.Fail((result.verdict == Verdict::kUndecided ? "Linearizability undecided: key "
                                                     : "Linearizability: key ") +
              std::to_string(result.key) + " has a history that no order explains");
  return "The history of key " + std::to_string(result.key) + ":\n" + result.history;
}

LogSimResult LogSimulation::Run() {
  Form();
  clients_.Start();
  faults_.Start();
  RunUntil(world_.heap.now() + world_.options.chaos);
  StopFaults();
  if (Calm()) FinalReads();
  LogSimResult result;
  const std::string history = world_.failed() ? "" : CheckHistory();
  result.ok = !world_.failed();
  result.failure = world_.failure;
  result.story = world_.trace.Tail() + history;
  result.hash = world_.trace.hash();
  result.steps = world_.heap.steps();
  result.operations = clients_.History().size();
  result.storage_calls = world_.storage_calls;
  result.virtual_time = world_.heap.now() - Time::FromNanos(sim::EventHeap::kMonoStart);
  result.probes = world_.probes;
  return result;
}

LogSimResult RunOptions(const LogSimOptions& options, TraceMode trace) {
  LogSimResult result = LogSimulation(options, trace).Run();
  if (result.ok || trace != TraceMode::kOff) return result;
  return LogSimulation(options, TraceMode::kKeep).Run();
}

LogSimResult RunSeed(uint64_t seed, TraceMode trace) {
  return RunOptions(LogSimOptions::FromSeed(seed), trace);
}

}  // namespace meseta::logsim
