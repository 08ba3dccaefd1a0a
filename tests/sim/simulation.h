// Simulation: a whole cluster (one master at a time, agents, scripted frameworks) in one thread, on
// virtual time, decided by one seed.
//
// First faults: links break, machines and processes die, disks fail, calls get lost. Then faults
// stop and the cluster must converge within kCalmLimit: every task over and known to its framework,
// every agent registered, nothing left to acknowledge, all resources offered again.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/sim/sim_agent.h"
#include "tests/sim/sim_framework.h"
#include "tests/sim/sim_http.h"
#include "tests/sim/sim_master.h"
#include "tests/sim/sim_network.h"
#include "tests/sim/world.h"

namespace meseta::sim {

struct SimResult {
  bool ok = false;
  std::string failure;  // A sentence; empty when ok.
  std::string story;    // The last lines of the trace.
  uint64_t hash = 0;    // Of the whole trace.
  uint64_t steps = 0;
  Duration virtual_time;
  std::map<std::string, uint64_t> probes;
};

class Simulation {
 public:
  static constexpr Duration kCalmLimit = Duration::Minutes(20);
  static constexpr uint64_t kMaxSteps = 5'000'000;

  explicit Simulation(const SimOptions& options);
  Simulation(const Simulation&) = delete;
  Simulation& operator=(const Simulation&) = delete;

  SimResult Run();

 private:
  void ScheduleFault();
  void Fault();
  void FaultOfAgent(int agent);
  // Why the cluster is not at rest yet; empty when it is.
  [[nodiscard]] std::string Unrest() const;
  void RunUntil(Time end);
  bool Calm();

  World world_;
  SimNetwork network_;
  SimHttp http_;
  SimMaster master_;
  std::vector<std::unique_ptr<SimAgent>> agents_;
  std::vector<std::unique_ptr<SimFramework>> frameworks_;
};

// One run of one seed.
SimResult RunSeed(uint64_t seed, Mutation mutation = Mutation::kNone);

}  // namespace meseta::sim
