// The catalog against a plain map of maps: copies are independent, changes are undone exactly.
#include "frameworks/services/model/catalog.h"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include <chrono>
#include <map>

namespace meseta::services {
namespace {

AppPtr App(const Path& path, VersionMs version, std::vector<uint32_t> ports = {}) {
  auto app = std::make_shared<AppSpec>();
  app->set_id(path);
  app->set_cmd("sleep " + std::to_string(version));
  app->set_version(version);
  for (const uint32_t port : ports) app->add_port_definitions()->set_port(port);
  return app;
}

GroupPtr Group(const Path& path, VersionMs version) {
  auto group = std::make_shared<GroupSpec>();
  group->set_id(path);
  group->set_version(version);
  return group;
}

std::vector<Path> AppsBeneath(const Catalog& catalog, const Path& group) {
  std::vector<Path> paths;
  catalog.ForEachAppBeneath(group, [&](const AppPtr& app) { paths.push_back(app->id()); });
  return paths;
}

std::vector<Path> GroupsBeneath(const Catalog& catalog, const Path& group) {
  std::vector<Path> paths;
  catalog.ForEachGroupBeneath(group, [&](const GroupPtr& one) { paths.push_back(one->id()); });
  return paths;
}

// All that a catalog holds now, as text.
std::string Dump(const Catalog& catalog) {
  std::string text;
  catalog.ForEachGroupBeneath("/", [&](const GroupPtr& group) {
    text += group->id() + "@" + std::to_string(group->version()) + " ";
  });
  catalog.ForEachApp([&](const AppPtr& app) {
    text += app->id() + "@" + std::to_string(app->version()) + ":" + app->cmd() + " ";
  });
  for (uint32_t port = 1; port < 20; ++port) {
    if (catalog.IsServicePortUsed(port)) text += std::to_string(port) + " ";
  }
  return text;
}

TEST(CatalogTest, HasARootAndNothingElse) {
  const Catalog catalog;
  ASSERT_NE(catalog.FindGroup("/"), nullptr);
  EXPECT_EQ(catalog.FindApp("/web"), nullptr);
  EXPECT_EQ(catalog.apps(), 0u);
  EXPECT_FALSE(catalog.At(0).has_value());
}

TEST(CatalogTest, ParentsOfAnAppAreMadeWithItsVersion) {
  Catalog catalog;
  catalog.PutApp(App("/shop/web/front", 5));
  EXPECT_EQ(GroupsBeneath(catalog, "/"), (std::vector<Path>{"/", "/shop", "/shop/web"}));
  EXPECT_EQ(catalog.FindGroup("/shop/web")->version(), 5);
  EXPECT_EQ(catalog.FindGroup("/")->version(), 0);
}

TEST(CatalogTest, WhatIsBeneathAGroupIsNotWhatBeginsAlike) {
  Catalog catalog;
  for (const char* path : {"/shop/web", "/shop-2/web", "/shop/db", "/shopping", "/shop.a"}) {
    catalog.PutApp(App(path, 1));
  }
  EXPECT_EQ(AppsBeneath(catalog, "/shop"), (std::vector<Path>{"/shop/db", "/shop/web"}));
  EXPECT_EQ(AppsBeneath(catalog, "/").size(), 5u);
  EXPECT_EQ(GroupsBeneath(catalog, "/shop"), (std::vector<Path>{"/shop"}));
}

TEST(CatalogTest, ServicePortsAreCounted) {
  Catalog catalog;
  catalog.PutApp(App("/a", 1, {7, 8}));
  catalog.PutApp(App("/b", 1, {8}));
  catalog.PutApp(App("/a", 2, {9}));
  EXPECT_FALSE(catalog.IsServicePortUsed(7));
  EXPECT_TRUE(catalog.IsServicePortUsed(8));
  EXPECT_TRUE(catalog.IsServicePortUsed(9));
  catalog.RemoveApp("/b");
  EXPECT_FALSE(catalog.IsServicePortUsed(8));
  catalog.PutApp(App("/c", 1, {0}));
  EXPECT_FALSE(catalog.IsServicePortUsed(0));
}

TEST(CatalogTest, ServicePortsOfMappingsAndDefinitions) {
  EXPECT_EQ(ServicePortsOf(*App("/a", 1, {3, 1})), (std::vector<uint32_t>{3, 1}));
  AppSpec app;
  auto* mapping = app.mutable_container()->add_port_mappings();
  mapping->set_container_port(80);
  mapping->set_service_port(10'001);
  EXPECT_EQ(ServicePortsOf(app), (std::vector<uint32_t>{10'001}));
}

TEST(CatalogTest, VersionsAreKeptUpToTheirBound) {
  Catalog catalog;
  for (VersionMs version = 1; version <= 60; ++version) catalog.PutApp(App("/web", version));
  const std::vector<VersionMs> versions = catalog.VersionsOf("/web");
  ASSERT_EQ(versions.size(), Catalog::kMaxVersions);
  EXPECT_EQ(versions.front(), 60);
  EXPECT_EQ(versions.back(), 11);
  EXPECT_EQ(catalog.FindVersion("/web", 20)->cmd(), "sleep 20");
  EXPECT_EQ(catalog.FindVersion("/web", 10), nullptr);
  EXPECT_EQ(catalog.FindVersion("/db", 10), nullptr);
  catalog.RemoveApp("/web");
  EXPECT_TRUE(catalog.VersionsOf("/web").empty());
}

TEST(CatalogTest, CopiesAreIndependentBothWays) {
  Catalog original;
  original.PutApp(App("/a", 1));
  Catalog copy = original;
  copy.PutApp(App("/a", 2));
  original.PutApp(App("/b", 3));
  EXPECT_EQ(original.FindApp("/a")->version(), 1);
  EXPECT_EQ(copy.FindApp("/a")->version(), 2);
  EXPECT_EQ(copy.FindApp("/b"), nullptr);
  const Catalog frozen = copy.Freeze();
  copy.RemoveApp("/a");
  EXPECT_NE(frozen.FindApp("/a"), nullptr);
  original = copy;
  original.PutApp(App("/c", 4));
  EXPECT_EQ(copy.FindApp("/c"), nullptr);
}

TEST(CatalogTest, ChangesAreRecordedWithWhatWasBefore) {
  Catalog catalog;
  catalog.PutApp(App("/shop/web", 1));
  const Catalog before = catalog.Freeze();
  catalog.PutApp(App("/shop/web", 2));
  catalog.PutApp(App("/ops/log", 2));
  const ChangePtr change = catalog.RecordChange(before, 2);
  ASSERT_EQ(change->apps_size(), 2);
  EXPECT_EQ(change->apps(0).app(), "/ops/log");
  EXPECT_FALSE(change->apps(0).has_before());
  EXPECT_EQ(change->apps(1).before().version(), 1);
  ASSERT_EQ(change->groups_added_size(), 1);
  EXPECT_EQ(change->groups_added(0), "/ops");
  EXPECT_EQ(change->groups_before_size(), 0);
  EXPECT_EQ(catalog.GroupVersionsOf("/shop"), (std::vector<VersionMs>{2}));
  EXPECT_EQ(catalog.GroupVersionsOf("/nowhere"), std::vector<VersionMs>{});
}

TEST(CatalogTest, AnEqualAppIsNoChange) {
  Catalog catalog;
  catalog.PutApp(App("/web", 1));
  const Catalog before = catalog.Freeze();
  catalog.PutApp(App("/web", 1));
  EXPECT_TRUE(ChangedApps(before, catalog).empty());
  EXPECT_EQ(catalog.VersionsOf("/web").size(), 1u);
  catalog.PutApp(App("/web", 2));
  EXPECT_EQ(ChangedApps(before, catalog), (std::vector<Path>{"/web"}));
}

TEST(CatalogTest, OldChangesAreDropped) {
  Catalog catalog;
  for (VersionMs version = 1; version <= 1'010; ++version) {
    const Catalog before = catalog.Freeze();
    catalog.PutApp(App("/web", version));
    (void)catalog.RecordChange(before, version);
  }
  EXPECT_EQ(catalog.GroupVersionsOf("/").size(), Catalog::kMaxChanges);
  EXPECT_FALSE(catalog.At(10).has_value());
  ASSERT_TRUE(catalog.At(11).has_value());
  EXPECT_EQ(catalog.At(11)->FindApp("/web")->version(), 11);
}

// One random change; what it does is up to the three numbers.
void ChangeSomething(Catalog* catalog, int what, int which, VersionMs version) {
  static const std::vector<Path> kApps = {"/a/x", "/a/y", "/b/x", "/b-c/d/x", "/z"};
  const Path& path = kApps[static_cast<size_t>(which) % kApps.size()];
  switch (what % 4) {
    case 0:
    case 1:
      catalog->PutApp(App(path, version, {static_cast<uint32_t>(which % 5 + 1)}));
      break;
    case 2:
      catalog->RemoveApp(path);
      break;
    default: {
      const Path group = "/g/" + std::string(1, static_cast<char>('a' + which % 3));
      if (catalog->FindGroup(group) != nullptr && which % 2 == 0) {
        catalog->RemoveGroup(group);
      } else {
        catalog->PutGroup(Group(group, version));
      }
    }
  }
}

RC_GTEST_PROP(CatalogTest, EveryRecordedStateComesBack,
              (const std::vector<std::pair<uint8_t, uint8_t>>& moves)) {
  Catalog catalog;
  Catalog reloaded;  // As a failover makes it: from the last state and the records.
  std::map<VersionMs, std::string> states;
  std::map<VersionMs, ChangePtr> records;
  VersionMs version = 0;
  for (const auto& [what, which] : moves) {
    ++version;
    const Catalog before = catalog.Freeze();
    ChangeSomething(&catalog, what, which, version);
    ChangeSomething(&catalog, which, what, version);
    records[version] = catalog.RecordChange(before, version);
    states[version] = Dump(catalog);
  }
  catalog.ForEachGroupBeneath("/", [&](const GroupPtr& group) { reloaded.PutGroup(group); });
  catalog.ForEachApp([&](const AppPtr& app) { reloaded.PutApp(app); });
  for (const auto& [at, record] : records) reloaded.AddChange(record);
  for (const auto& [at, state] : states) {
    RC_ASSERT(Dump(*catalog.At(at)) == state);
    RC_ASSERT(Dump(*reloaded.At(at)) == state);
  }
  if (version > 0) RC_ASSERT(Dump(catalog) == states[version]);
}

// The same change in a catalog of 100 and of 20,000 apps: its cost is that of what changed. The
// bound is far above what is measured, and far below what a walk over all apps would take.
TEST(CatalogTest, AChangeCostsWhatItChanges) {
  Catalog catalog;
  for (int i = 0; i < 20'000; ++i) {
    catalog.PutApp(App("/g" + std::to_string(i % 100) + "/app" + std::to_string(i), 1,
                       {static_cast<uint32_t>(10'000 + i)}));
  }
  const auto start = std::chrono::steady_clock::now();
  constexpr int kRounds = 200;
  for (int i = 0; i < kRounds; ++i) {
    const Catalog before = catalog.Freeze();
    catalog.PutApp(App("/g7/app" + std::to_string(i * 100 + 7), i + 2, {20'000}));
    const ChangePtr change = catalog.RecordChange(before, i + 2);
    ASSERT_EQ(change->apps_size(), 1);
  }
  const std::chrono::duration<double, std::micro> spent = std::chrono::steady_clock::now() - start;
  RecordProperty("microseconds_per_change", std::to_string(spent.count() / kRounds));
  EXPECT_LT(spent.count() / kRounds, 5'000);
}

}  // namespace
}  // namespace meseta::services
