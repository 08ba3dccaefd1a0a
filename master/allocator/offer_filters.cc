#include "master/allocator/offer_filters.h"

#include <algorithm>

namespace meseta::master {

void OfferFilters::Forget(const AgentId& agent, LeafId leaf, const Filter& filter) {
  expiry_.erase({filter.until, filter.number, agent, leaf});
}

void OfferFilters::Add(const AgentId& agent, LeafId leaf, model::Resources refused, Time until) {
  std::vector<Filter>& filters = by_agent_[agent][leaf];
  agents_of_leaf_[leaf].insert(agent);
  // What the new one covers for longer needs no filter of its own.
  std::erase_if(filters, [&](const Filter& old) {
    if (old.until > until || !refused.Contains(old.refused)) return false;
    Forget(agent, leaf, old);
    return true;
  });
  if (filters.size() >= kMaxFiltersPerPair) {
    const auto first = std::min_element(
        filters.begin(), filters.end(),
        [](const Filter& a, const Filter& b) { return a.until < b.until; });
    Forget(agent, leaf, *first);
    filters.erase(first);
  }
  Filter filter{next_number_++, until, std::move(refused)};
  expiry_.insert({until, filter.number, agent, leaf});
  filters.push_back(std::move(filter));
}

std::optional<Time> OfferFilters::BlockedUntil(const AgentId& agent, LeafId leaf,
                                               const model::Resources& offer) const {
  const auto by_leaf = by_agent_.find(agent);
  if (by_leaf == by_agent_.end()) return std::nullopt;
  const auto filters = by_leaf->second.find(leaf);
  if (filters == by_leaf->second.end()) return std::nullopt;
  std::optional<Time> until;
  for (const Filter& filter : filters->second) {
    if (filter.refused.Contains(offer) && (!until || *until < filter.until)) until = filter.until;
  }
  return until;
}

std::vector<OfferFilters::Pair> OfferFilters::Expire(Time now) {
  std::vector<Pair> expired;
  while (!expiry_.empty() && std::get<0>(*expiry_.begin()) <= now) {
    const auto [until, number, agent, leaf] = *expiry_.begin();
    expiry_.erase(expiry_.begin());
    expired.emplace_back(agent, leaf);
    ByLeaf& by_leaf = by_agent_.at(agent);
    std::vector<Filter>& filters = by_leaf.at(leaf);
    std::erase_if(filters, [n = number](const Filter& filter) { return filter.number == n; });
    if (!filters.empty()) continue;
    by_leaf.erase(leaf);
    if (by_leaf.empty()) by_agent_.erase(agent);
    std::set<AgentId>& agents = agents_of_leaf_.at(leaf);
    agents.erase(agent);
    if (agents.empty()) agents_of_leaf_.erase(leaf);
  }
  return expired;
}

std::optional<Time> OfferFilters::NextExpiry() const {
  if (expiry_.empty()) return std::nullopt;
  return std::get<0>(*expiry_.begin());
}

void OfferFilters::ClearLeaf(LeafId leaf) {
  const auto agents = agents_of_leaf_.find(leaf);
  if (agents == agents_of_leaf_.end()) return;
  for (const AgentId& agent : agents->second) {
    ByLeaf& by_leaf = by_agent_.at(agent);
    for (const Filter& filter : by_leaf.at(leaf)) Forget(agent, leaf, filter);
    by_leaf.erase(leaf);
    if (by_leaf.empty()) by_agent_.erase(agent);
  }
  agents_of_leaf_.erase(agents);
}

void OfferFilters::ClearAgent(const AgentId& agent) {
  const auto by_leaf = by_agent_.find(agent);
  if (by_leaf == by_agent_.end()) return;
  for (const auto& [leaf, filters] : by_leaf->second) {
    for (const Filter& filter : filters) Forget(agent, leaf, filter);
    std::set<AgentId>& agents = agents_of_leaf_.at(leaf);
    agents.erase(agent);
    if (agents.empty()) agents_of_leaf_.erase(leaf);
  }
  by_agent_.erase(by_leaf);
}

}  // namespace meseta::master
