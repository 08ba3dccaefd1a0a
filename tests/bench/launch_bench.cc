// What the launch queue of meseta-services costs, in one thread: offers of many agents against many
// waiting apps. Baseline of the same run: building as many tasks by Match alone.
//
//   launch_bench [--apps 10000] [--agents 1000] [--json]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "frameworks/services/launch/launch_queue.h"
#include "state/model/resources.h"

namespace meseta::services {
namespace {

using Clock = std::chrono::steady_clock;

double Seconds(Clock::time_point since) {
  return std::chrono::duration<double>(Clock::now() - since).count();
}

AppPtr AnApp(size_t number, uint32_t instances, double cpus, bool unique = false) {
  auto app = std::make_shared<AppSpec>();
  app->set_id("/bench/app-" + std::to_string(number));
  app->set_cmd("sleep 1000");
  app->set_instances(instances);
  app->mutable_resources()->set_cpus(cpus);
  app->mutable_resources()->set_mem(32);
  app->set_role("*");
  app->add_port_definitions()->set_port(0);
  app->set_max_launch_delay_seconds(300);
  if (unique) {
    auto* constraint = app->add_constraints();
    constraint->set_field("hostname");
    constraint->set_op(internal::AppConstraint::UNIQUE);
  }
  return app;
}

std::vector<v1::Offer> Offers(size_t agents) {
  std::vector<v1::Offer> offers(agents);
  const auto resources =
      model::Resources::Parse("cpus:64;mem:65536;disk:100000;ports:[31000-32000]")
          .value()
          .AllocatedTo("*")
          .ToProto();
  for (size_t i = 0; i < agents; ++i) {
    const std::string number = std::to_string(i);
    offers[i].mutable_id()->set_value("offer-" + number);
    offers[i].mutable_agent_id()->set_value("11111111-2222-4333-8444-555555555555-S" + number);
    offers[i].set_hostname("agent-" + number);
    offers[i].mutable_allocation_info()->set_role("*");
    *offers[i].mutable_resources() = resources;
  }
  return offers;
}

struct Cost {
  double seconds = 0;
  double longest_turn = 0;
  size_t turns = 0;
  size_t launches = 0;
};

// Offers come until nobody waits, or as often as `turns` says.
Cost Run(LaunchQueue& queue, const std::vector<v1::Offer>& offers, size_t turns) {
  Cost cost;
  const auto instances = [](const Path&) { return std::vector<InstancePtr>(); };
  while (cost.turns < turns && !queue.WantingRoles(1).empty()) {
    const auto start = Clock::now();
    const std::vector<OfferUse> uses = queue.UseOffers(offers, instances, 1);
    (void)queue.TakeChanged();
    const double took = Seconds(start);
    cost.seconds += took;
    cost.longest_turn = std::max(cost.longest_turn, took);
    ++cost.turns;
    for (const OfferUse& use : uses) cost.launches += use.launches.size();
  }
  return cost;
}

struct Output {
  size_t apps = 0;
  size_t agents = 0;
  bool json = false;

  void Print(const char* name, const Cost& cost) const {
    if (json) {
      std::printf(
          "{\"case\": \"%s\", \"apps\": %zu, \"agents\": %zu, \"launches\": %zu, \"turns\": %zu, "
          "\"seconds\": %.6f, \"longest_turn_seconds\": %.6f}\n",
          name, apps, agents, cost.launches, cost.turns, cost.seconds, cost.longest_turn);
    } else {
      std::printf("%-16s %7zu launches, %2zu turns, %.3f s, longest turn %.1f ms\n", name,
                  cost.launches, cost.turns, cost.seconds, cost.longest_turn * 1000);
    }
  }
};

Cost MatchAlone(size_t apps, const v1::Offer& offer) {
  Cost cost;
  Rng rng(1);
  const AppPtr app = AnApp(0, 1, 0.1);
  const auto left = model::Resources::FromProto(offer.resources()).value();
  const auto start = Clock::now();
  for (size_t i = 0; i < apps; ++i) {
    const MatchOutcome outcome = Match(*app, offer, left, {}, {}, 1, rng);
    cost.launches += std::holds_alternative<MatchedInstance>(outcome) ? 1 : 0;
  }
  cost.seconds = Seconds(start);
  return cost;
}

int Main(size_t apps, size_t agents, bool json) {
  const std::vector<v1::Offer> offers = Offers(agents);
  const auto fill = [&](LaunchQueue& queue, const std::function<AppPtr(size_t)>& make) {
    for (size_t i = 0; i < apps; ++i) {
      const AppPtr app = make(i);
      queue.SetWanted(app, app->instances(), 1);
    }
  };
  constexpr size_t kNoEnd = 1'000;
  const Output output{apps, agents, json};
  output.Print("match_alone", MatchAlone(apps, offers[0]));
  LaunchQueue fitting({}, Rng(1));
  fill(fitting, [](size_t i) { return AnApp(i, 1, 0.1); });
  output.Print("all_fit", Run(fitting, offers, kNoEnd));
  LaunchQueue misfits({}, Rng(1));
  fill(misfits, [](size_t i) { return AnApp(i, 1, 100); });
  output.Print("none_fits", Run(misfits, offers, 10));
  LaunchQueue mixed({}, Rng(1));
  fill(mixed, [](size_t i) { return AnApp(i, 1, i % 10 == 0 ? 0.1 : 100); });
  output.Print("one_in_ten_fits", Run(mixed, offers, 10));
  LaunchQueue constrained({}, Rng(1));
  fill(constrained, [](size_t i) { return AnApp(i, 2, 0.1, true); });
  output.Print("unique_hosts", Run(constrained, offers, kNoEnd));
  LaunchQueue large({}, Rng(1));
  const AppPtr app = AnApp(0, static_cast<uint32_t>(apps * 10), 0.01);
  large.SetWanted(app, app->instances(), 1);
  output.Print("one_large_app", Run(large, offers, kNoEnd));
  return 0;
}

}  // namespace
}  // namespace meseta::services

int main(int argc, char** argv) {
  int apps = 10'000, agents = 1'000;
  bool json = false;
  for (int i = 1; i < argc; ++i) {
    const std::string_view flag = argv[i];
    int* number = flag == "--apps" ? &apps : flag == "--agents" ? &agents : nullptr;
    if (flag == "--json") {
      json = true;
    } else if (number != nullptr && i + 1 < argc) {
      *number = std::atoi(argv[++i]);
    } else {
      std::fprintf(stderr, "usage: %s [--apps N] [--agents N] [--json]\n", argv[0]);
      return 2;
    }
  }
  if (apps <= 0 || agents <= 0) {
    std::fprintf(stderr, "--apps and --agents must be positive\n");
    return 2;
  }
  return meseta::services::Main(static_cast<size_t>(apps), static_cast<size_t>(agents), json);
}
