// Whom to kill first: one rule after the other.
#include <gtest/gtest.h>

#include "frameworks/services/deploy/reconcile.h"
#include "tests/frameworks/services/deploy/builders.h"

namespace meseta::services {
namespace {

InstancePtr Since(const std::string& id, int64_t started, const std::string& host = "",
                  const std::string& rack = "") {
  auto instance = One(id);
  instance->set_started_at(started);
  instance->set_host(host);
  if (!rack.empty()) (*instance->mutable_attributes())["rack"] = rack;
  return instance;
}

void GroupBy(AppSpec* app, const std::string& field) {
  auto* constraint = app->add_constraints();
  constraint->set_field(field);
  constraint->set_op(internal::AppConstraint::GROUP_BY);
}

TEST(KillOrderTest, ConditionsComeBeforeAge) {
  const std::vector<InstancePtr> all = {
      Since("old", 10), Since("young", 20), One("starting", 1, Instance::STARTING),
      One("staging", 1, Instance::STAGING), One("provisioned", 1, Instance::PROVISIONED),
      One("unreachable", 1, Instance::UNREACHABLE)};
  EXPECT_EQ(IdsOf(KillOrder(*App("/a", 1), all, {})),
            (Ids{"unreachable", "provisioned", "staging", "starting", "young", "old"}));
}

TEST(KillOrderTest, AgeIsAsTheAppSays) {
  auto app = App("/a", 1);
  const std::vector<InstancePtr> all = {Since("a", 10), Since("b", 30), Since("c", 20)};
  EXPECT_EQ(IdsOf(KillOrder(*app, all, {})), (Ids{"b", "c", "a"}));
  app->set_kill_selection(AppSpec::OLDEST_FIRST);
  EXPECT_EQ(IdsOf(KillOrder(*app, all, {})), (Ids{"a", "c", "b"}));
}

TEST(KillOrderTest, NamedOnesComeFirstWhateverTheirState) {
  const std::vector<InstancePtr> all = {Since("a", 10), Since("b", 30),
                                        One("c", 1, Instance::STAGING)};
  EXPECT_EQ(IdsOf(KillOrder(*App("/a", 1), all, {"a", "not there"})), (Ids{"a", "c", "b"}));
}

TEST(KillOrderTest, GroupByTakesFromTheLargestGroup) {
  auto app = App("/a", 1);
  GroupBy(app.get(), "hostname");
  const std::vector<InstancePtr> all = {Since("e1", 1, "east"), Since("e2", 2, "east"),
                                        Since("e3", 3, "east"), Since("w1", 9, "west")};
  // Two from the east, then both have one, and age counts.
  EXPECT_EQ(IdsOf(KillOrder(*app, all, {}, 3)), (Ids{"e3", "e2", "w1", "e1"}));
  // Those beyond what is to be killed are not looked at.
  EXPECT_EQ(IdsOf(KillOrder(*app, all, {}, 1)), (Ids{"e3", "w1", "e2", "e1"}));
}

TEST(KillOrderTest, SeveralGroupBysAreKeptEvenTogether) {
  auto app = App("/a", 1);
  GroupBy(app.get(), "hostname");
  GroupBy(app.get(), "rack");
  const std::vector<InstancePtr> all = {
      Since("1", 1, "h1", "r1"), Since("2", 2, "h1", "r2"), Since("3", 3, "h2", "r1"),
      Since("4", 4, "h2", "r2"), Since("5", 5, "h1", "r1")};
  const Ids order = IdsOf(KillOrder(*app, all, {}, 2));
  EXPECT_EQ(order[0], "5");  // Of the largest host and the largest rack.
  EXPECT_EQ(order.size(), all.size());
}

TEST(KillOrderTest, OneThatIsOnItsWayOutIsNoLoss) {
  const std::vector<InstancePtr> all = {Since("a", 10), One("b", 1, Instance::KILLING)};
  EXPECT_EQ(IdsOf(KillOrder(*App("/a", 1), all, {})), (Ids{"b", "a"}));
}

}  // namespace
}  // namespace meseta::services
