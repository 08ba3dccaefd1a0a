// Random histories against a ledger kept apart: nothing is proposed twice or beyond what is free,
// nobody who suppressed or refused is asked, nothing wanted stays idle, and shares are fair.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/master/allocator/conversation.h"

namespace meseta::master {
namespace {

using model::Resources;

constexpr int kAgents = 4;
constexpr int kFrameworks = 4;
const char* const kRoles[] = {"a", "b"};

Resources R(const std::string& text) { return Resources::Parse(text).value(); }

// What the test itself knows about who holds, refused and suppressed what.
class World {
 public:
  void Step() {
    const int action = *rc::gen::inRange(0, 9);
    const AgentId agent("a" + std::to_string(*rc::gen::inRange(0, kAgents)));
    const FrameworkId framework("f" + std::to_string(*rc::gen::inRange(0, kFrameworks)));
    const std::string role = kRoles[*rc::gen::inRange(0, 2)];
    if (action == 0) SetAgent(agent);
    if (action == 1) SetFramework(framework);
    if (action == 2) Release(framework, agent);
    if (action == 3) Revive(framework, role);
    if (action == 4) Suppress(framework, role);
    if (action == 5) master.Advance(Duration::Millis(*rc::gen::inRange(0, 4000)));
    if (action >= 6) Allocate();
  }

  // Everybody declines everything until nobody is asked any more.
  void Settle() {
    for (int round = 0; round < 100; ++round) {
      if (Allocate() == 0) return;
    }
    RC_FAIL("offers never end");
  }

  void CheckNothingWantedIsIdle() {
    for (const auto& [agent, total] : totals) {
      if (!active[agent]) continue;
      const Resources free = total - Held(agent);
      if (free.SumOf("cpus") < model::Scalar::FromDouble(0.01)) continue;
      for (const auto& [framework, roles] : subscribed) {
        for (const std::string& role : roles) {
          if (!suppressed.contains({framework, role})) {
            RC_ASSERT(Refused(framework, role, agent, free));
          }
        }
      }
    }
  }

  size_t Allocate() {
    const std::vector<Proposal> proposals = master.Allocate();
    std::set<AgentId> seen;
    for (const Proposal& proposal : proposals) {
      Check(proposal);
      RC_ASSERT(seen.insert(proposal.agent).second);
    }
    for (const Proposal& proposal : proposals) Answer(proposal);
    master.core.CheckInvariants();
    return proposals.size();
  }

  FakeMaster master;
  std::map<AgentId, Resources> totals;
  std::map<AgentId, bool> active;
  std::map<FrameworkId, std::set<std::string>> subscribed;
  std::set<std::pair<FrameworkId, std::string>> suppressed;
  std::map<std::pair<FrameworkId, AgentId>, Resources> held;
  struct Refusal {
    FrameworkId framework;
    std::string role;
    AgentId agent;
    Resources resources;
    Time until;
  };
  std::vector<Refusal> refusals;
  bool declining = true;

 private:
  Resources Held(const AgentId& agent) const {
    Resources sum;
    for (const auto& [key, resources] : held) {
      if (key.second == agent) sum += resources.Unallocated();
    }
    return sum;
  }

  bool Refused(const FrameworkId& framework, const std::string& role, const AgentId& agent,
               const Resources& offer) const {
    for (const Refusal& r : refusals) {
      if (r.framework == framework && r.role == role && r.agent == agent &&
          r.until > master.now.mono && r.resources.Contains(offer)) {
        return true;
      }
    }
    return false;
  }

  void Check(const Proposal& p) {
    const Resources free = totals.at(p.agent) - Held(p.agent);
    RC_ASSERT(active[p.agent]);
    RC_ASSERT(free.Contains(p.resources.Unallocated()));
    RC_ASSERT(p.resources.ByAllocationRole().size() == 1u);
    RC_ASSERT(subscribed.contains(p.framework) && subscribed[p.framework].contains(p.role));
    RC_ASSERT(!suppressed.contains({p.framework, p.role}));
    RC_ASSERT(!Refused(p.framework, p.role, p.agent, p.resources.Unallocated()));
  }

  void Answer(const Proposal& p) {
    const auto offer = master.Offer(p.framework, p.agent);
    RC_ASSERT(offer.has_value());
    Resources kept;
    if (*rc::gen::inRange(0, 3) == 0) kept = R("cpus:1").AllocatedTo(p.role);
    if (!offer->Contains(kept)) kept = Resources();
    held[{p.framework, p.agent}] += kept;
    const int seconds = *rc::gen::inRange(1, 10);
    const Resources rest = *offer - kept;
    if (rest.empty()) return;
    master.Release(p.framework, p.agent, rest, seconds);
    refusals.push_back(Refusal{p.framework, p.role, p.agent, rest.Unallocated(),
                               master.now.mono + Duration::Seconds(seconds)});
  }

  void SetAgent(const AgentId& agent) {
    totals[agent] = Held(agent) + R("cpus:" + std::to_string(*rc::gen::inRange(1, 5)) + ";mem:64");
    active[agent] = *rc::gen::inRange(0, 4) != 0;
    master.SetAgent(agent.value(), totals[agent].ToString(), active[agent]);
  }

