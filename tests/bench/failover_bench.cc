// The death of the leading master: three real masters, emulated agents with tasks, one framework on
// the public API. kill -9 of the leader, and the time from then until another leads (it has made a
// write of its own term durable), the framework is subscribed, all agents have registered again and
// all tasks are known. Baseline of the same run: the first registration of the same agents.
//
//   failover_bench [--agents 10000] [--tasks_per_agent 10] [--rounds 3] [--json]
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <thread>

#include "agent/emulator/emulator.h"
#include "tests/bench/emulated_cluster.h"

namespace meseta::bench {
namespace {

struct Round {
  double leader = 0, framework = 0, agents = 0, tasks = 0;  // Seconds since the kill.
  double cpu = 0;                                           // Of the new leader, until all were known.
  double own_cpu = 0;                                       // Of the agents and the framework: here.
};

double OwnCpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

Round FailOver(MasterGroup& masters, EmulatedAgents& agents, Scheduler& scheduler, size_t tasks) {
  Round round;
  const std::string old = masters.AwaitLeader();
  const uint64_t before = agents.registrations();
  std::map<std::string, double> cpu;
  for (const std::string& address : masters.addresses()) cpu[address] = masters.CpuSeconds(address);
  const double own_cpu = OwnCpuSeconds();
  const auto begin = Clock::now();
  const auto since = [begin] { return Seconds(Clock::now() - begin); };
  masters.Kill(old);
  std::thread waiter([&] {
    agents.AwaitRegistrations(before + agents.count());
    round.agents = since();
  });
  const std::string leader = masters.AwaitLeader(old);
  round.leader = since();
  scheduler.Subscribe(leader);
  round.framework = since();
  waiter.join();
  AwaitMetric(leader, "master/tasks_running", static_cast<double>(tasks));
  round.tasks = since();
  round.cpu = masters.CpuSeconds(leader) - cpu[leader];
  round.own_cpu = OwnCpuSeconds() - own_cpu;
  masters.StartAgain(old);
  std::this_thread::sleep_for(std::chrono::seconds(3));  // It catches up; the next round has all three.
  return round;
}

void Print(const char* which, size_t agents, size_t tasks, double seconds, double baseline, bool json) {
  if (json) {
    std::printf("{\"case\":\"%s\",\"agents\":%zu,\"tasks\":%zu,\"seconds\":%.3f,"
                "\"baseline\":\"first registration\",\"baseline_seconds\":%.3f,\"load\":%.2f}\n",
                which, agents, tasks, seconds, baseline, LoadAverage());
  } else {
    std::printf("%-44s %6zu agents %7zu tasks %8.3f s   (first registration: %.3f s)\n", which, agents,
                tasks, seconds, baseline);
  }
  std::fflush(stdout);
}

int Main(size_t agents, size_t per_agent, size_t rounds, bool json) {
  const size_t tasks = agents * per_agent;
  MasterGroup masters(3);
  const auto begin = Clock::now();
  EmulatedAgents emulated(masters.list(), agents, per_agent);
  emulated.AwaitRegistrations(agents);
  const double registration = Seconds(Clock::now() - begin);
  Scheduler scheduler(masters.AwaitLeader(), Scheduler::Survives{});
  LaunchOnAll(scheduler, tasks);
  AwaitMetric(masters.AwaitLeader(), "master/tasks_running", static_cast<double>(tasks));
  std::vector<double> leader, framework, all_agents, all_tasks, cpu, own_cpu;
  for (size_t i = 0; i < rounds; ++i) {
    const Round round = FailOver(masters, emulated, scheduler, tasks);
    leader.push_back(round.leader);
    framework.push_back(round.framework);
    all_agents.push_back(round.agents);
    all_tasks.push_back(round.tasks);
    cpu.push_back(round.cpu);
    own_cpu.push_back(round.own_cpu);
  }
  Print("kill -9 to a new leader, p50", agents, tasks, Median(leader), registration, json);
  Print("kill -9 to the framework subscribed, p50", agents, tasks, Median(framework), registration, json);
  Print("kill -9 to all agents registered, p50", agents, tasks, Median(all_agents), registration, json);
  Print("kill -9 to all tasks known, p50", agents, tasks, Median(all_tasks), registration, json);
  Print("processor time of the new leader, p50", agents, tasks, Median(cpu), registration, json);
  Print("processor time of agents and framework, p50", agents, tasks, Median(own_cpu), registration, json);
  return 0;
}

}  // namespace
}  // namespace meseta::bench

int main(int argc, char** argv) {
  int agents = 10'000, per_agent = 10, rounds = 3;
  bool json = false;
  for (int i = 1; i < argc; ++i) {
    const std::string_view flag = argv[i];
    int* number = flag == "--agents"            ? &agents
                  : flag == "--tasks_per_agent" ? &per_agent
                  : flag == "--rounds"          ? &rounds
                                                : nullptr;
    if (flag == "--json") {
      json = true;
    } else if (number != nullptr && i + 1 < argc) {
      *number = std::atoi(argv[++i]);
    } else {
      std::fprintf(stderr, "usage: %s [--agents N] [--tasks_per_agent N] [--rounds N] [--json]\n", argv[0]);
      return 2;
    }
  }
  if (agents <= 0 || per_agent <= 0 || rounds <= 0) {
    std::fprintf(stderr, "--agents, --tasks_per_agent and --rounds must be positive\n");
    return 2;
  }
  return meseta::bench::Main(static_cast<size_t>(agents), static_cast<size_t>(per_agent),
                             static_cast<size_t>(rounds), json);
}
