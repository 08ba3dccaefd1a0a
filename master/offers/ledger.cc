#include "master/offers/ledger.h"

#include <utility>

#include "actors/base/check.h"

namespace meseta::master {
namespace {

using Holdings = std::map<FrameworkId, model::Resources>;

// Takes `resources` out of one framework's holdings; an empty entry is dropped.
void Take(Holdings* holdings, const FrameworkId& framework, const model::Resources& resources) {
  auto it = holdings->find(framework);
  CHECK(it != holdings->end() && it->second.Contains(resources))
      << "framework " << framework << " does not hold " << resources;
  it->second -= resources;
  if (it->second.empty()) holdings->erase(it);
}

}  // namespace

void Ledger::Tell(LedgerChange change) {
  LedgerDelta delta;
  delta.number = next_delta_++;
  delta.change = std::move(change);
  deltas_.push_back(std::move(delta));
}

void Ledger::SetAgent(AgentChanged change, const model::Resources& total) {
  AgentAccount& account = agents_[change.agent];
  account.total = total;
  change.version = ++account.version;
  change.total = total;
  Tell(std::move(change));
}

void Ledger::RemoveAgent(const AgentId& agent) {
  auto it = agents_.find(agent);
  if (it == agents_.end()) return;
  const std::map<FrameworkId, HoldingSum> used = it->second.used;
  const Holdings offered = it->second.offered;
  for (const auto& [framework, sum] : used) Release(framework, agent, sum.Total());
  for (const auto& [framework, resources] : offered)
    ReturnOffer(framework, agent, resources, std::nullopt);
  agents_.erase(agent);
  Tell(AgentRemoved{agent});
}

void Ledger::Hold(const FrameworkId& framework, const AgentId& agent, AgentAccount* account,
                  const model::Resources& resources) {
  account->held.Add(resources.Unallocated());
  Allocated allocated;
  allocated.framework = framework;
  allocated.agent = agent;
  allocated.version = ++account->version;
  allocated.resources = resources;
  Tell(std::move(allocated));
}

void Ledger::Free(const FrameworkId& framework, const AgentId& agent, AgentAccount* account,
                  const model::Resources& resources, const std::optional<v1::Filters>& filters) {
  account->held.Subtract(resources.Unallocated());
  Recovered recovered;
  recovered.framework = framework;
  recovered.agent = agent;
  recovered.version = ++account->version;
  recovered.resources = resources;
  recovered.filters = filters;
  Tell(std::move(recovered));
  auto it = frameworks_.find(framework);
  if (it != frameworks_.end() && it->second.used.empty() && it->second.offered.empty()) {
    frameworks_.erase(it);
  }
}

bool Ledger::Offer(const FrameworkId& framework, const AgentId& agent,
                   const model::Resources& resources) {
  auto it = agents_.find(agent);
  if (it == agents_.end() || resources.empty()) return false;
  if (!Free(agent).Contains(resources.Unallocated())) return false;
  it->second.offered[framework] += resources;
  frameworks_[framework].offered.Add(resources);
  Hold(framework, agent, &it->second, resources);
  return true;
}

void Ledger::Use(const FrameworkId& framework, const AgentId& agent,
                 const model::Resources& resources) {
  auto it = agents_.find(agent);
  CHECK(it != agents_.end()) << agent;
  Take(&it->second.offered, framework, resources);
  it->second.used[framework].Add(resources);
  FrameworkAccount& account = frameworks_[framework];
  account.offered.Subtract(resources);
  account.used.Add(resources);
}

void Ledger::ReturnOffer(const FrameworkId& framework, const AgentId& agent,
                         const model::Resources& resources,
                         const std::optional<v1::Filters>& filters) {
  auto it = agents_.find(agent);
  if (it == agents_.end() || resources.empty()) return;
  Take(&it->second.offered, framework, resources);
  frameworks_[framework].offered.Subtract(resources);
  Free(framework, agent, &it->second, resources, filters);
}

void Ledger::Adopt(const FrameworkId& framework, const AgentId& agent,
                   const model::Resources& resources) {
  auto it = agents_.find(agent);
  CHECK(it != agents_.end()) << agent;
  if (resources.empty()) return;
  it->second.used[framework].Add(resources);
  frameworks_[framework].used.Add(resources);
  Hold(framework, agent, &it->second, resources);
}

void Ledger::Release(const FrameworkId& framework, const AgentId& agent,
                     const model::Resources& resources) {
  auto it = agents_.find(agent);
  if (it == agents_.end() || resources.empty()) return;
  auto used = it->second.used.find(framework);
  CHECK(used != it->second.used.end()) << framework;
  used->second.Subtract(resources);
  if (used->second.empty()) it->second.used.erase(used);
  frameworks_[framework].used.Subtract(resources);
  Free(framework, agent, &it->second, resources, std::nullopt);
}

const Ledger::AgentAccount* Ledger::FindAgent(const AgentId& agent) const {
  auto it = agents_.find(agent);
  return it == agents_.end() ? nullptr : &it->second;
}

const Ledger::FrameworkAccount* Ledger::FindFramework(const FrameworkId& framework) const {
  auto it = frameworks_.find(framework);
  return it == frameworks_.end() ? nullptr : &it->second;
}

model::Resources Ledger::Free(const AgentId& agent) const {
  const AgentAccount* account = FindAgent(agent);
  if (account == nullptr) return {};
  return account->total - account->held.Total();
}

std::vector<LedgerDelta> Ledger::TakeDeltas() { return std::exchange(deltas_, {}); }

void Ledger::CheckInvariants() const {
  std::map<FrameworkId, FrameworkAccount> sums;
  for (const auto& [agent, account] : agents_) {
    HoldingSum held;
    for (const auto& [framework, used] : account.used) {
      held.Add(used.Total().Unallocated());
      sums[framework].used.Add(used.Total());
    }
    for (const auto& [framework, resources] : account.offered) {
      held.Add(resources.Unallocated());
      sums[framework].offered.Add(resources);
    }
    CHECK(held.Total() == account.held.Total()) << agent;
  }
  CHECK(sums.size() == frameworks_.size());
  for (const auto& [framework, account] : frameworks_) {
    CHECK(sums[framework].used.Total() == account.used.Total()) << framework;
    CHECK(sums[framework].offered.Total() == account.offered.Total()) << framework;
  }
}

}  // namespace meseta::master
