#include "master/offers/holding_sum.h"

#include <limits>

#include "actors/base/check.h"

namespace meseta::master {

void HoldingSum::Change(const model::Resources& resources, int sign) {
  const model::Resources scalars = resources.Filter(
      [](const v1::Resource& resource) { return resource.type() == v1::Value::SCALAR; });
  if (sign > 0) {
    scalars_ += scalars;
  } else {
    scalars_ -= scalars;
  }
  for (const model::Resources::Entry& entry : resources.entries()) {
    if (entry.resource.type() != v1::Value::SCALAR) Count(entry.resource, sign);
  }
}

void HoldingSum::Count(const v1::Resource& resource, int sign) {
  v1::Resource kind = resource;
  kind.clear_ranges();
  kind.clear_set();
  const std::string key = kind.SerializeAsString();
  Counted& counted = counted_[key];
  const auto step = [&](const Border& at, int change) {
    int64_t& value = counted.steps[at];
    value += change;
    if (value == 0) counted.steps.erase(at);
  };
  for (const v1::Value::Range& range : resource.ranges().range()) {
    const bool last = range.end() == std::numeric_limits<uint64_t>::max();
    step(Border(range.begin(), false), sign);
    step(Border(last ? range.end() : range.end() + 1, last), -sign);
  }
  for (const std::string& item : resource.set().item()) {
    int64_t& count = counted.items[item];
    count += sign;
    CHECK(count >= 0) << "an item that was not held is given back: " << item;
    if (count == 0) counted.items.erase(item);
  }
  if (counted.steps.empty() && counted.items.empty()) {
    counted_.erase(key);
  } else {
    counted.kind = std::move(kind);
  }
}

model::Resources HoldingSum::Total() const {
  model::Resources total = scalars_;
  for (const auto& [key, counted] : counted_) {
    v1::Resource resource = counted.kind;
    int64_t holders = 0;
    uint64_t begin = 0;
    for (const auto& [border, change] : counted.steps) {
      if (holders == 0) begin = border.first;
      holders += change;
      if (holders > 0) continue;
      v1::Value::Range* range = resource.mutable_ranges()->add_range();
      range->set_begin(begin);
      range->set_end(border.second ? border.first : border.first - 1);
    }
    for (const auto& [item, count] : counted.items) resource.mutable_set()->add_item(item);
    total.Add(resource);
  }
  return total;
}

}  // namespace meseta::master
