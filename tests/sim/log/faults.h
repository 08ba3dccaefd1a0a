// Faults: what goes wrong with machines, links and disks, drawn by the options' weights. And the
// operator, who adds, removes, promotes and replaces members meanwhile and moves leadership.
//
// Neither asks for the impossible: a disk is lost, and a member removed, only while every
// configuration that may be in force keeps a majority of voters whose disks are there.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "tests/sim/log/checkers.h"
#include "tests/sim/log/log_network.h"
#include "tests/sim/log/sim_replica.h"
#include "tests/sim/log/world.h"

namespace meseta::logsim {

class Faults {
 public:
  using Replicas = std::vector<std::unique_ptr<SimReplica>>;

  Faults(World* world, LogNetwork* network, Checkers* checkers, Replicas* replicas)
      : world_(world), network_(network), checkers_(checkers), replicas_(replicas) {}

  void Start();

 private:
  void Next();
  void Strike();
  void Crash();
  void CrashAll();
  void CutLink();
  void Isolate(int slot);
  void Split();
  void Flap(int one, int other, int times);
  void BreakLink();
  void LoseDisk(bool wipe);
  void Change();
  void ChangeOnce(SimReplica* leader);
  void Transfer();
  // For a while, in this direction.
  void CutFor(int from, int to, Duration time);

  // The disk at `slot` may be lost.
  [[nodiscard]] bool MayLose(int slot) const;
  [[nodiscard]] bool Intact(const log::Configuration& configuration, int except_slot) const;
  [[nodiscard]] int AnySlot();
  [[nodiscard]] SimReplica* Leader() const;
  [[nodiscard]] SimReplica* Any() { return (*replicas_)[static_cast<size_t>(AnySlot())].get(); }
  [[nodiscard]] Duration CutTime();

  World* world_;
  LogNetwork* network_;
  Checkers* checkers_;
  Replicas* replicas_;
};

}  // namespace meseta::logsim
