// Goal: what must hold whatever happens. Capacity bounds at every decision, deciding twice is the same
// as once (World checks both), and once failures stop: every deployment ends, every app has as many
// good instances as it wants, all of its version, and nothing is left of removed apps.
// Method: a list of random numbers is read as changes, failures, forced changes, drops, undoings and
// failovers in a World; then all goes well. RapidCheck shrinks the list.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <random>

#include "tests/frameworks/services/deploy/world.h"

namespace meseta::services {
namespace {

using boost::json::object;

// Choices, one after the other; all 0 when there are no more.
class Dice {
 public:
  explicit Dice(const std::vector<uint32_t>& numbers) : numbers_(numbers) {}
  [[nodiscard]] bool empty() const { return next_ >= numbers_.size(); }
  uint32_t Roll(uint32_t sides) { return empty() ? 0 : numbers_[next_++] % sides; }

 private:
  const std::vector<uint32_t>& numbers_;
  size_t next_ = 0;
};

const std::vector<Path> kApps = {"/a", "/g/b", "/g/c", "/g/h/d"};

Path AnyApp(Dice& dice) { return kApps[dice.Roll(4)]; }

object RandomApp(Dice& dice, const Path& path) {
  object app;
  app["id"] = path;
  app["cmd"] = "v" + std::to_string(dice.Roll(4));
  app["instances"] = static_cast<int64_t>(dice.Roll(6));
  const double shares[] = {1, .5, 0, .25};
  app["upgradeStrategy"] = object{{"minimumHealthCapacity", shares[dice.Roll(4)]},
                                  {"maximumOverCapacity", shares[dice.Roll(4)]}};
  if (dice.Roll(2) == 0) app["healthChecks"] = boost::json::parse(R"([{"protocol":"TCP"}])");
  switch (dice.Roll(3)) {
    case 0: app["unreachableStrategy"] = "disabled"; break;
    case 1:
      app["unreachableStrategy"] =
          object{{"inactiveAfterSeconds", 10}, {"expungeAfterSeconds", 100}};
      break;
    default: break;
  }
  if (dice.Roll(4) == 0) {
    app["x-meseta"] = object{{"progressDeadlineSeconds", 20},
                             {"rollbackOnDeadline", dice.Roll(2) == 0}};
  }
  // Only on what comes later in the list: no cycles.
  const auto at = std::find(kApps.begin(), kApps.end(), path) - kApps.begin();
  if (at + 1 < static_cast<std::ptrdiff_t>(kApps.size()) && dice.Roll(2) == 0) {
    app["dependencies"] = boost::json::array{boost::json::value(kApps[static_cast<size_t>(at) + 1])};
  }
  return app;
}

Change RandomChange(Dice& dice, const World& world) {
  const Path path = AnyApp(dice);
  switch (dice.Roll(8)) {
    case 0: return RestartApp{path};
    case 1: return DeleteApp{path};
    case 2: return ScaleGroup{dice.Roll(2) == 0 ? "/" : "/g", dice.Roll(5) * .5};
    case 3: return DeleteGroup{"/g"};
    case 4: {
      ScaleDown down;
      for (const InstancePtr& one : world.instances().OfApp(path)) {
        if (dice.Roll(3) == 0) down.instances[path].push_back(one->id());
      }
      return down;
    }
    default: {
      PutApps put;
      put.partial = false;
      for (uint32_t i = 0; i <= dice.Roll(3); ++i) {
        const Path one = i == 0 ? path : AnyApp(dice);
        put.apps.push_back(
            {std::nullopt, std::make_shared<const object>(RandomApp(dice, one))});
      }
      return put;
    }
  }
}

std::vector<InstancePtr> All(const World& world) {
  std::vector<InstancePtr> all;
  world.instances().ForEach([&](const InstancePtr& one) { all.push_back(one); });
  return all;
}

void RandomStatus(Dice& dice, World& world) {
  const std::vector<InstancePtr> all = All(world);
  if (all.empty()) return;
  const std::string& id = all[dice.Roll(static_cast<uint32_t>(all.size()))]->id();
  switch (dice.Roll(14)) {
    case 0: return world.Said(id, v1::TASK_FAILED);
    case 1: return world.Said(id, v1::TASK_UNREACHABLE);
    case 2: return world.Said(id, v1::TASK_KILLED);
    case 3: return world.Health(id, false);
    case 4: return world.Kill(id);
    case 5: return world.Said(id, v1::TASK_STARTING);
    default: break;
  }
  world.Said(id, v1::TASK_RUNNING);
  world.Health(id, true);
}

void RandomStep(Dice& dice, World& world) {
  switch (dice.Roll(28)) {
    case 0:
    case 1: (void)world.Do(RandomChange(dice, world), false); return;
    case 2: (void)world.Do(RandomChange(dice, world), true); return;
    case 3: return world.Pass(dice.Roll(60) * 1'000);
    case 4: return world.Failover();
    case 5: {
      const auto running = world.deployments().All();
      if (running.empty()) return;
      const DeploymentPtr one = running[dice.Roll(static_cast<uint32_t>(running.size()))];
      if (dice.Roll(2) == 0) return world.Cancel(one->id());
      (void)world.Do(UndoDeployment{one}, true, one->id());
      return;
    }
    case 6:
    case 7:
    case 8:
    case 9:
    case 10:
    case 11: (void)world.Launch(AnyApp(dice), 1 + dice.Roll(3)); return;
    default: return RandomStatus(dice, world);
  }
}

// Nothing fails any more, and all that waits goes on.
void AllGoesWell(World& world, bool with_failovers) {
  for (int round = 0; round < 60; ++round) {
    for (const Path& app : kApps) (void)world.Launch(app, 100);
    for (const InstancePtr& one : All(world)) {
      const InstancePtr now = world.instances().Find(one->id());
      if (!now) continue;
      if (now->kill_wanted()) {
        world.Said(now->id(), v1::TASK_KILLED);
      } else {
        world.Said(now->id(), v1::TASK_RUNNING);
        world.Health(now->id(), true);
      }
    }
    if (with_failovers) world.Failover();
    world.Pass(1'000);
  }
}

void ExpectSettled(const World& world) {
  RC_ASSERT(world.deployments().size() == 0U);
  for (const Path& app : world.instances().Apps()) RC_ASSERT(world.catalog().FindApp(app) != nullptr);
  world.catalog().ForEachApp([&](const AppPtr& app) {
    const auto instances = world.instances().OfApp(app->id());
    RC_LOG() << app->id() << " wants " << app->instances() << " and has " << instances.size() << "\n";
    RC_ASSERT(instances.size() == app->instances());
    for (const InstancePtr& one : instances) {
      RC_ASSERT(!one->kill_wanted());
      if (world.mixed().count(app->id()) > 0) continue;
      RC_ASSERT(IsGood(*app, *one));
      RC_ASSERT(one->config_version() == app->last_config_change_at());
    }
  });
}

void Live(const std::vector<uint32_t>& numbers, bool with_failovers) {
  World world;
  Dice dice(numbers);
  while (!dice.empty()) {
    RandomStep(dice, world);
    if (with_failovers) world.Failover();
  }
  AllGoesWell(world, with_failovers);
  const std::string log = world.TakeLog();
  RC_LOG() << log;
  for (const std::string& problem : world.problems()) RC_FAIL(problem);
  ExpectSettled(world);
}

rc::Gen<std::vector<uint32_t>> Numbers() {
  // As large as the longest lives: arbitrary numbers grow with the size, which would make most of them 0.
  return rc::gen::scale(
      8.0, rc::gen::container<std::vector<uint32_t>>(rc::gen::inRange<uint32_t>(0, 2'520)));
}

RC_GTEST_PROP(DeployPropertyTest, BoundsHoldAndItConverges, ()) { Live(*Numbers(), false); }

// That the random lives are worth living: what the properties are about does happen in them.
TEST(DeployPropertyLivesTest, AreEventful) {
  std::string log;
  for (uint32_t seed = 0; seed < 30; ++seed) {
    std::mt19937 random(seed);
    std::vector<uint32_t> numbers(600);
    for (uint32_t& number : numbers) number = random() % 2'520;
    World world;
    Dice dice(numbers);
    while (!dice.empty()) RandomStep(dice, world);
    log += world.TakeLog();
  }
  for (const char* event : {"RestartApplication", "StopApplication", "is cancelled", "kill ",
                            "is past its deadline", "locked by", "step 1 of 3 is done", " is done"}) {
    size_t count = 0;
    for (size_t at = log.find(event); at != std::string::npos; at = log.find(event, at + 1)) ++count;
    EXPECT_GE(count, 5U) << event;
  }
  EXPECT_EQ(log.find("Invalid JSON"), std::string::npos);
}

// As the first, but whoever decides has just been started, at every step.
RC_GTEST_PROP(DeployPropertyTest, ALeaderThatForgetsEverythingDecidesTheSame, ()) {
  Live(*Numbers(), true);
}

}  // namespace
}  // namespace meseta::services
