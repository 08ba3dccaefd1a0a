// Runs whole clusters from seeds. See README.md for how to replay one.
#include "tests/sim/simulation.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace meseta::sim {
namespace {

struct Range {
  uint64_t first = 1;
  uint64_t last = 250;
  bool tell_story = false;  // Of a single seed, also when it passes.
};

Range range;
// For the handler of a CHECK that aborts.
char replay[128] = "";

std::string ReplayCommand(uint64_t seed) {
  return "simulation_test --seed " + std::to_string(seed);
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

std::map<std::string, uint64_t>& Probes() {
  static std::map<std::string, uint64_t> probes;
  return probes;
}

TEST(Simulation, KeepsItsPromisesInEveryRun) {
  int failures = 0;
  for (uint64_t seed = range.first; seed <= range.last && failures < 5; ++seed) {
    Announce(seed);
    const SimResult result = RunSeed(seed);
    for (const auto& [name, count] : result.probes) Probes()[name] += count;
    if (range.tell_story) std::fputs(result.story.c_str(), stdout);
    if (result.ok) continue;
    ++failures;
    ADD_FAILURE() << "Seed " << seed << ": " << result.failure << "\n"
                  << (failures == 1 ? result.story : std::string())
                  << "Replay: " << ReplayCommand(seed);
  }
  for (const auto& [name, count] : Probes()) {
    std::printf("  %8llu  %s\n", static_cast<unsigned long long>(count), name.c_str());
  }
}

// A run depends on its seed and on nothing else.
TEST(Simulation, IsDeterministic) {
  for (uint64_t seed = 1; seed <= 25; ++seed) {
    Announce(seed);
    const SimResult one = RunSeed(seed);
    const SimResult two = RunSeed(seed);
    EXPECT_EQ(one.hash, two.hash) << "Seed " << seed;
    EXPECT_EQ(one.steps, two.steps) << "Seed " << seed;
  }
  EXPECT_NE(RunSeed(1).hash, RunSeed(2).hash);
}

// Rare events that a run of many seeds has to have seen, or it proves little.
TEST(Simulation, ReachesTheRareBranches) {
  std::map<std::string, uint64_t> probes;
  for (uint64_t seed = 1; seed <= 150; ++seed) {
    Announce(seed);
    for (const auto& [name, count] : RunSeed(seed).probes) probes[name] += count;
  }
  for (const char* name :
       {"agent died", "agent died during a launch", "agent lost power", "agent stopped itself",
        "call lost", "container ended while its agent was down",
        "container lost in a power failure", "launched again after a crash", "leader changed",
        "master died", "message lost with its link", "question waited for its agent", "unsynced writes at a power failure", "update repeated",
        "write failed"}) {
    EXPECT_GT(probes[name], 0u) << name;
  }
}

// Checkers that cannot fail prove nothing: each deliberate bug of the world is found.
class Mutations : public testing::TestWithParam<std::pair<Mutation, const char*>> {};

TEST_P(Mutations, AreFound) {
  const auto& [mutation, sentence] = GetParam();
  std::set<std::string> failures;
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    Announce(seed);
    const SimResult result = RunSeed(seed, mutation);
    if (result.ok) continue;
    if (result.failure.find(sentence) != std::string::npos) return;
    failures.insert(result.failure);
  }
  ADD_FAILURE() << "No seed failed with '" << sentence
                << "'; others: " << (failures.empty() ? "none" : *failures.begin());
}

INSTANTIATE_TEST_SUITE_P(
    Simulation, Mutations,
    testing::Values(std::pair{Mutation::kContainerTwice, "ran twice"},
                    std::pair{Mutation::kDiskForgetsSynced, "was lost"},
                    std::pair{Mutation::kAgentHidesTasks, "Resources of agent"},
                    std::pair{Mutation::kForgedAcknowledge, "before its terminal update"},
                    std::pair{Mutation::kAnswersSwallowed, "Nobody answered"},
                    std::pair{Mutation::kUpdatesSwallowed, "did not come to rest"}));

}  // namespace

// Takes --seed N, --seeds A-B or MESETA_SIM_SEED.
bool ParseArguments(int argc, char** argv) {
  const char* one = std::getenv("MESETA_SIM_SEED");
  const char* many = nullptr;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--seed") == 0 && i + 1 < argc) {
      one = argv[++i];
    } else if (std::strcmp(argv[i], "--seeds") == 0 && i + 1 < argc) {
      many = argv[++i];
    } else {
      std::fprintf(stderr, "Unknown argument %s; use --seed N or --seeds A-B\n", argv[i]);
      return false;
    }
  }
  unsigned long long first = 0, last = 0;
  if (many != nullptr) {
    if (std::sscanf(many, "%llu-%llu", &first, &last) != 2 || first > last) return false;
    range = {first, last, false};
  } else if (one != nullptr) {
    if (std::sscanf(one, "%llu", &first) != 1) return false;
    range = {first, first, true};
  }
  std::signal(SIGABRT, OnAbort);
  return true;
}

}  // namespace meseta::sim

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (!meseta::sim::ParseArguments(argc, argv)) return 2;
  return RUN_ALL_TESTS();
}
