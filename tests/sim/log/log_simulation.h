// LogSimulation: replicas of one log, their disks, links, clients and operator in one thread, on
// virtual time, decided by one seed.
//
// First faults. Then they stop: what is down starts, links are whole, disks write. Within
// LogSimOptions::calm_limit one replica must lead, everybody whom the configuration names must have
// all it has, who joins must have joined, and a write must succeed. Last, every key is read, and
// the whole history must be linearizable.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/sim/log/checkers.h"
#include "tests/sim/log/clients.h"
#include "tests/sim/log/faults.h"
#include "tests/sim/log/log_network.h"
#include "tests/sim/log/sim_replica.h"
#include "tests/sim/log/world.h"

namespace meseta::logsim {

struct LogSimResult {
  bool ok = false;
  std::string failure;  // A sentence; empty when ok.
  std::string story;    // The last lines of the trace, and of a bad history its key's operations.
  uint64_t hash = 0;    // Of the whole run.
  uint64_t steps = 0;
  uint64_t operations = 0;
  uint64_t storage_calls = 0;
  Duration virtual_time;
  std::map<std::string, uint64_t> probes;
};

class LogSimulation {
 public:
  static constexpr uint64_t kMaxSteps = 2'000'000;

  LogSimulation(const LogSimOptions& options, TraceMode trace);
  LogSimulation(const LogSimulation&) = delete;
  LogSimulation& operator=(const LogSimulation&) = delete;

  LogSimResult Run();

 private:
  void Form();
  void RunUntil(Time end);
  void StopFaults();
  // Runs until `unrest` says nothing any more.
  bool Calm();
  // Why the cluster is not at rest; empty when it is.
  [[nodiscard]] std::string Unrest() const;
  [[nodiscard]] std::string UnrestOf(const SimReplica& leader) const;
  [[nodiscard]] const SimReplica* Leader() const;
  void FinalReads();
  void AskToJoin(int slot, log::MemberId id);
  std::string CheckHistory();

  World world_;
  Checkers checkers_;
  LogNetwork network_;
  std::vector<std::unique_ptr<SimReplica>> replicas_;
  Clients clients_;
  Faults faults_;
  uint64_t calm_since_ = 0;  // In the clients' moments.
};

// One run of these options; when it fails, again with its story.
LogSimResult RunOptions(const LogSimOptions& options, TraceMode trace = TraceMode::kOff);
// The same for what the seed draws.
LogSimResult RunSeed(uint64_t seed, TraceMode trace = TraceMode::kOff);

}  // namespace meseta::logsim
