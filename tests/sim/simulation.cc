#include "tests/sim/simulation.h"

#include <algorithm>

namespace meseta::sim {

Simulation::Simulation(const SimOptions& options)
    : world_(options), network_(&world_), http_(&world_), master_(&world_, &network_, &http_) {
  for (int i = 0; i < options.agents; ++i) {
    agents_.push_back(std::make_unique<SimAgent>(&world_, &network_, i));
  }
  const auto all_done = [this] {
    return std::all_of(frameworks_.begin(), frameworks_.end(),
                       [](const auto& framework) { return framework->nothing_pending(); });
  };
  for (int i = 0; i < options.frameworks; ++i) {
    frameworks_.push_back(std::make_unique<SimFramework>(
        &world_, &http_, i, all_done,
        [this](const std::string& agent) { return master_.RegisteredSince(AgentId(agent)); }));
  }
}

void Simulation::ScheduleFault() {
  const Duration pause = world_.Between(Duration(), world_.options.fault_every * 2);
  world_.heap.After(pause, [this] {
    if (!world_.faults) return;
    Fault();
    ScheduleFault();
  });
}

void Simulation::Fault() {
  const uint64_t kind = world_.rng.Below(10);
  if (kind == 0) return master_.Crash(world_.Chance(0.2));
  if (kind == 3) return master_.Depose();
  if (kind <= 2) {
    return frameworks_[world_.rng.Below(frameworks_.size())]->BreakStream();
  }
  FaultOfAgent(static_cast<int>(world_.rng.Below(agents_.size())));
}

void Simulation::FaultOfAgent(int agent) {
  switch (world_.rng.Below(6)) {
    case 0:
    case 1:
      return network_.BreakLinksOf(agent);
    case 2:
      world_.Note("agent " + std::to_string(agent) + " is cut off");
      return network_.Partition(agent, world_.Between(Duration::Seconds(1), Duration::Seconds(80)));
    case 3:
      return agents_[agent]->Crash(true);
    default:
      return agents_[agent]->Crash(false);
  }
}

std::string Simulation::Unrest() const {
  for (const auto& framework : frameworks_) {
    if (!framework->done() || !framework->connected()) return framework->Describe();
  }
  if (!master_.up()) return "the master is down";
  size_t registered = 0;
  for (const auto& [id, agent] : master_.state().agents.registered()) {
    if (!agent.connected()) return "agent " + id.value() + " is disconnected";
    const auto* account = master_.state().ledger.FindAgent(id);
    for (const auto& [framework, used] : account->used) {
      if (!used.empty()) return "agent " + id.value() + " has resources in use";
    }
    if (!master_.state().ledger.Free(id).empty()) {
      return "agent " + id.value() +
             " has resources that nobody is offered: " + master_.state().ledger.Free(id).ToString();
    }
    ++registered;
  }
  if (registered != agents_.size()) {
    return std::to_string(registered) + " of " + std::to_string(agents_.size()) +
           " agents are registered";
  }
  for (size_t i = 0; i < agents_.size(); ++i) {
    if (!agents_[i]->registered()) return "agent " + std::to_string(i) + " is not registered";
    if (agents_[i]->task_count() > 0) {
      return "agent " + std::to_string(i) + " waits for acknowledgements";
    }
  }
  return "";
}

void Simulation::RunUntil(Time end) {
  bool over = false;
  world_.heap.At(end, [&over] { over = true; });
  while (!over && !world_.checkers.failed() && world_.heap.Step()) {
    if (world_.heap.steps() > kMaxSteps) world_.checkers.Fail("The simulation does not end");
  }
  // What is still on the heap would touch `over`: the run ends with this failure.
}

bool Simulation::Calm() {
  const Time limit = world_.heap.now() + kCalmLimit;
  while (!world_.checkers.failed()) {
    const std::string unrest = Unrest();
    if (unrest.empty()) return true;
    if (world_.heap.now() >= limit) {
      world_.checkers.Fail("The cluster did not come to rest without faults: " + unrest);
      return false;
    }
    RunUntil(world_.heap.now() + Duration::Seconds(1));
  }
  return false;
}

SimResult Simulation::Run() {
  for (auto& agent : agents_) agent->Boot();
  master_.Boot();
  for (auto& framework : frameworks_) framework->Start();
  ScheduleFault();
  RunUntil(world_.heap.now() + world_.options.chaos);
  world_.faults = false;
  world_.Note("faults stop");
  if (Calm()) world_.checkers.CheckEnd();

  SimResult result;
  result.ok = !world_.checkers.failed();
  if (!result.ok) result.failure = world_.checkers.failure();
  result.story = world_.trace.Tail();
  result.hash = world_.trace.hash();
  result.steps = world_.heap.steps();
  result.virtual_time = world_.heap.now() - Time::FromNanos(EventHeap::kMonoStart);
  result.probes = world_.checkers.probes;
  return result;
}

SimResult RunSeed(uint64_t seed, Mutation mutation) {
  SimOptions options = SimOptions::FromSeed(seed);
  options.mutation = mutation;
  return Simulation(options).Run();
}

}  // namespace meseta::sim
