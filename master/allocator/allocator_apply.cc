// How the replica of the ledger follows MasterCore: one Handle per kind of delta.
#include <algorithm>
#include <cmath>
#include <utility>

#include "actors/base/check.h"
#include "master/allocator/allocator_core.h"
#include "state/model/attributes.h"

namespace meseta::master {
namespace {

using FrameworkCapability = v1::FrameworkInfo::Capability;
using AgentCapability = v1::AgentInfo::Capability;

constexpr double kDefaultRefuseSeconds = 5;  // v1::Filters' default, for values that make no sense.
constexpr Duration kMaxRefusal = Duration::Days(365);

Duration RefusalOf(const v1::Filters& filters) {
  const double seconds = filters.refuse_seconds();
  if (std::isnan(seconds) || seconds < 0) return Duration::FromSecondsDouble(kDefaultRefuseSeconds);
  return std::min(Duration::FromSecondsDouble(seconds), kMaxRefusal);
}

void AddTo(model::Quantities* sums, const model::Quantities& amounts) {
  for (const auto& [name, amount] : amounts) (*sums)[name] += amount;
}

void SubtractFrom(model::Quantities* sums, const model::Quantities& amounts) {
  for (const auto& [name, amount] : amounts) {
    model::Scalar& sum = (*sums)[name];
    sum -= amount;
    if (sum == model::Scalar()) sums->erase(name);
  }
}

// What decides whether earlier refusals still mean anything.
bool LooksDifferent(const v1::AgentInfo& a, const v1::AgentInfo& b) {
  return !model::SameAttributes(a.attributes(), b.attributes()) || a.hostname() != b.hostname() ||
         a.domain().SerializeAsString() != b.domain().SerializeAsString();
}

}  // namespace

void AllocatorCore::RefreshFree(Agent* agent) const {
  agent->free = agent->total - agent->in_use;
  agent->free_is_plain = agent->free.IsPlain();
}

void AllocatorCore::SettlePending(Agent* agent) {
  if (!agent->pending) return;
  const Pending pending = *std::exchange(agent->pending, std::nullopt);
  // A proposal of no scalars does not keep the leaf of a framework that is gone.
  if (!tree_.Contains(pending.leaf)) return;
  tree_.Refund(pending.leaf, pending.charged);
  ForgetIfIdle(pending.leaf);
}

void AllocatorCore::Handle(const AgentChanged& change, Now /*now*/) {
  const auto [it, added] = agents_.try_emplace(change.agent);
  Agent& agent = it->second;
  const bool changes_total = added || !(agent.total == change.total);
  if (changes_total) {
    SubtractFrom(&totals_, agent.total.ToQuantities());
    AddTo(&totals_, change.total.ToQuantities());
    tree_.SetTotals(totals_);
    agent.total = change.total;
    agent.has_gpus = agent.total.SumOf("gpus") > model::Scalar();
  }
  bool multi_role = false;
  bool hierarchical_role = false;
  for (const AgentCapability& capability : change.capabilities) {
    multi_role = multi_role || capability.type() == AgentCapability::MULTI_ROLE;
    hierarchical_role = hierarchical_role || capability.type() == AgentCapability::HIERARCHICAL_ROLE;
  }
  if (!added && (LooksDifferent(agent.info, change.info) || agent.multi_role != multi_role ||
                 agent.hierarchical_role != hierarchical_role)) {
    filters_.ClearAgent(change.agent);
  }
  agent.version = change.version;
  agent.active = change.active;
  agent.info = change.info;
  agent.multi_role = multi_role;
  agent.hierarchical_role = hierarchical_role;
  agent.remote = options_.region && change.info.domain().fault_domain().has_region() &&
                 change.info.domain().fault_domain().region().name() != *options_.region;
  RefreshFree(&agent);
  touched_.insert(change.agent);
}

void AllocatorCore::Handle(const AgentRemoved& change, Now /*now*/) {
  const auto it = agents_.find(change.agent);
  if (it == agents_.end()) return;
  Agent& agent = it->second;
  SettlePending(&agent);
  for (const auto& [framework, held] : agent.held) {
    for (const auto& [role, part] : held.ByAllocationRole()) {
      const LeafId leaf = tree_.Ensure(role, framework);
      tree_.Refund(leaf, part.NonShared().ToQuantities());
      ForgetIfIdle(leaf);
    }
  }
  SubtractFrom(&totals_, agent.total.ToQuantities());
  tree_.SetTotals(totals_);
  filters_.ClearAgent(change.agent);
  touched_.erase(change.agent);
  retries_.erase(change.agent);
  agents_.erase(it);
}

void AllocatorCore::Handle(const FrameworkChanged& change, Now /*now*/) {
  const Framework before = frameworks_[change.framework];
  Framework& framework = frameworks_[change.framework];
  framework.active = change.active;
  framework.suppressed = change.suppressed_roles;
  framework.capabilities.clear();
  for (const auto& capability : change.info.capabilities()) {
    framework.capabilities.insert(capability.type());
  }
  framework.roles.clear();
  if (framework.capabilities.contains(FrameworkCapability::MULTI_ROLE)) {
    framework.roles.insert(change.info.roles().begin(), change.info.roles().end());
  } else {
    framework.roles.insert(change.info.role());
  }
  framework.min_allocatable.clear();
  for (const auto& [role, filters] : change.info.offer_filters()) {
    if (!filters.has_min_allocatable_resources()) continue;
    std::vector<model::Quantities>& sets = framework.min_allocatable[role];
    for (const auto& quantities : filters.min_allocatable_resources().quantities()) {
      model::Quantities set;
      for (const auto& [name, value] : quantities.quantities()) {
        set[name] = model::Scalar::FromDouble(value.value());
      }
      sets.push_back(std::move(set));
    }
  }
  const bool look_again = before.capabilities != framework.capabilities ||
                          before.min_allocatable != framework.min_allocatable;
  std::set<std::string> roles = before.roles;
  roles.insert(framework.roles.begin(), framework.roles.end());
  for (const std::string& role : roles) {
    const DrfTree::Leaf* leaf = tree_.Find(role, change.framework);
    // A framework that left and comes back has refused nothing yet.
    if (leaf != nullptr && before.active && !change.active) filters_.ClearLeaf(leaf->id);
    UpdateLeaf(change.framework, role, look_again);
  }
}

void AllocatorCore::Handle(const FrameworkRemoved& change, Now /*now*/) {
  const auto it = frameworks_.find(change.framework);
  if (it == frameworks_.end()) return;
  const std::set<std::string> roles = it->second.roles;
  frameworks_.erase(it);
  for (const std::string& role : roles) UpdateLeaf(change.framework, role, false);
}

void AllocatorCore::UpdateLeaf(const FrameworkId& id, const std::string& role, bool look_again) {
  const auto framework = frameworks_.find(id);
  const bool listed = framework != frameworks_.end() && framework->second.roles.contains(role);
  if (!listed && tree_.Find(role, id) == nullptr) return;
  const LeafId leaf = tree_.Ensure(role, id);
  const bool active =
      listed && framework->second.active && !framework->second.suppressed.contains(role);
  if (active && (look_again || !tree_.IsActive(leaf))) eager_.insert(leaf);
  tree_.SetActive(leaf, active);
  if (!listed) {
    filters_.ClearLeaf(leaf);
    ForgetIfIdle(leaf);
  }
}

void AllocatorCore::ForgetIfIdle(LeafId id) {
  const DrfTree::Leaf& leaf = tree_.At(id);
  const auto framework = frameworks_.find(leaf.framework);
  if (framework != frameworks_.end() && framework->second.roles.contains(leaf.role)) return;
  if (!tree_.HoldsNothing(id)) return;
  filters_.ClearLeaf(id);
  eager_.erase(id);
  tree_.Remove(id);
}

void AllocatorCore::Handle(const Allocated& change, Now /*now*/) {
  const auto it = agents_.find(change.agent);
  if (it == agents_.end()) return;  // Removed; MasterCore recovers what was on it by and by.
  Agent& agent = it->second;
  agent.version = change.version;
  agent.held[change.framework] += change.resources;
  agent.in_use += change.resources.NonShared().Unallocated();
  for (const auto& [role, part] : change.resources.ByAllocationRole()) {
    tree_.Charge(tree_.Ensure(role, change.framework), part.NonShared().ToQuantities());
  }
  RefreshFree(&agent);
}

void AllocatorCore::Handle(const Recovered& change, Now now) {
  const auto it = agents_.find(change.agent);
  if (it == agents_.end()) return;
  Agent& agent = it->second;
  agent.version = change.version;
  const auto held = agent.held.find(change.framework);
  CHECK(held != agent.held.end() && held->second.Contains(change.resources))
      << "framework " << change.framework << " does not hold " << change.resources << " of agent "
      << change.agent;
  held->second -= change.resources;
  if (held->second.empty()) agent.held.erase(held);
  agent.in_use -= change.resources.NonShared().Unallocated();
  AddFilters(change, now);
  for (const auto& [role, part] : change.resources.ByAllocationRole()) {
    const LeafId leaf = tree_.Ensure(role, change.framework);
    tree_.Refund(leaf, part.NonShared().ToQuantities());
    ForgetIfIdle(leaf);
  }
  RefreshFree(&agent);
  touched_.insert(change.agent);
}

void AllocatorCore::AddFilters(const Recovered& change, Now now) {
  const auto framework = frameworks_.find(change.framework);
  if (!change.filters || framework == frameworks_.end() || !framework->second.active) return;
  const Duration refusal = std::max(RefusalOf(*change.filters), options_.refusal_pause);
  if (refusal <= Duration()) return;
  for (const auto& [role, part] : change.resources.ByAllocationRole()) {
    if (!framework->second.roles.contains(role)) continue;
    filters_.Add(change.agent, tree_.Ensure(role, change.framework), part.Unallocated(),
                 now.mono + refusal);
  }
}

std::set<std::string> AllocatorCore::RolesOr(const FrameworkId& id,
                                             const std::set<std::string>& roles) const {
  if (!roles.empty()) return roles;
  const auto framework = frameworks_.find(id);
  return framework == frameworks_.end() ? std::set<std::string>() : framework->second.roles;
}

void AllocatorCore::Handle(const Revived& change, Now /*now*/) {
  for (const std::string& role : RolesOr(change.framework, change.roles)) {
    const auto framework = frameworks_.find(change.framework);
    if (framework == frameworks_.end()) return;
    framework->second.suppressed.erase(role);
    const DrfTree::Leaf* leaf = tree_.Find(role, change.framework);
    if (leaf != nullptr) filters_.ClearLeaf(leaf->id);
    UpdateLeaf(change.framework, role, true);
  }
}

void AllocatorCore::Handle(const Suppressed& change, Now /*now*/) {
  for (const std::string& role : RolesOr(change.framework, change.roles)) {
    const auto framework = frameworks_.find(change.framework);
    if (framework == frameworks_.end()) return;
    framework->second.suppressed.insert(role);
    UpdateLeaf(change.framework, role, false);
  }
}

void AllocatorCore::Handle(const ProposalAnswered& change, Now now) {
  const auto it = agents_.find(change.agent);
  if (it == agents_.end()) return;
  Agent& agent = it->second;
  if (!agent.pending || agent.pending->framework != change.framework) return;
  const Pending answered = *agent.pending;
  SettlePending(&agent);
  if (answered.agent_version == agent.version && tree_.Contains(answered.leaf) &&
      options_.refusal_pause > Duration()) {
    filters_.Add(change.agent, answered.leaf, answered.offer, now.mono + options_.refusal_pause);
  }
  if (!agent.free.empty()) touched_.insert(change.agent);
}

}  // namespace meseta::master
