// What frameworks refused: a filter blocks, for one framework in one role on one agent, offers that
// contain nothing beyond what was refused, until it expires.
//
// Invariants: at most kMaxFiltersPerPair per leaf and agent (the one that expires first gives way);
// every filter is in the expiry order exactly once. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "actors/base/ids.h"
#include "actors/base/time.h"
#include "master/allocator/drf_tree.h"
#include "state/model/resources.h"

namespace meseta::master {

class OfferFilters {
 public:
  static constexpr size_t kMaxFiltersPerPair = 16;
  using LeafId = DrfTree::LeafId;
  using Pair = std::pair<AgentId, LeafId>;

  // REQUIRES: `refused` without allocation.
  void Add(const AgentId& agent, LeafId leaf, model::Resources refused, Time until);
  // When the last filter that blocks this offer expires; nullopt: none does.
  [[nodiscard]] std::optional<Time> BlockedUntil(const AgentId& agent, LeafId leaf,
                                                 const model::Resources& offer) const;
  [[nodiscard]] bool HasAny(const AgentId& agent) const { return by_agent_.contains(agent); }

  // Those expired by `now`, which are removed.
  std::vector<Pair> Expire(Time now);
  [[nodiscard]] std::optional<Time> NextExpiry() const;

  void ClearLeaf(LeafId leaf);
  void ClearAgent(const AgentId& agent);
  [[nodiscard]] size_t size() const { return expiry_.size(); }

 private:
  struct Filter {
    uint64_t number = 0;
    Time until;
    model::Resources refused;
  };
  using ByLeaf = std::map<LeafId, std::vector<Filter>>;

  void Forget(const AgentId& agent, LeafId leaf, const Filter& filter);

  std::map<AgentId, ByLeaf> by_agent_;
  std::map<LeafId, std::set<AgentId>> agents_of_leaf_;
  std::set<std::tuple<Time, uint64_t, AgentId, LeafId>> expiry_;
  uint64_t next_number_ = 1;
};

}  // namespace meseta::master
