// Runs replicated logs from seeds. See README.md for how to replay one.
#include "tests/sim/log/log_simulation.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>

namespace meseta::logsim {
namespace {

struct Arguments {
  uint64_t first = 1;
  uint64_t last = 2500;
  bool print = false;  // The story of a single seed, as it happens.
  int max_failures = 5;
  bool brief = false;    // Failures without their stories.
  uint64_t seconds = 0;  // Goes on with further seeds for so long.
};

Arguments arguments;
// For the handler of a CHECK that aborts.
char replay[160] = "";

std::string ReplayCommand(uint64_t seed) {
  return "build/tests/log_simulation_test --seed=" + std::to_string(seed) + " --trace";
}

void Announce(uint64_t seed) {
  std::snprintf(replay, sizeof replay, "The simulation died; replay it with: %s\n",
                ReplayCommand(seed).c_str());
}

void OnAbort(int) {
  (void)!write(STDERR_FILENO, replay, std::strlen(replay));
  std::signal(SIGABRT, SIG_DFL);
  std::raise(SIGABRT);
}

// Sums over runs.
struct Tally {
  uint64_t seeds = 0, steps = 0, operations = 0;
  double virtual_seconds = 0;
  std::map<std::string, uint64_t> probes;

  void Add(const LogSimResult& result) {
    ++seeds;
    steps += result.steps;
    operations += result.operations;
    virtual_seconds += result.virtual_time.seconds();
    for (const auto& [name, count] : result.probes) probes[name] += count;
  }
  void Print(double seconds) const {
    std::printf("%llu seeds, %.0f a second; %llu events, %llu operations, %.0f simulated seconds\n",
                static_cast<unsigned long long>(seeds), static_cast<double>(seeds) / seconds,
                static_cast<unsigned long long>(steps), static_cast<unsigned long long>(operations),
                virtual_seconds);
    for (const auto& [name, count] : probes) {
      std::printf("  %10llu  %s\n", static_cast<unsigned long long>(count), name.c_str());
    }
  }
};

void Report(uint64_t seed, const LogSimResult& result) {
  ADD_FAILURE() << "Seed " << seed << ": " << result.failure << "\n"
                << (arguments.brief ? std::string() : result.story)
                << "Replay: " << ReplayCommand(seed);
}

TEST(LogSimulation, KeepsItsPromisesInEveryRun) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point start = Clock::now();
  const auto seconds = [&start] {
    return std::chrono::duration<double>(Clock::now() - start).count();
  };
  Tally tally;
  int failures = 0;
  double told = 0;
  for (uint64_t seed = arguments.first; failures < arguments.max_failures; ++seed) {
    const bool more = arguments.seconds > 0 ? seconds() < static_cast<double>(arguments.seconds)
                                            : seed <= arguments.last;
    if (!more) break;
    Announce(seed);
    const LogSimResult result =
        RunSeed(seed, arguments.print ? TraceMode::kPrint : TraceMode::kOff);
    tally.Add(result);
    if (!result.ok) {
      ++failures;
      Report(seed, result);
    }
    if (arguments.seconds > 0 && seconds() > told + 60) {
      told = seconds();
      std::printf("after %.0f s: ", told);
      tally.Print(told);
      std::fflush(stdout);
    }
  }
  tally.Print(seconds());
}

// A run depends on its seed and on nothing else.
TEST(LogSimulation, IsDeterministic) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    Announce(seed);
    const LogSimResult one = RunSeed(seed);
    const LogSimResult two = RunSeed(seed, TraceMode::kKeep);
    EXPECT_EQ(one.hash, two.hash) << "Seed " << seed;
    EXPECT_EQ(one.steps, two.steps) << "Seed " << seed;
  }
  EXPECT_NE(RunSeed(1).hash, RunSeed(2).hash);
}

