// LogNetwork: messages between replicas. They are delayed, lost, doubled, overtaken by others and
// held back by partitions, each direction of each pair on its own.
//
// Calls that are no messages of the consensus (asking to join, clients) use Delay() and Reaches().
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>

#include "tests/sim/log/world.h"

namespace meseta::logsim {

class LogNetwork {
 public:
  using Deliver = std::function<void(int to, const log::Message& message)>;

  LogNetwork(World* world, Deliver deliver) : world_(world), deliver_(std::move(deliver)) {}

  void Send(int from, int to, log::Message message);

  void Cut(int from, int to) { cut_[from][to] = true; }
  void Mend(int from, int to) { cut_[from][to] = false; }
  void MendAll() { cut_ = {}; }
  // Loses what is under way between the two, both ways.
  void Break(int one, int other);
  [[nodiscard]] bool Reaches(int from, int to) const { return !cut_[from][to]; }
  [[nodiscard]] Duration Delay();

 private:
  void Schedule(int from, int to, const std::shared_ptr<const log::Message>& message);

  World* world_;
  Deliver deliver_;
  std::array<std::array<bool, kMaxSlots>, kMaxSlots> cut_ = {};
  std::array<std::array<uint64_t, kMaxSlots>, kMaxSlots> incarnation_ = {};
  std::array<std::array<Time, kMaxSlots>, kMaxSlots> latest_ = {};  // Of ordered links.
};

}  // namespace meseta::logsim
