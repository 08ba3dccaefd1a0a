#include "tests/bench/emulated_cluster.h"

#include <cstdio>
#include <cstdlib>
#include <thread>

#include "actors/base/logging.h"
#include "actors/base/strings.h"

namespace meseta::bench {
namespace {

constexpr std::chrono::seconds kPatience{120};

[[noreturn]] void Fail(const std::string& sentence) {
  std::fprintf(stderr, "error: %s\n", sentence.c_str());
  std::exit(1);
}

}  // namespace

EmulatedAgents::EmulatedAgents(const std::string& masters, size_t count, size_t tasks_each)
    : count_(count) {
  LoggingFlags logging;
  logging.quiet = true;
  (void)StartLogging(logging, "bench");
  agent::EmulatorFlags flags;
  flags.master = strings::SplitList(masters);
  flags.agents = static_cast<int>(count);
  flags.cpus = kCpusPerTask * static_cast<double>(tasks_each);
  flags.mem = kMegabytesPerTask * static_cast<double>(tasks_each);
  flags.unregister = false;
  auto emulator = agent::Emulator::Start(flags, {}, Fail);
  if (!emulator.ok()) Fail(emulator.status().message());
  emulator_ = *std::move(emulator);
}

void EmulatedAgents::AwaitRegistrations(uint64_t count) const {
  const auto end = Clock::now() + kPatience;
  while (Clock::now() < end) {
    const agent::EmulatedStats stats = emulator_->stats();
    if (stats.registrations >= count && stats.registered == count_) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  Fail(std::to_string(emulator_->stats().registered) + " of " + std::to_string(count_) +
       " agents have registered within two minutes");
}

void LaunchOnAll(Scheduler& scheduler, size_t tasks) {
  std::vector<std::string> ids;
  ids.reserve(tasks);
  for (size_t i = 0; i < tasks; ++i) ids.push_back("task-" + std::to_string(i));
  scheduler.Launch(ids, {"serve"});
  scheduler.AwaitRunning(tasks);
}

void AwaitMetric(const std::string& master, const std::string& name, double value) {
  const auto end = Clock::now() + kPatience;
  while (Clock::now() < end) {
    if (Metric(master, name).value_or(0) >= value) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  Fail(name + " did not reach " + std::to_string(value) + " within two minutes");
}

}  // namespace meseta::bench
