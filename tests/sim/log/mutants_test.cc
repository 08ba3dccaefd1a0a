// Checkers that cannot fail prove nothing: each mutant is found, within a bounded number of seeds.
#include "tests/sim/log/mutants.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <map>
#include <string>

#include "tests/sim/log/log_simulation.h"

namespace meseta::logsim {
namespace {

// What a child says after each seed.
struct Said {
  uint64_t seed = 0;
  bool caught = false;
  char failure[240] = "";
};

bool IsCaught(const Mutant& mutant, const std::string& failure) {
  for (const std::string& beginning : mutant.caught_by) {
    if (failure.compare(0, beginning.size(), beginning) == 0) return true;
  }
  return false;
}

// In a process of its own: a mutant may well run into a CHECK of the core.
[[noreturn]] void RunChild(const Mutant& mutant, uint64_t first, int out) {
  std::freopen("/dev/null", "w", stderr);  // What a CHECK says.
  for (uint64_t seed = first; seed <= mutant.max_seeds; ++seed) {
    const LogSimResult result = LogSimulation(OptionsOf(mutant, seed), TraceMode::kOff).Run();
    Said said;
    said.seed = seed;
    said.caught = !result.ok && IsCaught(mutant, result.failure);
    std::snprintf(said.failure, sizeof said.failure, "%s", result.failure.c_str());
    if (write(out, &said, sizeof said) != static_cast<ssize_t>(sizeof said)) break;
    if (said.caught) break;
  }
  _exit(0);
}

class Mutants : public testing::TestWithParam<size_t> {};

TEST_P(Mutants, AreFound) {
  const Mutant& mutant = AllMutants()[GetParam()];
  std::map<std::string, uint64_t> others;  // Failures that were not asked for, by their beginning.
  uint64_t next = 1;
  bool found = false;
  while (next <= mutant.max_seeds) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      close(ends[0]);
      RunChild(mutant, next, ends[1]);
    }
    close(ends[1]);
    Said said;
    bool caught = false;
    while (read(ends[0], &said, sizeof said) == static_cast<ssize_t>(sizeof said)) {
      next = said.seed + 1;
      const std::string failure = said.failure;
      caught = said.caught;
      if (!caught && !failure.empty()) ++others[failure.substr(0, failure.find(':'))];
    }
    close(ends[0]);
    int status = 0;
    waitpid(child, &status, 0);
    if (caught) {
      found = true;
      std::printf("  %s: caught by seed %llu: %s\n", mutant.name.c_str(),
                  static_cast<unsigned long long>(said.seed), said.failure);
      break;
    }
    if (next > mutant.max_seeds) break;
    // Died within the seed it had begun.
    ++others["a CHECK of the core"];
    ++next;
  }
  for (const auto& [what, count] : others) {
    std::printf("    also failed: %s, %llu times\n", what.c_str(),
                static_cast<unsigned long long>(count));
  }
  EXPECT_TRUE(found) << mutant.name << " was not found";
}

INSTANTIATE_TEST_SUITE_P(LogSimulation, Mutants, testing::Range<size_t>(0, AllMutants().size()),
                         [](const auto& info) { return AllMutants()[info.param].name; });

// The control: reads by rounds are right whatever clocks do, if rounds count what they should.
TEST(LogSimulationControl, ReadsByRoundsNeedNoClocks) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    const LogSimResult result = RunOptions(WithoutLeases(seed));
    ASSERT_TRUE(result.ok) << "Seed " << seed << ": " << result.failure << "\n" << result.story;
  }
}

// And the kinds of runs themselves are sound: the core as it stands passes all of them.
TEST(LogSimulationControl, TheSameRunsWithoutMutantsPass) {
  for (const Mutant& mutant : AllMutants()) {
    if (mutant.name == "CountsOldProbes") continue;  // See above.
    for (uint64_t seed = 1; seed <= 25; ++seed) {
      LogSimOptions options = OptionsOf(mutant, seed);
      options.rules = nullptr;
      options.mutation = Mutation::kNone;
      options.check_promises = true;
      const LogSimResult result = RunOptions(options);
      ASSERT_TRUE(result.ok) << mutant.name << ", seed " << seed << ": " << result.failure << "\n"
                             << result.story;
    }
  }
}

}  // namespace
}  // namespace meseta::logsim
