// Random apps against random offers: nothing is launched beyond an offer's resources or the wanted
// number, constraints hold after any sequence, and the same seed launches the same.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>

#include "tests/frameworks/services/launch/builders.h"

namespace meseta::services {
namespace {

using testing::AConstraint;
using testing::AnApp;
using Op = internal::AppConstraint;

AppSpec DrawApp(int number) {
  AppSpec app = AnApp("/app-" + std::to_string(number), *rc::gen::inRange<uint32_t>(1, 12),
                      *rc::gen::inRange(1, 30) / 10.0, *rc::gen::inRange(16, 2048));
  const int ports = *rc::gen::inRange(0, 3);
  for (int i = 0; i < ports; ++i) app.add_port_definitions()->set_port(0);
  if (*rc::gen::inRange(0, 4) == 0) app.add_accepted_resource_roles("*");
  switch (*rc::gen::inRange(0, 6)) {
    case 0:
      *app.add_constraints() = AConstraint("hostname", Op::UNIQUE);
      break;
    case 1:
      *app.add_constraints() = AConstraint("rack", Op::MAX_PER, "2");
      break;
    case 2:
      *app.add_constraints() = AConstraint("rack", Op::GROUP_BY, "3");
      break;
    case 3:
      *app.add_constraints() = AConstraint("rack", Op::CLUSTER);
      break;
    default:
      break;
  }
  return app;
}

v1::Offer DrawOffer(int number) {
  std::string text = "cpus:" + std::to_string(*rc::gen::inRange(0, 8)) +
                     ";mem:" + std::to_string(*rc::gen::inRange(0, 8192)) + ";ports:[31000-" +
                     std::to_string(31000 + *rc::gen::inRange(0, 6)) + "]";
  if (*rc::gen::inRange(0, 3) == 0) text += ";cpus(web):2;mem(web):512;ports(web):[32000-32003]";
  const std::string host = "n" + std::to_string(*rc::gen::inRange(0, 6));
  v1::Offer offer = testing::OnRack(host, "r" + std::to_string(host.back() % 3), text);
  offer.mutable_id()->set_value("offer-" + std::to_string(number));
  return offer;
}

// All instances of an app, in the order of their launch, keep its constraints at every moment.
void CheckConstraints(const AppSpec& app, const std::vector<InstancePtr>& instances) {
  std::vector<InstancePtr> before;
  for (const InstancePtr& instance : instances) {
    for (const auto& constraint : app.constraints()) {
      RC_ASSERT(Satisfies(constraint, app.instances(), PlaceOf(*instance), before));
    }
    before.push_back(instance);
  }
}

RC_GTEST_PROP(LaunchPropertyTest, LaunchesStayWithinBounds, (uint64_t seed)) {
  LaunchQueue queue({}, Rng(seed));
  LaunchQueue twin({}, Rng(seed));
  std::map<Path, AppPtr> apps;
  const int count = *rc::gen::inRange(1, 8);
  for (int i = 0; i < count; ++i) {
    const AppPtr app = testing::Shared(DrawApp(i));
    apps[app->id()] = app;
  }
  std::map<Path, std::vector<InstancePtr>> instances;
  const auto of_app = [&](const Path& path) { return instances[path]; };
  std::set<std::string> ids;
  int64_t now = 1'000'000;
  for (int turn = 0; turn < 5; ++turn, now += 1'000) {
    for (const auto& [path, app] : apps) {
      const auto missing = app->instances() - static_cast<uint32_t>(instances[path].size());
      queue.SetWanted(app, missing, now);
      twin.SetWanted(app, missing, now);
    }
    std::vector<v1::Offer> offers;
    const int offered = *rc::gen::inRange(0, 5);
    for (int i = 0; i < offered; ++i) offers.push_back(DrawOffer(i));
    const auto uses = queue.UseOffers(offers, of_app, now);
    const auto same = twin.UseOffers(offers, of_app, now);
    RC_ASSERT(uses.size() == offers.size());
    for (size_t i = 0; i < offers.size(); ++i) {
      RC_ASSERT(uses[i].offer_id == offers[i].id().value());
      RC_ASSERT(uses[i].launches.size() == same[i].launches.size());
      model::Resources left = model::Resources::FromProto(offers[i].resources()).value();
      for (size_t k = 0; k < uses[i].launches.size(); ++k) {
        const LaunchedInstance& launched = uses[i].launches[k];
        RC_ASSERT(launched.task.SerializeAsString() ==
                  same[i].launches[k].task.SerializeAsString());
        const auto used = model::Resources::FromProto(launched.task.resources()).value();
        RC_ASSERT(left.Contains(used));
        left -= used;
        const AppSpec& app = *apps.at(launched.record.app());
        RC_ASSERT(used.SumOf("cpus") == model::Scalar::FromDouble(app.resources().cpus()));
        RC_ASSERT(used.SumOf("mem") == model::Scalar::FromDouble(app.resources().mem()));
        RC_ASSERT(launched.record.host_ports_size() == app.port_definitions_size());
        RC_ASSERT(ids.insert(launched.record.id()).second);
      }
    }
    // Within a turn offers are visited in rounds; what counts is that some order of them keeps the
    // constraints, which is the order of rounds.
    std::map<Path, std::vector<std::vector<InstancePtr>>> rounds;
    for (const OfferUse& use : uses) {
      std::map<Path, size_t> nth;
      for (const LaunchedInstance& launched : use.launches) {
        auto& of = rounds[launched.record.app()];
        const size_t round = nth[launched.record.app()]++;
        if (of.size() <= round) of.resize(round + 1);
        of[round].push_back(std::make_shared<Instance>(launched.record));
      }
    }
    for (const auto& [path, lists] : rounds) {
      for (const auto& list : lists) {
        instances[path].insert(instances[path].end(), list.begin(), list.end());
      }
      RC_ASSERT(instances[path].size() <= apps.at(path)->instances());
    }
  }
  for (const auto& [path, list] : instances) CheckConstraints(*apps.at(path), list);
}

// Whatever fits is found: when a turn ends, no waiting app fits what is left of any offer.
RC_GTEST_PROP(LaunchPropertyTest, NothingThatFitsIsLeftWaiting, (uint64_t seed)) {
  LaunchQueue queue({}, Rng(seed));
  std::vector<AppPtr> apps;
  for (int i = 0; i < 5; ++i) {
    AppSpec app = DrawApp(i);
    app.clear_constraints();
    apps.push_back(testing::Shared(app));
    queue.SetWanted(apps.back(), app.instances(), 1'000);
  }
  std::vector<v1::Offer> offers;
  for (int i = 0; i < 3; ++i) offers.push_back(DrawOffer(i));
  const auto uses = queue.UseOffers(offers, testing::NoInstances(), 1'000);
  Rng rng(seed);
  for (size_t i = 0; i < offers.size(); ++i) {
    model::Resources left = model::Resources::FromProto(offers[i].resources()).value();
    for (const auto& launched : uses[i].launches) {
      left -= model::Resources::FromProto(launched.task.resources()).value();
    }
    for (const WaitingPtr& waiting : queue.All()) {
      const MatchOutcome outcome = Match(*waiting->app, offers[i], left, {}, {}, 1'000, rng);
      RC_ASSERT(std::holds_alternative<MatchRefusal>(outcome));
    }
  }
}

}  // namespace
}  // namespace meseta::services
