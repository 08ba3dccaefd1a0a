// Real command tasks (`true`) on a real master and a real agent, through the public API as protobuf:
// how many start and finish per second, and how long from ACCEPT to TASK_RUNNING in a burst and
// alone. Baseline of the same run: posix_spawn and waitpid of /bin/true, one after another.
//
//   tasks_bench [--tasks 2000] [--json]
#include <spawn.h>
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "tests/bench/bench_cluster.h"

extern char** environ;

namespace meseta::bench {
namespace {

constexpr size_t kBurst = 200;
constexpr size_t kBursts = 5;
constexpr size_t kAlone = 20;
constexpr size_t kBaseline = 1000;

double BaselinePerSecond() {
  char* argv[] = {const_cast<char*>("true"), nullptr};
  const auto begin = Clock::now();
  for (size_t i = 0; i < kBaseline; ++i) {
    pid_t pid = -1;
    if (posix_spawn(&pid, "/bin/true", nullptr, nullptr, argv, environ) == 0) waitpid(pid, nullptr, 0);
  }
  return kBaseline / Seconds(Clock::now() - begin);
}

std::vector<std::string> Names(const std::string& prefix, size_t count) {
  std::vector<std::string> names;
  for (size_t i = 0; i < count; ++i) names.push_back(prefix + std::to_string(i));
  return names;
}

struct Run {
  double per_second = 0;       // Started and finished, from the first ACCEPT to the last end.
  double until_running = 0;    // Median seconds from ACCEPT to TASK_RUNNING, as the scheduler saw it.
};

Run RunTasks(Scheduler& scheduler, const std::vector<std::string>& names) {
  scheduler.Launch(names, {"/bin/true"});
  scheduler.AwaitEnded(names.size());
  std::vector<double> until_running;
  Clock::time_point first = Clock::time_point::max(), last = Clock::time_point::min();
  for (const auto& [id, seen] : scheduler.Take()) {
    first = std::min(first, seen.accepted);
    last = std::max(last, seen.ended);
    until_running.push_back(Seconds(seen.running - seen.accepted));
  }
  return {static_cast<double>(names.size()) / Seconds(last - first), Median(until_running)};
}

void PrintRate(const char* which, size_t tasks, double rate, double baseline, bool json) {
  if (json) {
    std::printf("{\"case\":\"%s\",\"agents\":1,\"tasks\":%zu,\"per_second\":%.1f,"
                "\"baseline\":\"posix_spawn\",\"baseline_per_second\":%.1f,\"load\":%.2f}\n",
                which, tasks, rate, baseline, LoadAverage());
  } else {
    std::printf("%-44s %6zu tasks %10.1f /s   (plain spawn: %.1f /s)\n", which, tasks, rate, baseline);
  }
}

void PrintDelay(const char* which, size_t tasks, double seconds, double baseline, bool json) {
  if (json) {
    std::printf("{\"case\":\"%s\",\"agents\":1,\"tasks\":%zu,\"seconds\":%.6f,"
                "\"baseline\":\"posix_spawn\",\"baseline_seconds\":%.6f,\"load\":%.2f}\n",
                which, tasks, seconds, baseline, LoadAverage());
  } else {
    std::printf("%-44s %6zu tasks %10.2f ms   (plain spawn: %.2f ms)\n", which, tasks, seconds * 1e3,
                baseline * 1e3);
  }
}

int Main(size_t tasks, bool json) {
  const double baseline = BaselinePerSecond();
  Cluster cluster("cpus:100;mem:64000;disk:10000");
  Scheduler scheduler(cluster.master());
  std::vector<double> alone, burst, burst_rate;
  for (size_t i = 0; i < kAlone; ++i) {
    alone.push_back(RunTasks(scheduler, Names("alone-" + std::to_string(i) + "-", 1)).until_running);
  }
  for (size_t i = 0; i < kBursts; ++i) {
    const Run run = RunTasks(scheduler, Names("burst-" + std::to_string(i) + "-", kBurst));
    burst.push_back(run.until_running);
    burst_rate.push_back(run.per_second);
  }
  const Run many = RunTasks(scheduler, Names("many-", tasks));
  PrintRate("started and finished", tasks, many.per_second, baseline, json);
  PrintRate("started and finished, in a burst", kBurst, Median(burst_rate), baseline, json);
  PrintDelay("ACCEPT to TASK_RUNNING p50, in a burst", kBurst, Median(burst), 1 / baseline, json);
  PrintDelay("ACCEPT to TASK_RUNNING p50, one alone", kAlone, Median(alone), 1 / baseline, json);
  return 0;
}

}  // namespace
}  // namespace meseta::bench

int main(int argc, char** argv) {
  int tasks = 2000;
  bool json = false;
  for (int i = 1; i < argc; ++i) {
    const std::string_view flag = argv[i];
    if (flag == "--json") {
      json = true;
    } else if (flag == "--tasks" && i + 1 < argc) {
      tasks = std::atoi(argv[++i]);
    } else {
      std::fprintf(stderr, "usage: %s [--tasks N] [--json]\n", argv[0]);
      return 2;
    }
  }
  if (tasks <= 0) {
    std::fprintf(stderr, "--tasks must be positive\n");
    return 2;
  }
  return meseta::bench::Main(static_cast<size_t>(tasks), json);
}
