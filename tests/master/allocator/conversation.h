// A MasterCore in miniature for tests: keeps the ledger's numbers and versions, answers proposals.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "master/allocator/allocator_core.h"

namespace meseta::master {

class FakeMaster {
 public:
  explicit FakeMaster(AllocatorOptions options = {}, uint64_t seed = 1)
      : core(std::move(options)), rng(seed) {}

  void Apply(LedgerChange change) { core.Apply(LedgerDelta{++number_, std::move(change)}, now); }
  void Advance(Duration duration) {
    now.mono = now.mono + duration;
    now.wall = now.wall + duration;
  }

  void SetAgent(const std::string& id, const std::string& resources, bool active = true,
                v1::AgentInfo info = {}, bool capable = true) {
    AgentChanged change;
    change.agent = AgentId(id);
    change.version = ++versions[change.agent];
    change.active = active;
    change.total = model::Resources::Parse(resources).value();
    change.info = std::move(info);
    if (capable) {
      change.capabilities.resize(2);
      change.capabilities[0].set_type(v1::AgentInfo::Capability::MULTI_ROLE);
      change.capabilities[1].set_type(v1::AgentInfo::Capability::HIERARCHICAL_ROLE);
    }
    Apply(std::move(change));
  }

  std::vector<Proposal> Allocate() {
    std::vector<Proposal> proposals = core.Allocate(now, rng);
    for (const Proposal& proposal : proposals) {
      open[{proposal.framework, proposal.agent}] = proposal;
    }
    return proposals;
  }

  // Turns the open proposal into an offer, unless the agent changed meanwhile. Then its resources.
  std::optional<model::Resources> Offer(const FrameworkId& framework, const AgentId& agent) {
    const auto it = open.find({framework, agent});
    if (it == open.end()) return std::nullopt;
    const Proposal proposal = it->second;
    open.erase(it);
    const bool good = proposal.agent_version == versions[agent];
    if (good) {
      Apply(Allocated{framework, agent, ++versions[agent], proposal.resources});
    }
    Apply(ProposalAnswered{framework, agent});
    if (!good) return std::nullopt;
    return proposal.resources;
  }

  void Release(const FrameworkId& framework, const AgentId& agent, const model::Resources& resources,
               std::optional<double> refuse_seconds = std::nullopt) {
    Recovered change{framework, agent, ++versions[agent], resources, std::nullopt};
    if (refuse_seconds) {
      change.filters.emplace();
      change.filters->set_refuse_seconds(*refuse_seconds);
    }
    Apply(std::move(change));
  }

  AllocatorCore core;
  Rng rng;
  Now now{Time::FromNanos(1'000'000'000), WallTime()};
  std::map<AgentId, uint64_t> versions;
  std::map<std::pair<FrameworkId, AgentId>, Proposal> open;

 private:
  uint64_t number_ = 0;
};

}  // namespace meseta::master
