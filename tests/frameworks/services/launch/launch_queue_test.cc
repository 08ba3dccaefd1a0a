// Back-off rules, fairness, what offers come to, revive and suppress, and the figures of the queue.
#include "frameworks/services/launch/launch_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/frameworks/services/launch/builders.h"

namespace meseta::services {
namespace {

using testing::AConstraint;
using testing::AnApp;
using testing::AnOffer;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::LaunchesIn;
using testing::NoInstances;
using testing::OnRack;
using testing::Shared;
using ::testing::UnorderedElementsAre;
using Op = internal::AppConstraint;

constexpr int64_t kT0 = 1'000'000;

LaunchQueue AQueue(LaunchOptions options = {}) { return LaunchQueue(std::move(options), Rng(1)); }

std::map<std::string, int> AppsIn(const OfferUse& use) {
  std::map<std::string, int> apps;
  for (const LaunchedInstance& launched : use.launches) ++apps[launched.record.app()];
  return apps;
}

// ---- back-off

TEST(LaunchQueueTest, DelaysGrowUpToTheirMaximum) {
  LaunchQueue queue = AQueue();
  AppSpec app = AnApp("/a");
  app.set_max_launch_delay_seconds(5);
  const std::vector<double> expected = {1, 2, 4, 5, 5};
  for (size_t i = 0; i < expected.size(); ++i) {
    const internal::BackoffRecord record = queue.Failed(app, kT0);
    EXPECT_EQ(record.delay_seconds(), expected[i]);
    EXPECT_EQ(record.until(), kT0 + static_cast<int64_t>(expected[i] * 1000));
    EXPECT_EQ(record.failures(), i + 1);
    EXPECT_EQ(record.app(), "/a");
    EXPECT_EQ(record.config_version(), 1'000);
  }
}

TEST(LaunchQueueTest, DelayIsOverAfterItsMaximumOrANewConfig) {
  LaunchQueue queue = AQueue();
  AppSpec app = AnApp("/a");
  app.set_max_launch_delay_seconds(10);
  (void)queue.Failed(app, kT0);
  EXPECT_EQ(queue.Failed(app, kT0 + 1'000 + 10'000).delay_seconds(), 2);  // Until + maximum, just.
  EXPECT_EQ(queue.Failed(app, kT0 + 11'000 + 2'000 + 10'001).delay_seconds(), 1);
  AppSpec next = app;
  next.set_last_config_change_at(2'000);
  EXPECT_EQ(queue.Failed(next, kT0 + 24'000).delay_seconds(), 1);
  // A late failure of the version before changes nothing.
  EXPECT_EQ(queue.Failed(app, kT0 + 24'500).config_version(), 2'000);
  EXPECT_EQ(queue.Failed(next, kT0 + 25'000).delay_seconds(), 2);
}

TEST(LaunchQueueTest, DelayedAppsAreNotLaunched) {
  LaunchQueue queue = AQueue();
  const AppPtr app = Shared(AnApp("/a"));
  (void)queue.Failed(*app, kT0);
  queue.SetWanted(app, 1, kT0);
  EXPECT_EQ(queue.Find("/a")->delayed_until_ms, kT0 + 1'000);
  EXPECT_EQ(queue.Find("/a")->failures, 1U);
  EXPECT_THAT(queue.WantingRoles(kT0), IsEmpty());
  EXPECT_THAT(queue.TakeRevive(kT0), IsEmpty());
  EXPECT_EQ(queue.NextTimeMs(), kT0 + 1'000);
  const v1::Offer offer = AnOffer("n", "cpus:4;mem:4096");
  EXPECT_EQ(LaunchesIn(queue.UseOffers({offer}, NoInstances(), kT0 + 999)), 0U);
  EXPECT_THAT(queue.WantingRoles(kT0 + 1'000), ElementsAre("web"));
  EXPECT_THAT(queue.TakeRevive(kT0 + 1'000), ElementsAre("web"));
  EXPECT_EQ(LaunchesIn(queue.UseOffers({offer}, NoInstances(), kT0 + 1'000)), 1U);
  EXPECT_EQ(queue.Find("/a"), nullptr);
}

TEST(LaunchQueueTest, ResetEndsADelay) {
  LaunchQueue queue = AQueue();
  const AppPtr app = Shared(AnApp("/a"));
  EXPECT_FALSE(queue.ResetDelay("/a"));
  queue.SetWanted(app, 1, kT0);
  (void)queue.Failed(*app, kT0);
  EXPECT_THAT(queue.WantingRoles(kT0), IsEmpty());
  EXPECT_TRUE(queue.ResetDelay("/a"));
  EXPECT_THAT(queue.WantingRoles(kT0), ElementsAre("web"));
  EXPECT_EQ(queue.Find("/a")->delayed_until_ms, 0);
  EXPECT_EQ(queue.Failed(*app, kT0).delay_seconds(), 1);
}

TEST(LaunchQueueTest, DelaysSurviveAFailover) {
  LaunchQueue before = AQueue();
  const AppPtr app = Shared(AnApp("/a"));
  (void)before.Failed(*app, kT0);
  LaunchQueue after = AQueue();
  after.LoadBackoff(before.Failed(*app, kT0));
  after.SetWanted(app, 1, kT0);
  EXPECT_EQ(after.Find("/a")->delayed_until_ms, kT0 + 2'000);
  EXPECT_EQ(after.Find("/a")->failures, 2U);
}

TEST(LaunchQueueTest, ANewConfigVersionIsNotDelayed) {
  LaunchQueue queue = AQueue();
  const AppPtr app = Shared(AnApp("/a"));
  queue.SetWanted(app, 1, kT0);
  (void)queue.Failed(*app, kT0);
  AppSpec next = *app;
  next.set_last_config_change_at(2'000);
  queue.SetWanted(Shared(next), 1, kT0);
  EXPECT_EQ(queue.Find("/a")->delayed_until_ms, 0);
  EXPECT_THAT(queue.WantingRoles(kT0), ElementsAre("web"));
}

// ---- offers

TEST(LaunchQueueTest, SeveralAppsAndInstancesUseOneOffer) {
  LaunchQueue queue = AQueue();
  queue.SetWanted(Shared(AnApp("/a")), 2, kT0);
  queue.SetWanted(Shared(AnApp("/b")), 1, kT0);
  const auto uses = queue.UseOffers({AnOffer("n", "cpus:8;mem:8192")}, NoInstances(), kT0);
  EXPECT_EQ(AppsIn(uses[0]), (std::map<std::string, int>{{"/a", 2}, {"/b", 1}}));
  EXPECT_EQ(uses[0].offer_id, "offer-n");
  EXPECT_THAT(queue.All(), IsEmpty());
  EXPECT_THAT(queue.WantingRoles(kT0), IsEmpty());
}

TEST(LaunchQueueTest, InstancesSpreadOverOffers) {
  LaunchQueue queue = AQueue();
  queue.SetWanted(Shared(AnApp("/a")), 3, kT0);
  std::vector<v1::Offer> offers;
  for (int i = 0; i < 3; ++i) offers.push_back(AnOffer("n" + std::to_string(i), "cpus:8;mem:8192"));
  for (const OfferUse& use : queue.UseOffers(offers, NoInstances(), kT0)) {
    EXPECT_EQ(use.launches.size(), 1U);
  }
}

TEST(LaunchQueueTest, ALargeAppDoesNotStarveASmallOne) {
  LaunchOptions options;
  options.max_instances_per_offer = 4;
  LaunchQueue queue = AQueue(options);
  queue.SetWanted(Shared(AnApp("/large")), 1'000, kT0);
  queue.SetWanted(Shared(AnApp("/small-1")), 2, kT0);
  queue.SetWanted(Shared(AnApp("/small-2")), 1, kT0);
  auto uses = queue.UseOffers({AnOffer("n", "cpus:100;mem:100000")}, NoInstances(), kT0);
  EXPECT_EQ(AppsIn(uses[0]),
            (std::map<std::string, int>{{"/large", 2}, {"/small-1", 1}, {"/small-2", 1}}));
  EXPECT_EQ(uses[0].refuse_seconds, 0);  // Our own bound ended it: the rest is wanted at once.
}

TEST(LaunchQueueTest, LeastRecentlyServedGoesFirst) {
  LaunchQueue queue = AQueue();
  const v1::Offer room_for_one = AnOffer("n", "cpus:1;mem:128");
  std::vector<std::string> served;
  for (const char* path : {"/a", "/b", "/c"}) queue.SetWanted(Shared(AnApp(path)), 10, kT0);
  for (int i = 0; i < 6; ++i) {
    const auto uses = queue.UseOffers({room_for_one}, NoInstances(), kT0 + i);
    ASSERT_EQ(uses[0].launches.size(), 1U);
    served.push_back(uses[0].launches[0].record.app());
  }
  EXPECT_THAT(served, ElementsAre("/a", "/b", "/c", "/a", "/b", "/c"));
}

TEST(LaunchQueueTest, WhatNobodyUsesIsDeclinedForLong) {
  LaunchQueue queue = AQueue();
  queue.SetWanted(Shared(AnApp("/a", 1, 4)), 1, kT0);
  const auto uses =
      queue.UseOffers({AnOffer("n", "cpus:1;mem:8192"), AnOffer("m", "cpus:8;mem:8192", "other")},
                      NoInstances(), kT0);
  for (const OfferUse& use : uses) {
    EXPECT_THAT(use.launches, IsEmpty());
    EXPECT_EQ(use.refuse_seconds, 120);
  }
}

TEST(LaunchQueueTest, ConstraintsCountRecordedAndNewInstances) {
  LaunchQueue queue = AQueue();
  AppSpec app = AnApp("/a", 5);
  *app.add_constraints() = AConstraint("hostname", Op::UNIQUE);
  queue.SetWanted(Shared(app), 4, kT0);
  int calls = 0;
  const auto instances = [&](const Path& path) {
    EXPECT_EQ(path, "/a");
    ++calls;
    return std::vector<InstancePtr>{testing::InstanceOn("n1")};
  };
  std::vector<v1::Offer> offers;
  for (const char* host : {"n1", "n2", "n2", "n3"})
    offers.push_back(AnOffer(host, "cpus:8;mem:8192"));
  const auto uses = queue.UseOffers(offers, instances, kT0);
  EXPECT_EQ(uses[0].launches.size(), 0U);
  EXPECT_EQ(uses[1].launches.size() + uses[2].launches.size(), 1U);
  EXPECT_EQ(uses[3].launches.size(), 1U);
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(queue.Find("/a")->count, 2U);
}

TEST(LaunchQueueTest, InstancesAreNotAskedForWithoutConstraints) {
  LaunchQueue queue = AQueue();
  queue.SetWanted(Shared(AnApp("/a", 5)), 5, kT0);
  queue.SetWanted(Shared(AnApp("/b", 5, 100)), 5, kT0);
  const auto never = [](const Path&) -> std::vector<InstancePtr> {
    ADD_FAILURE() << "instances were asked for";
    return {};
  };
  EXPECT_EQ(LaunchesIn(queue.UseOffers({AnOffer("n", "cpus:8;mem:8192")}, never, kT0)), 5U);
}

TEST(LaunchQueueTest, GroupByWithoutAValueSpreadsOverTheRacksThatOffer) {
  LaunchQueue queue = AQueue();
  AppSpec app = AnApp("/a", 6);
  *app.add_constraints() = AConstraint("rack", Op::GROUP_BY);
  queue.SetWanted(Shared(app), 6, kT0);
  const std::vector<v1::Offer> offers = {OnRack("n1", "r1"), OnRack("n2", "r1"), OnRack("n3", "r2"),
                                         OnRack("n4", "r3"), OnRack("n5", "r4", "cpus:0.1;mem:8")};
  std::map<std::string, int> by_rack;
  for (const OfferUse& use : queue.UseOffers(offers, NoInstances(), kT0)) {
    for (const auto& launched : use.launches) ++by_rack[launched.record.attributes().at("rack")];
  }
  EXPECT_EQ(by_rack, (std::map<std::string, int>{{"r1", 2}, {"r2", 2}, {"r3", 2}}));
}

TEST(LaunchQueueTest, LaunchTokensBoundLaunches) {
  LaunchOptions options;
  options.launch_tokens = 3;
  LaunchQueue queue = AQueue(options);
  queue.SetWanted(Shared(AnApp("/a")), 5, kT0);
  const v1::Offer offer = AnOffer("n", "cpus:8;mem:8192");
  EXPECT_THAT(queue.TakeRevive(kT0), ElementsAre("web"));
  EXPECT_EQ(LaunchesIn(queue.UseOffers({offer}, NoInstances(), kT0)), 3U);
  EXPECT_THAT(queue.WantingRoles(kT0), IsEmpty());
  EXPECT_EQ(queue.NextTimeMs(), kT0 + 30'000);
  EXPECT_EQ(LaunchesIn(queue.UseOffers({offer}, NoInstances(), kT0 + 29'999)), 0U);
  EXPECT_THAT(queue.WantingRoles(kT0 + 30'000), ElementsAre("web"));
  EXPECT_THAT(queue.TakeRevive(kT0 + 30'000), ElementsAre("web"));
  EXPECT_EQ(LaunchesIn(queue.UseOffers({offer}, NoInstances(), kT0 + 30'000)), 2U);
}

TEST(LaunchQueueTest, ATurnIsBounded) {
  LaunchOptions options;
  options.max_instances_per_offer = 100'000;
  LaunchQueue queue = AQueue(options);
  queue.SetWanted(Shared(AnApp("/a", 1, 0.001, 1)), 100'000, kT0);
  const v1::Offer offer = AnOffer("n", "cpus:10000;mem:1000000");
  const auto uses = queue.UseOffers({offer}, NoInstances(), kT0);
  EXPECT_EQ(LaunchesIn(uses), LaunchTurn::kMaxLaunches);
  EXPECT_EQ(uses[0].refuse_seconds, 0);
}

// ---- whether offers are wanted

TEST(LaunchQueueTest, IdleHoldsNoOffers) {
  LaunchQueue queue = AQueue();
  EXPECT_THAT(queue.WantingRoles(kT0), IsEmpty());
  EXPECT_THAT(queue.TakeRevive(kT0), IsEmpty());
  EXPECT_EQ(queue.NextTimeMs(), std::nullopt);
  const AppPtr app = Shared(AnApp("/a"));
  queue.SetWanted(app, 1, kT0);
  EXPECT_THAT(queue.WantingRoles(kT0), ElementsAre("web"));
  EXPECT_THAT(queue.TakeRevive(kT0), ElementsAre("web"));
  EXPECT_THAT(queue.TakeRevive(kT0), IsEmpty());
  queue.SetWanted(app, 0, kT0 + 1);
  EXPECT_THAT(queue.WantingRoles(kT0 + 1), IsEmpty());
  EXPECT_EQ(LaunchesIn(queue.UseOffers({AnOffer("n", "cpus:8;mem:8192")}, NoInstances(), kT0 + 2)),
            0U);
  queue.SetWanted(app, 1, kT0 + 3);
  queue.Remove("/a");
  EXPECT_THAT(queue.WantingRoles(kT0 + 4), IsEmpty());
}

TEST(LaunchQueueTest, NewWantsReviveAtOnceOthersAtIntervals) {
  LaunchQueue queue = AQueue();
  const AppPtr app = Shared(AnApp("/a", 1, 100));
  queue.SetWanted(app, 1, kT0);
  EXPECT_THAT(queue.TakeRevive(kT0), ElementsAre("web"));
  queue.SetWanted(app, 1, kT0 + 500);                          // The same level: nothing new.
  queue.SetWanted(Shared(AnApp("/a", 1, 100)), 1, kT0 + 600);  // A copy of the same definition.
  EXPECT_THAT(queue.TakeRevive(kT0 + 600), IsEmpty());
  queue.SetWanted(app, 2, kT0 + 1'000);
  EXPECT_THAT(queue.TakeRevive(kT0 + 1'000), ElementsAre("web"));
  queue.SetWanted(app, 1, kT0 + 1'100);  // Fewer.
  EXPECT_THAT(queue.TakeRevive(kT0 + 1'100), IsEmpty());
  // A delay that ends may wait.
  const AppPtr other = Shared(AnApp("/b", 1, 100));
  (void)queue.Failed(*other, kT0 + 1'000);
  queue.SetWanted(other, 1, kT0 + 1'200);
  EXPECT_THAT(queue.TakeRevive(kT0 + 2'000), IsEmpty());
  EXPECT_EQ(queue.NextTimeMs(), kT0 + 6'000);
  EXPECT_THAT(queue.TakeRevive(kT0 + 6'000), ElementsAre("web"));
}

TEST(LaunchQueueTest, ManyNewWantsDoNotFlood) {
  LaunchQueue queue = AQueue();
  int revivals = 0;
  for (int i = 0; i < 1'000; ++i) {
    queue.SetWanted(Shared(AnApp("/a" + std::to_string(i), 1, 100)), 1, kT0 + i);
    revivals += queue.TakeRevive(kT0 + i).empty() ? 0 : 1;
  }
  EXPECT_LE(revivals, 20);
}

TEST(LaunchQueueTest, OnlyRolesThatWaitWantOffers) {
  LaunchQueue queue = AQueue();
  AppSpec batch = AnApp("/b");
  batch.set_role("batch");
  queue.SetWanted(Shared(AnApp("/a")), 1, kT0);
  queue.SetWanted(Shared(batch), 1, kT0);
  EXPECT_THAT(queue.WantingRoles(kT0), UnorderedElementsAre("web", "batch"));
  EXPECT_THAT(queue.TakeRevive(kT0), UnorderedElementsAre("web", "batch"));
  (void)queue.UseOffers({AnOffer("n", "cpus:8;mem:8192", "batch")}, NoInstances(), kT0);
  EXPECT_THAT(queue.WantingRoles(kT0), ElementsAre("web"));
}

// ---- figures

TEST(LaunchQueueTest, FunnelIsCounted) {
  LaunchQueue queue = AQueue();
  AppSpec app = AnApp("/a", 1, 4, 8192);
  queue.SetWanted(Shared(app), 1, kT0);
  const std::vector<v1::Offer> offers = {AnOffer("n1", "cpus:1;mem:100"),
                                         AnOffer("n2", "cpus:8;mem:6348"),
                                         AnOffer("n3", "cpus:8;mem:512")};
  (void)queue.UseOffers(offers, NoInstances(), kT0 + 1);
  (void)queue.UseOffers({offers[0]}, NoInstances(), kT0 + 2);
  const WaitingPtr waiting = queue.Find("/a");
  const auto cpus = static_cast<size_t>(RejectReason::kInsufficientCpus);
  const auto mem = static_cast<size_t>(RejectReason::kInsufficientMemory);
  EXPECT_EQ(waiting->offers_processed, 4U);
  EXPECT_EQ(waiting->offers_unused, 4U);
  EXPECT_EQ(waiting->last_unused_ms, kT0 + 2);
  EXPECT_EQ(waiting->last_used_ms, 0);
  EXPECT_EQ(waiting->processed_last[0], 3U);
  EXPECT_EQ(waiting->declined_last[cpus], 1U);
  EXPECT_EQ(waiting->processed_last[mem], 2U);
  EXPECT_EQ(waiting->declined_last[mem], 2U);
  EXPECT_EQ(waiting->processed_last[mem + 1], 0U);
  EXPECT_EQ(waiting->declined_all[cpus], 2U);
  EXPECT_EQ(waiting->processed_all[0], 4U);
  EXPECT_EQ(waiting->nearest[mem].host, "n2");
  EXPECT_EQ(waiting->nearest[mem].offered, 6348);
  ASSERT_EQ(waiting->unused.size(), 3U);
  EXPECT_EQ(waiting->unused[0].offer->hostname(), "n1");
  EXPECT_EQ(waiting->unused[0].at_ms, kT0 + 2);
}

TEST(LaunchQueueTest, FiguresAreBounded) {
  LaunchQueue queue = AQueue();
  queue.SetWanted(Shared(AnApp("/a", 1, 4)), 1, kT0);
  for (int i = 0; i < 100; ++i) {
    (void)queue.UseOffers({AnOffer("n" + std::to_string(i), "cpus:1;mem:100")}, NoInstances(),
                          kT0 + i);
  }
  const WaitingPtr waiting = queue.Find("/a");
  EXPECT_EQ(waiting->unused.size(), WaitingApp::kMaxUnused);
  EXPECT_EQ(waiting->unused[0].offer->hostname(), "n99");
  EXPECT_EQ(waiting->processed_last[0], 100U);
}

TEST(LaunchQueueTest, ChangedAppsAreTold) {
  LaunchQueue queue = AQueue();
  const AppPtr app = Shared(AnApp("/a", 1, 4));
  queue.SetWanted(app, 1, kT0);
  EXPECT_THAT(queue.TakeChanged(), ElementsAre("/a"));
  const WaitingPtr before = queue.Find("/a");
  EXPECT_THAT(queue.TakeChanged(), IsEmpty());
  EXPECT_EQ(queue.Find("/a"), before);
  (void)queue.UseOffers({AnOffer("n", "cpus:1;mem:100")}, NoInstances(), kT0);
  EXPECT_THAT(queue.TakeChanged(), ElementsAre("/a"));
  EXPECT_NE(queue.Find("/a"), before);
  (void)queue.UseOffers({AnOffer("n", "cpus:8;mem:1000")}, NoInstances(), kT0);
  EXPECT_THAT(queue.TakeChanged(), ElementsAre("/a"));
  EXPECT_EQ(queue.Find("/a"), nullptr);
}

TEST(LaunchQueueTest, EveryAppIsToldItsRefusalsInTurn) {
  LaunchQueue queue = AQueue();
  constexpr int kApps = 5'000;
  for (int i = 0; i < kApps; ++i)
    queue.SetWanted(Shared(AnApp("/a" + std::to_string(i), 1, 100)), 1, kT0);
  std::vector<v1::Offer> offers;
  for (int i = 0; i < 100; ++i)
    offers.push_back(AnOffer("n" + std::to_string(i), "cpus:1;mem:8192"));
  (void)queue.TakeChanged();
  (void)queue.UseOffers(offers, NoInstances(), kT0);
  for (const WaitingPtr& waiting : queue.All()) EXPECT_GE(waiting->offers_processed, 1U);
  std::set<Path> told;
  for (int i = 0; i < 30; ++i) {
    const std::vector<Path> changed = queue.TakeChanged();
    EXPECT_LE(changed.size(), LaunchQueue::kMaxFiguresTold);
    told.insert(changed.begin(), changed.end());
  }
  EXPECT_EQ(told.size(), static_cast<size_t>(kApps));
}

}  // namespace
}  // namespace meseta::services
