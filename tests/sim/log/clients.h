// Clients: processes that read, put and swap a few keys, one operation at a time each, and the
// history of what they asked and heard.
//
// An operation that was refused has not happened and leaves the history; one that was not answered
// in time stays in it with an unknown outcome.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "tests/sim/log/linearizability.h"
#include "tests/sim/log/log_network.h"
#include "tests/sim/log/sim_replica.h"
#include "tests/sim/log/world.h"

namespace meseta::logsim {

class Clients {
 public:
  // `replica`: the one in this slot, or none.
  using ReplicaAt = std::function<SimReplica*(int slot)>;

  Clients(World* world, LogNetwork* network, ReplicaAt replica, int slots);

  void Start();
  // No new operations.
  void Stop() { stopped_ = true; }
  [[nodiscard]] bool idle() const { return busy_ == 0; }
  // A read of each key by the replica at `slot`, at the end; again until it is answered.
  void ReadAll(int slot);

  // What counts: refused operations left out.
  [[nodiscard]] std::vector<HistoryOp> History() const;
  // Writes that were called after this moment of the history and are acknowledged.
  [[nodiscard]] uint64_t WritesDoneSince(uint64_t moment) const;
  [[nodiscard]] uint64_t moment() const { return moment_; }

 private:
  struct Client {
    int guess = 0;                        // Where the leader was last.
    std::map<int, KvMachine::Cell> seen;  // Read or written, by key: what swaps expect.
    uint64_t calls = 0;                   // Answers to earlier ones are too late.
  };

  void Think(int client);
  void Call(int client, Op op, std::optional<int> slot);
  void Heard(int client, uint64_t call, size_t entry, SimReplica::Reply reply);
  void GaveUp(int client, uint64_t call);
  [[nodiscard]] Op Draw(int client);

  World* world_;
  LogNetwork* network_;
  ReplicaAt replica_;
  int slots_;
  std::vector<Client> clients_;
  std::vector<HistoryOp> history_;
  std::vector<bool> refused_;  // By entry of the history.
  uint64_t moment_ = 0;
  uint64_t next_value_ = 0;
  int busy_ = 0;
  bool stopped_ = false;
};

}  // namespace meseta::logsim