  void SetFramework(const FrameworkId& id) {
    FrameworkChanged change;
    change.framework = id;
    change.active = true;
    change.info.add_capabilities()->set_type(v1::FrameworkInfo::Capability::MULTI_ROLE);
    std::set<std::string> roles;
    for (const char* role : kRoles) {
      if (*rc::gen::arbitrary<bool>()) roles.insert(role);
      const bool in = roles.contains(role);
      if (in) change.info.add_roles(role);
      if (in && suppressed.contains({id, role})) change.suppressed_roles.insert(role);
      // A role that was left takes its refusals along.
      if (!in) Forget(id, role);
    }
    subscribed[id] = roles;
    master.Apply(std::move(change));
  }

  void Forget(const FrameworkId& id, const std::string& role) {
    std::erase_if(refusals,
                  [&](const Refusal& r) { return r.framework == id && r.role == role; });
  }

  void Release(const FrameworkId& framework, const AgentId& agent) {
    const auto it = held.find({framework, agent});
    if (it == held.end()) return;
    const auto by_role = it->second.ByAllocationRole();
    held.erase(it);
    for (const auto& [role, part] : by_role) master.Release(framework, agent, part);
  }

  void Revive(const FrameworkId& framework, const std::string& role) {
    if (!subscribed.contains(framework)) return;
    suppressed.erase({framework, role});
    Forget(framework, role);
    master.Apply(Revived{framework, {role}});
  }

  void Suppress(const FrameworkId& framework, const std::string& role) {
    if (!subscribed.contains(framework)) return;
    suppressed.insert({framework, role});
    master.Apply(Suppressed{framework, {role}});
  }
};

RC_GTEST_PROP(AllocatorLaws, OffersWhatIsFreeToThoseWhoWantIt, ()) {
  World world;
  const int steps = *rc::gen::inRange(20, 200);
  for (int i = 0; i < steps; ++i) world.Step();
  world.Settle();
  world.CheckNothingWantedIsIdle();
}

RC_GTEST_PROP(AllocatorLaws, EqualRolesGetEqualShares, ()) {
  FakeMaster master({}, *rc::gen::arbitrary<uint64_t>());
  const int agents = *rc::gen::inRange(1, 60);
  const int frameworks = *rc::gen::inRange(1, 8);
  for (int i = 0; i < agents; ++i) master.SetAgent("a" + std::to_string(i), "cpus:2;mem:512");
  for (int i = 0; i < frameworks; ++i) {
    FrameworkChanged change;
    change.framework = FrameworkId("f" + std::to_string(i));
    change.active = true;
    change.info.set_role("r" + std::to_string(i));
    master.Apply(std::move(change));
  }
  std::map<std::string, int> count;
  for (const Proposal& proposal : master.Allocate()) ++count[proposal.role];
  int total = 0;
  for (const auto& [role, n] : count) {
    RC_ASSERT(n >= agents / frameworks);
    RC_ASSERT(n <= (agents + frameworks - 1) / frameworks);
    total += n;
  }
  RC_ASSERT(total == agents);
}

RC_GTEST_PROP(AllocatorLaws, SameSeedSameProposals, ()) {
  const uint64_t seed = *rc::gen::arbitrary<uint64_t>();
  const auto run = [seed] {
    FakeMaster master({}, seed);
    for (int i = 0; i < 20; ++i) master.SetAgent("a" + std::to_string(i), "cpus:2;mem:512");
    for (const char* id : {"f", "g", "h"}) {
      FrameworkChanged change;
      change.framework = FrameworkId(id);
      change.active = true;
      change.info.set_role(id);
      master.Apply(std::move(change));
    }
    std::string text;
    for (const Proposal& p : master.Allocate()) text += p.agent.value() + p.framework.value() + " ";
    return text;
  };
  RC_ASSERT(run() == run());
}

TEST(OfferFilters, AreBoundedAndForgotten) {
  OfferFilters filters;
  const AgentId agent("a");
  // Ever larger refusals replace smaller ones; unlike ones are capped.
  for (int i = 1; i < 100; ++i) {
    filters.Add(agent, 1, R("cpus:" + std::to_string(i)), Time::FromNanos(i));
  }
  EXPECT_EQ(filters.size(), 1u);
  for (int i = 1; i < 100; ++i) {
    filters.Add(agent, 2, R("x" + std::to_string(i) + ":1"), Time::FromNanos(i));
  }
  EXPECT_EQ(filters.size(), 1 + OfferFilters::kMaxFiltersPerPair);
  EXPECT_EQ(filters.BlockedUntil(agent, 1, R("cpus:7")), Time::FromNanos(99));
  EXPECT_EQ(filters.BlockedUntil(agent, 1, R("cpus:7;mem:1")), std::nullopt);
  filters.ClearLeaf(2);
  EXPECT_EQ(filters.size(), 1u);
  EXPECT_EQ(filters.Expire(Time::FromNanos(98)).size(), 0u);
  EXPECT_EQ(filters.Expire(Time::FromNanos(99)).size(), 1u);
  EXPECT_FALSE(filters.NextExpiry().has_value());
  EXPECT_FALSE(filters.HasAny(agent));
}

TEST(AllocatorDeathTest, AGapInTheNumbersIsABrokenInvariant) {
  AllocatorCore core;
  EXPECT_DEATH(core.Apply(LedgerDelta{2, AgentRemoved{AgentId("a")}}, Now{}), "delta 2 after 0");
}

}  // namespace
}  // namespace meseta::master
