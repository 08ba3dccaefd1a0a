// SharedMap against std::map under random changes, with copies frozen along the way that must keep
// what they showed.
#include "actors/base/shared_map.h"

#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "actors/base/rng.h"

namespace meseta {
namespace {

std::map<int, int> Contents(const SharedMap<int, int>& map) {
  std::map<int, int> out;
  int last = -1;
  map.ForEach([&](int key, int value) {
    EXPECT_GT(key, last) << "not in order";
    last = key;
    out[key] = value;
  });
  EXPECT_EQ(out.size(), map.size());
  return out;
}

TEST(SharedMapTest, EqualsAnOrderedMapAndFrozenCopiesNeverChange) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    Rng rng(seed);
    SharedMap<int, int> map;
    std::map<int, int> model;
    std::vector<std::pair<SharedMap<int, int>, std::map<int, int>>> frozen;
    const uint64_t keys = 1 + rng.Below(2000);
    for (int step = 0; step < 3000; ++step) {
      const int key = static_cast<int>(rng.Below(keys));
      if (rng.Below(3) == 0) {
        EXPECT_EQ(map.Erase(key), model.erase(key) == 1);
      } else {
        map.Set(key, step);
        model[key] = step;
      }
      const int* found = map.Find(key);
      ASSERT_EQ(found != nullptr, model.count(key) == 1);
      if (found != nullptr) {
        ASSERT_EQ(*found, model[key]);
      }
      if (rng.Below(200) == 0) frozen.emplace_back(map.Freeze(), model);
    }
    EXPECT_EQ(Contents(map), model) << "seed " << seed;
    for (const auto& [copy, expected] : frozen) EXPECT_EQ(Contents(copy), expected);
  }
}

TEST(SharedMapTest, EraseOfAMissingKeySaysSo) {
  SharedMap<int, int> map;
  EXPECT_FALSE(map.Erase(1));
  map.Set(1, 2);
  EXPECT_FALSE(map.Erase(3));
  EXPECT_TRUE(map.Erase(1));
  EXPECT_TRUE(map.empty());
  EXPECT_EQ(map.Find(1), nullptr);
}

}  // namespace
}  // namespace meseta
