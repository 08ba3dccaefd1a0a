// Launches per second through one real master with emulated agents, by one framework on the public API
// as protobuf: from the first ACCEPT until every task is TASK_RUNNING and its updates are acknowledged.
// Baseline of the same run: the same number of calls that change nothing (SUPPRESS), one answer each.
//
//   emulated_tasks_bench [--agents 1000] [--tasks_per_agent 50] [--json]
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "agent/emulator/emulator.h"
#include "tests/bench/emulated_cluster.h"

namespace meseta::bench {
namespace {

void Print(const char* which, size_t agents, size_t tasks, double per_second, double baseline, bool json) {
  if (json) {
    std::printf("{\"case\":\"%s\",\"agents\":%zu,\"tasks\":%zu,\"per_second\":%.1f,"
                "\"baseline\":\"calls without effect\",\"baseline_per_second\":%.1f,\"load\":%.2f}\n",
                which, agents, tasks, per_second, baseline, LoadAverage());
  } else {
    std::printf("%-44s %6zu agents %7zu tasks %9.1f /s   (calls without effect: %.1f /s)\n", which,
                agents, tasks, per_second, baseline);
  }
}

int Main(size_t agents, size_t per_agent, bool json) {
  const size_t tasks = agents * per_agent;
  MasterGroup masters(1);
  const std::string master = masters.AwaitLeader();
  EmulatedAgents emulated(masters.list(), agents, per_agent);
  emulated.AwaitRegistrations(agents);
  double baseline = 0;
  {
    Scheduler idle(master, Scheduler::Survives{});
    baseline = idle.SuppressPerSecond(agents);
  }
  Scheduler scheduler(master, Scheduler::Survives{});
  const double cpu = masters.CpuSeconds(master);
  const auto begin = Clock::now();
  LaunchOnAll(scheduler, tasks);
  const double running = Seconds(Clock::now() - begin);
  const double used = masters.CpuSeconds(master) - cpu;
  Print("tasks launched and running", agents, tasks, static_cast<double>(tasks) / running, baseline, json);
  Print("the same by the master's processor time", agents, tasks, static_cast<double>(tasks) / used,
        baseline, json);
  return 0;
}

}  // namespace
}  // namespace meseta::bench

int main(int argc, char** argv) {
  int agents = 1000, per_agent = 50;
  bool json = false;
  for (int i = 1; i < argc; ++i) {
    const std::string_view flag = argv[i];
    int* number = flag == "--agents" ? &agents : flag == "--tasks_per_agent" ? &per_agent : nullptr;
    if (flag == "--json") {
      json = true;
    } else if (number != nullptr && i + 1 < argc) {
      *number = std::atoi(argv[++i]);
    } else {
      std::fprintf(stderr, "usage: %s [--agents N] [--tasks_per_agent N] [--json]\n", argv[0]);
      return 2;
    }
  }
  if (agents <= 0 || per_agent <= 0) {
    std::fprintf(stderr, "--agents and --tasks_per_agent must be positive\n");
    return 2;
  }
  return meseta::bench::Main(static_cast<size_t>(agents), static_cast<size_t>(per_agent), json);
}
