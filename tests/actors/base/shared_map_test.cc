// SharedMap against std::map under random changes, with copies frozen along the way that must keep
// what they showed.
#include "actors/base/shared_map.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
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

TEST(SharedMapTest, ForEachFromStartsAtTheKeyAndStopsWhenTold) {
  SharedMap<int, int> map;
  for (int key = 0; key < 1000; key += 2) map.Set(key, key);
  for (int from = -1; from < 1002; ++from) {
    std::vector<int> seen;
    map.ForEachFrom(from, [&](int key, int) {
      seen.push_back(key);
      return seen.size() < 3;
    });
    std::vector<int> expected;
    for (int key = std::max(from + (from & 1), 0); key < 1000 && expected.size() < 3; key += 2) {
      expected.push_back(key);
    }
    EXPECT_EQ(seen, expected) << from;
  }
}

TEST(SharedMapTest, ReplaceAlsoReplacesTheKey) {
  SharedMap<std::string_view, int> map;
  const std::string first = "key";
  const std::string second = "key";
  map.Replace(first, 1);
  const auto frozen = map.Freeze();
  map.Replace(second, 2);
  EXPECT_EQ(map.size(), 1U);
  map.ForEach([&](std::string_view key, int value) {
    EXPECT_EQ(key.data(), second.data());
    EXPECT_EQ(value, 2);
  });
  frozen.ForEach([&](std::string_view key, int) { EXPECT_EQ(key.data(), first.data()); });
}

TEST(SharedMapTest, ForEachUnsharedFindsAllThatDiffersAndLittleElse) {
  Rng rng(7);
  SharedMap<int, int> map;
  std::map<int, int> now;
  const auto change = [&] {
    const int key = static_cast<int>(rng.Below(6000));
    if (rng.Below(3) == 0) {
      map.Erase(key);
      now.erase(key);
    } else {
      const int value = static_cast<int>(rng.Below(3));
      map.Set(key, value);
      now[key] = value;
    }
  };
  for (int i = 0; i < 20'000; ++i) change();
  for (int round = 0; round < 60; ++round) {
    const SharedMap<int, int> before = map.Freeze();
    const std::map<int, int> then = now;
    const int changes = static_cast<int>(rng.Below(8));
    for (int i = 0; i < changes; ++i) change();
    std::map<int, std::pair<int, int>> seen;  // Key to both values; -1: none.
    int visited = 0;
    SharedMap<int, int>::ForEachUnshared(before, map, [&](int key, const int* a, const int* b) {
      ++visited;
      const std::pair<int, int> values(a == nullptr ? -1 : *a, b == nullptr ? -1 : *b);
      if (values.first != values.second) seen[key] = values;
    });
    std::map<int, std::pair<int, int>> expected;
    for (const auto& [key, value] : then) expected[key] = {value, -1};
    for (const auto& [key, value] : now) {
      const auto [it, added] = expected.emplace(key, std::make_pair(-1, value));
      if (!added) it->second.second = value;
      if (it->second.first == it->second.second) expected.erase(it);
    }
    EXPECT_EQ(seen, expected);
    EXPECT_LE(visited, changes * 64);
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
