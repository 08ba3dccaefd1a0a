#include "master/allocator/allocator_core.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "actors/base/check.h"

namespace meseta::master {
namespace {

// With more frameworks than these to reconsider everywhere, going through the order of fairness from
// its start finds a taker sooner than comparing them all.
constexpr size_t kFewLeaves = 16;

void Shuffle(std::vector<AgentId>* agents, Rng& rng) {
  for (size_t i = agents->size(); i > 1; --i) {
    std::swap((*agents)[i - 1], (*agents)[rng.Below(i)]);
  }
}

}  // namespace

AllocatorCore::AllocatorCore(AllocatorOptions options) : options_(std::move(options)) {
  tree_.ExcludeNames(options_.fair_sharing_excluded);
  tree_.SetWeights(options_.weights);
}

void AllocatorCore::Apply(const LedgerDelta& delta, Now now) {
  CHECK(delta.number == last_number_ + 1)
      << "delta " << delta.number << " after " << last_number_;
  last_number_ = delta.number;
  last_seen_ = std::max(last_seen_, now.mono);
  std::visit([&](const auto& change) { Handle(change, now); }, delta.change);
  if (options_.sweep_interval && !next_sweep_) next_sweep_ = now.mono + *options_.sweep_interval;
}

std::vector<AgentId> AllocatorCore::TakeCandidates(Now now, Rng& rng) {
  for (const auto& [agent, leaf] : filters_.Expire(now.mono)) retries_[agent].insert(leaf);
  const bool sweep = next_sweep_ && *next_sweep_ <= now.mono;
  if (sweep) next_sweep_.reset();
  if (sweep || eager_.size() > kFewLeaves) {
    for (const auto& [id, agent] : agents_) touched_.insert(touched_.end(), id);
    eager_.clear();
  }
  std::vector<AgentId> candidates;
  if (!eager_.empty()) {
    for (const auto& [id, agent] : agents_) candidates.push_back(id);
  } else {
    candidates.assign(touched_.begin(), touched_.end());
    for (const auto& [id, leaves] : retries_) {
      if (!touched_.contains(id)) candidates.push_back(id);
    }
  }
  Shuffle(&candidates, rng);
  return candidates;
}

std::vector<Proposal> AllocatorCore::Allocate(Now now, Rng& rng) {
  last_seen_ = std::max(last_seen_, now.mono);
  last_pass_ = now.mono;
  tree_.Refresh();
  const std::vector<AgentId> candidates = TakeCandidates(now, rng);
  const std::set<AgentId> touched = std::exchange(touched_, {});
  const std::set<LeafId> eager = std::exchange(eager_, {});
  const std::map<AgentId, std::set<LeafId>> retries = std::exchange(retries_, {});
  std::vector<Proposal> proposals;
  for (const AgentId& id : candidates) {
    const auto it = agents_.find(id);
    // Changes of the agent, or its answer, touch it again.
    if (it == agents_.end()) continue;
    Agent& agent = it->second;
    if (!agent.active || agent.pending || agent.free.empty()) continue;
    if (proposals.size() >= options_.max_proposals_per_pass) {
      touched_.insert(id);
      continue;
    }
    std::optional<Choice> choice;
    if (touched.contains(id)) {
      choice = ChooseAmongAll(id, agent);
    } else {
      std::set<LeafId> leaves = eager;
      const auto retry = retries.find(id);
      if (retry != retries.end()) leaves.insert(retry->second.begin(), retry->second.end());
      choice = ChooseAmong(id, agent, leaves);
    }
    if (choice) proposals.push_back(Propose(id, &agent, *std::move(choice)));
  }
  return proposals;
}

std::optional<AllocatorCore::Choice> AllocatorCore::ChooseAmongAll(const AgentId& id,
                                                                   const Agent& agent) const {
  std::optional<Choice> choice;
  tree_.Visit([&](const DrfTree::Leaf& leaf) {
    Eligibility found =
        Judge(id, agent, frameworks_.at(leaf.framework), leaf.role, leaf.id);
    if (found.verdict != Verdict::kOffer) return false;
    choice = Choice{leaf.id, std::move(found.offer)};
    return true;
  });
  return choice;
}

std::optional<AllocatorCore::Choice> AllocatorCore::ChooseAmong(
    const AgentId& id, const Agent& agent, const std::set<LeafId>& leaves) const {
  std::optional<Choice> choice;
  for (LeafId leaf_id : leaves) {
    if (!tree_.Contains(leaf_id) || !tree_.IsActive(leaf_id)) continue;
    if (choice && !tree_.ComesBefore(leaf_id, choice->leaf)) continue;
    const DrfTree::Leaf& leaf = tree_.At(leaf_id);
    Eligibility found =
        Judge(id, agent, frameworks_.at(leaf.framework), leaf.role, leaf_id);
    if (found.verdict == Verdict::kOffer) choice = Choice{leaf_id, std::move(found.offer)};
  }
  return choice;
}

Proposal AllocatorCore::Propose(const AgentId& id, Agent* agent, Choice choice) {
  CHECK(agent->free.Contains(choice.offer)) << "agent " << id;
  const DrfTree::Leaf& leaf = tree_.At(choice.leaf);
  Pending pending{leaf.framework, leaf.id, agent->version, choice.offer,
                  choice.offer.NonShared().ToQuantities()};
  tree_.Charge(leaf.id, pending.charged);
  agent->pending = std::move(pending);
  return Proposal{leaf.framework, leaf.role, id, agent->version,
                  choice.offer.AllocatedTo(leaf.role)};
}

std::optional<Time> AllocatorCore::NextWake() const {
  std::optional<Time> wake;
  if (!touched_.empty() || !eager_.empty() || !retries_.empty()) {
    wake = Time();
  } else {
    wake = filters_.NextExpiry();
    if (next_sweep_ && (!wake || *next_sweep_ < *wake)) wake = next_sweep_;
  }
  if (wake && last_pass_) wake = std::max(*wake, *last_pass_ + options_.batch_interval);
  return wake;
}

void AllocatorCore::SetWeights(std::map<std::string, double> weights) {
  tree_.SetWeights(std::move(weights));
}

double AllocatorCore::ShareOfRole(const std::string& role) const {
  return tree_.ShareOfRole(role);
}

void AllocatorCore::CheckInvariants() const {
  for (const auto& [id, agent] : agents_) {
    model::Resources in_use;
    for (const auto& [framework, held] : agent.held) in_use += held.NonShared().Unallocated();
    CHECK(in_use == agent.in_use) << "agent " << id << ": " << in_use << " / " << agent.in_use;
    CHECK(agent.free == agent.total - agent.in_use) << "agent " << id;
  }
}

}  // namespace meseta::master
