// Whom to kill first: KillOrder of reconcile.h.
#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "frameworks/services/deploy/reconcile.h"

namespace meseta::services {
namespace {

int WeightOf(const Instance& instance) {
  switch (instance.condition()) {
    case Instance::KILLING: return 0;  // It is on its way out anyway.
    case Instance::UNREACHABLE: return 1;
    case Instance::PROVISIONED:
    case Instance::STAGING: return 2;
    case Instance::STARTING: return 3;
    default: return 4;
  }
}

int64_t SinceOf(const Instance& instance) {
  return instance.has_started_at() ? instance.started_at() : instance.staged_at();
}

std::string ValueOf(const Instance& instance, const std::string& field) {
  if (field == "hostname" || field == "@hostname") return instance.host();
  if (field == "@region") return instance.region();
  if (field == "@zone") return instance.zone();
  const auto found = instance.attributes().find(field);
  return found == instance.attributes().end() ? "" : found->second;
}

// How instances are spread over the values of one field.
class Spread {
 public:
  Spread(const std::string& field, const std::vector<InstancePtr>& instances) {
    std::map<std::string, size_t> groups;
    for (const InstancePtr& instance : instances) {
      const auto [group, is_new] = groups.try_emplace(ValueOf(*instance, field), sizes_.size());
      if (is_new) sizes_.push_back(0);
      ++sizes_[group->second];
      group_of_.push_back(group->second);
    }
  }

  [[nodiscard]] size_t Difference() const {
    const auto [low, high] = std::minmax_element(sizes_.begin(), sizes_.end());
    return *high - *low;
  }
  [[nodiscard]] bool InLargest(size_t instance) const {
    return sizes_[group_of_[instance]] == *std::max_element(sizes_.begin(), sizes_.end());
  }
  // No worse without it, or as even as can be.
  [[nodiscard]] bool CanSpare(size_t instance) {
    const size_t before = Difference();
    --sizes_[group_of_[instance]];
    const size_t after = Difference();
    ++sizes_[group_of_[instance]];
    return after <= 1 || after < before;
  }
  void Remove(size_t instance) { --sizes_[group_of_[instance]]; }

 private:
  std::vector<size_t> sizes_;
  std::vector<size_t> group_of_;  // By place of the instance.
};

// Takes up to `kills` of `sorted` so that GROUP_BY stays or becomes even; the rest follows in order.
std::vector<InstancePtr> EvenFirst(const AppSpec& app, std::vector<InstancePtr> sorted,
                                   size_t kills) {
  std::vector<Spread> spreads;
  for (const auto& constraint : app.constraints()) {
    if (constraint.op() == internal::AppConstraint::GROUP_BY) {
      spreads.emplace_back(constraint.field(), sorted);
    }
  }
  if (spreads.empty() || kills >= sorted.size()) return sorted;
  std::vector<InstancePtr> order;
  std::vector<bool> taken(sorted.size(), false);
  while (order.size() < kills) {
    const auto worst = std::max_element(
        spreads.begin(), spreads.end(),
        [](const Spread& a, const Spread& b) { return a.Difference() < b.Difference(); });
    size_t chosen = sorted.size();
    for (const bool from_largest : {true, false}) {
      for (size_t i = 0; i < sorted.size() && chosen == sorted.size(); ++i) {
        if (taken[i] || (from_largest && !worst->InLargest(i))) continue;
        if (std::all_of(spreads.begin(), spreads.end(),
                        [i](Spread& spread) { return spread.CanSpare(i); })) {
          chosen = i;
        }
      }
    }
    if (chosen == sorted.size()) break;  // None helps.
    taken[chosen] = true;
    for (Spread& spread : spreads) spread.Remove(chosen);
    order.push_back(sorted[chosen]);
  }
  for (size_t i = 0; i < sorted.size(); ++i) {
    if (!taken[i]) order.push_back(std::move(sorted[i]));
  }
  return order;
}

}  // namespace

std::vector<InstancePtr> KillOrder(const AppSpec& app, std::vector<InstancePtr> instances,
                                   const std::vector<std::string>& named, size_t kills) {
  const bool oldest_first = app.kill_selection() == AppSpec::OLDEST_FIRST;
  std::sort(instances.begin(), instances.end(), [&](const InstancePtr& a, const InstancePtr& b) {
    const int weight_a = WeightOf(*a);
    const int weight_b = WeightOf(*b);
    if (weight_a != weight_b) return weight_a < weight_b;
    const int64_t since_a = SinceOf(*a);
    const int64_t since_b = SinceOf(*b);
    if (since_a != since_b) return oldest_first ? since_a < since_b : since_a > since_b;
    return a->id() < b->id();
  });
  const std::set<std::string> first(named.begin(), named.end());
  const auto rest = std::stable_partition(
      instances.begin(), instances.end(),
      [&](const InstancePtr& one) { return first.count(one->id()) > 0; });
  std::vector<InstancePtr> order(instances.begin(), rest);
  const size_t more = kills > order.size() ? kills - order.size() : 0;
  for (InstancePtr& one : EvenFirst(app, {rest, instances.end()}, more)) {
    order.push_back(std::move(one));
  }
  return order;
}

}  // namespace meseta::services
