// Goal: no order of events makes the core unsafe, and once faults stop it comes to rest.
// Method: seeded runs of Chaos; then all must agree and make progress. MESETA_SEED=n runs one seed,
// MESETA_SEEDS=n so many, MESETA_TRACE=1 tells all that happened in one that failed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/state/log/chaos.h"

namespace meseta::log {
namespace {

constexpr int kSeeds = 120;

void ExpectSound(CoreGroup& group) {
  EXPECT_THAT(group.violations, testing::IsEmpty());
  ASSERT_TRUE(group.violations.empty());
  const auto leader = group.Leader();
  ASSERT_TRUE(leader.has_value());
  ASSERT_TRUE(group.core(*leader).serving());
  const size_t before = group.nodes.at(*leader).state.size();
  ASSERT_TRUE(group.Propose(*leader, "last").ok());
  group.Run(Duration::Seconds(2));
  const auto& state = group.nodes.at(*leader).state;
  EXPECT_EQ(state.size(), before + 1);
  const Configuration& members = group.core(*leader).status().configuration;
  for (const auto& member : members.members()) {
    EXPECT_EQ(group.nodes.at(member.id()).state, state) << member.id();
  }
  EXPECT_THAT(group.violations, testing::IsEmpty());
}

TEST(RaftCoreRandomTest, IsSafeUnderFaultsAndLiveAfterThem) {
  const char* one = std::getenv("MESETA_SEED");
  const char* many = std::getenv("MESETA_SEEDS");
  const uint64_t first = one != nullptr ? std::strtoull(one, nullptr, 10) : 1;
  const uint64_t count = one != nullptr    ? 1
                         : many != nullptr ? std::strtoull(many, nullptr, 10)
                                           : kSeeds;
  for (uint64_t seed = first; seed < first + count; ++seed) {
    SCOPED_TRACE("MESETA_SEED=" + std::to_string(seed));
    Chaos chaos(seed);
    chaos.Run();
    ExpectSound(chaos.group());
    if (HasFailure()) {
      for (const std::string& line : chaos.group().trace) fprintf(stderr, "%s\n", line.c_str());
      return;
    }
  }
}

}  // namespace
}  // namespace meseta::log
