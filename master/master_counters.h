// MasterCounts: what the shells count for /metrics/snapshot, beside what a snapshot shows.
//
// Written by the master's actor, read by the metrics endpoint; each count is an atomic.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <string>

#include "actors/messages/internal/agent.pb.h"
#include "actors/messages/v1.h"
#include "master/core/effects.h"

namespace meseta::master {

class MasterCounts {
 public:
  MasterCounts();

  void CountCall(v1::scheduler::Call::Type type);
  void CountAgentMessage(internal::ToMaster::MessageCase kind);
  // An update that the master made itself for a task that never ran: TASK_ERROR, TASK_DROPPED.
  void CountRefusedTask(const v1::TaskStatus& status);
  void CountDropped() { ++dropped_; }
  void SetQueuedOperations(size_t operations) { queued_operations_ = operations; }
  void CountCore(const CoreCounts& counts);
  void CountTurn(uint64_t events) { turns_events_ += events; }

  // Registry operations that wait for the batch that is out.
  [[nodiscard]] size_t queued_operations() const { return queued_operations_; }
  // By Mesos' names without "master/".
  [[nodiscard]] std::map<std::string, uint64_t> Values() const;

 private:
  // The maps are complete after construction; only their atomics change.
  std::map<int, std::pair<std::string, std::atomic<uint64_t>>> calls_;
  std::map<int, std::pair<std::string, std::atomic<uint64_t>>> agent_messages_;
  // By state: error, dropped, lost; by reason within: invalid task, invalid offers.
  std::array<std::array<std::atomic<uint64_t>, 2>, 3> refused_{};
  std::array<std::atomic<uint64_t>, 7> core_{};  // In the order of CoreCounts.
  std::atomic<uint64_t> dropped_ = 0;
  std::atomic<uint64_t> turns_events_ = 0;
  std::atomic<size_t> queued_operations_ = 0;
};

}  // namespace meseta::master
