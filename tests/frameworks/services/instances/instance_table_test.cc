// The three indices of InstanceTable agree, and its copies do not change.
#include "frameworks/services/instances/instance_table.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace meseta::services {
namespace {

InstancePtr Make(const std::string& app, const std::string& id, const std::string& agent) {
  auto instance = std::make_shared<Instance>();
  instance->set_app(app);
  instance->set_id(id);
  instance->set_agent_id(agent);
  return instance;
}

std::vector<std::string> IdsOf(const std::vector<InstancePtr>& instances) {
  std::vector<std::string> ids;
  for (const InstancePtr& instance : instances) ids.push_back(instance->id());
  return ids;
}

using Ids = std::vector<std::string>;

TEST(InstanceTableTest, AppsWhosePathsBeginAlikeAreApart) {
  InstanceTable table;
  table.Put(Make("/a", "2", "x"));
  table.Put(Make("/a", "1", "y"));
  table.Put(Make("/a-b", "3", "x"));
  table.Put(Make("/a/b", "4", "x"));
  table.Put(Make("/a.b", "5", ""));
  EXPECT_EQ(IdsOf(table.OfApp("/a")), (Ids{"1", "2"}));
  EXPECT_EQ(IdsOf(table.OfApp("/a/b")), (Ids{"4"}));
  EXPECT_EQ(table.Apps(), (std::vector<Path>{"/a", "/a-b", "/a.b", "/a/b"}));
  EXPECT_EQ(IdsOf(table.OnAgent("x")), (Ids{"2", "3", "4"}));
  EXPECT_TRUE(table.OnAgent("").empty());
  EXPECT_EQ(table.size(), 5U);
}

TEST(InstanceTableTest, AReplacementMovesToItsAgent) {
  InstanceTable table;
  table.Put(Make("/a", "1", ""));
  table.Put(Make("/a", "1", "x"));
  EXPECT_EQ(table.size(), 1U);
  EXPECT_EQ(IdsOf(table.OnAgent("x")), (Ids{"1"}));
  table.Erase("1");
  table.Erase("1");
  EXPECT_EQ(table.size(), 0U);
  EXPECT_EQ(table.Find("1"), nullptr);
  EXPECT_TRUE(table.OnAgent("x").empty());
  EXPECT_TRUE(table.Apps().empty());
}

TEST(InstanceTableTest, AFrozenCopyStays) {
  InstanceTable table;
  table.Put(Make("/a", "1", "x"));
  const auto copy = table.Freeze();
  table.Put(Make("/a", "2", "x"));
  table.Erase("1");
  EXPECT_EQ(copy.size(), 1U);
  ASSERT_NE(copy.Find("/a 1"), nullptr);
}

TEST(InstanceTableTest, AgreesWithAPlainMapAfterManyChanges) {
  std::mt19937 rng(7);
  InstanceTable table;
  std::map<std::string, InstancePtr> plain;
  for (int i = 0; i < 3'000; ++i) {
    const std::string id = std::to_string(rng() % 200);
    if (rng() % 3 == 0) {
      table.Erase(id);
      plain.erase(id);
    } else {
      // An id belongs to one app for ever.
      const auto app = "/app" + std::to_string(std::stoi(id) % 7);
      plain[id] = Make(app, id, "agent" + std::to_string(rng() % 5));
      table.Put(plain[id]);
    }
  }
  EXPECT_EQ(table.size(), plain.size());
  std::map<std::string, Ids> by_app;
  std::map<std::string, Ids> by_agent;
  for (const auto& [id, instance] : plain) {
    EXPECT_EQ(table.Find(id), instance);
    by_app[instance->app()].push_back(id);
    by_agent[instance->agent_id()].push_back(id);
  }
  for (const auto& [app, ids] : by_app) EXPECT_EQ(IdsOf(table.OfApp(app)), ids);
  for (const auto& [agent, ids] : by_agent) EXPECT_EQ(IdsOf(table.OnAgent(agent)), ids);
  size_t visited = 0;
  table.ForEach([&](const InstancePtr&) { ++visited; });
  EXPECT_EQ(visited, plain.size());
}

}  // namespace
}  // namespace meseta::services
