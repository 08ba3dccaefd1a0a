// Emulated agents in the bench's own process, sized so that a number of the bench's tasks fill each.
#pragma once

#include <memory>
#include <string>

#include "agent/emulator/emulator.h"
#include "tests/bench/master_group.h"

namespace meseta::bench {

class EmulatedAgents {
 public:
  // `masters`: "a,b,c". Ends the process when they cannot start.
  EmulatedAgents(const std::string& masters, size_t count, size_t tasks_each);

  [[nodiscard]] size_t count() const { return count_; }
  [[nodiscard]] uint64_t registrations() const { return emulator_->stats().registrations; }
  // Until so many registrations were accepted ever, and all are registered now.
  void AwaitRegistrations(uint64_t count) const;

 private:
  const size_t count_;
  std::unique_ptr<agent::Emulator> emulator_;
};

// Launches tasks that end only when killed; returns when all run.
void LaunchOnAll(Scheduler& scheduler, size_t tasks);
// Until the master's metric is at least `value`.
void AwaitMetric(const std::string& master, const std::string& name, double value);

}  // namespace meseta::bench