// Rare events that a run of many seeds has to have seen, or it proves little.
TEST(LogSimulation, ReachesTheRareBranches) {
  std::map<std::string, uint64_t> probes;
  for (uint64_t seed = 1; seed <= 400; ++seed) {
    Announce(seed);
    for (const auto& [name, count] : RunSeed(seed).probes) probes[name] += count;
  }
  for (const char* name : {"all lost power",
                           "batch uploaded",
                           "cluster split",
                           "corrupt disk found at start",
                           "crash at a storage call",
                           "disk compared with its mirror",
                           "disk corrupted",
                           "disk lost",
                           "leader elected",
                           "leader removed itself",
                           "leadership handed over",
                           "link broken",
                           "log was full",
                           "member added",
                           "member removed",
                           "message doubled",
                           "message lost",
                           "outcome unknown",
                           "replica cut off",
                           "replica paused",
                           "snapshot installed",
                           "snapshot made",
                           "swap done",
                           "unsynced write lost",
                           "write failed"}) {
    EXPECT_GT(probes[name], 20u) << name;
  }
}

// One quiet run, again and again, each time with a crash at another call of a storage: before the
// write, within it, or after it but before anybody knows.
TEST(LogSimulation, SurvivesACrashAtEveryStorageCall) {
  uint64_t crashes = 0;
  for (uint64_t seed = 11; seed <= 18; ++seed) {
    LogSimOptions options = LogSimOptions::FromSeed(seed);
    options.founders = 3;
    options.snapshot_every = 10;
    options.crash_at_storage = options.write_failure = options.loss = 0;
    options.fault_every = Duration::Hours(1);
    options.chaos = options.raft.election_min * 12;
    options.keeps_unsynced = seed % 2 == 0 ? 0 : 0.5;
    const uint64_t calls = RunOptions(options).storage_calls;
    for (uint64_t call = 1; call <= calls; ++call) {
      options.crash_at_call = call;
      const LogSimResult result = RunOptions(options);
      ASSERT_TRUE(result.ok) << "Seed " << seed << ", call " << call << ": " << result.failure
                             << "\n"
                             << result.story;
      const auto crashed = result.probes.find("crash at a storage call");
      crashes += crashed != result.probes.end() ? crashed->second : 0;
    }
  }
  EXPECT_GT(crashes, 300u);
}

}  // namespace

// --seed=N, --seeds=A-B, --seconds=S (from seed A on), --failures=N, --trace; MESETA_SIM_SEED,
// MESETA_LOG_SIM_SECONDS.
bool ParseArguments(int argc, char** argv) {
  if (const char* one = std::getenv("MESETA_SIM_SEED")) {
    arguments.first = arguments.last = std::strtoull(one, nullptr, 10);
    arguments.print = true;
  }
  if (const char* seconds = std::getenv("MESETA_LOG_SIM_SECONDS")) {
    arguments.seconds = std::strtoull(seconds, nullptr, 10);
  }
  for (int i = 1; i < argc; ++i) {
    unsigned long long first = 0, last = 0;
    if (std::sscanf(argv[i], "--seeds=%llu-%llu", &first, &last) == 2 && first <= last) {
      arguments.first = first;
      arguments.last = last;
    } else if (std::sscanf(argv[i], "--seed=%llu", &first) == 1) {
      arguments.first = arguments.last = first;
    } else if (std::sscanf(argv[i], "--seconds=%llu", &first) == 1) {
      arguments.seconds = first;
    } else if (std::sscanf(argv[i], "--failures=%llu", &first) == 1) {
      arguments.max_failures = static_cast<int>(first);
      arguments.brief = true;
    } else if (std::strcmp(argv[i], "--trace") == 0) {
      arguments.print = true;
    } else {
      std::fprintf(stderr, "Unknown argument %s; use --seed=N, --seeds=A-B, --seconds=S, --trace\n",
                   argv[i]);
      return false;
    }
  }
  std::signal(SIGABRT, OnAbort);
  return true;
}

}  // namespace meseta::logsim

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (!meseta::logsim::ParseArguments(argc, argv)) return 2;
  return RUN_ALL_TESTS();
}
