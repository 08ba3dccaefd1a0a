#include "frameworks/services/launch/constraints.h"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "frameworks/services/launch/constraint_text.h"

namespace meseta::services {
namespace {

using Operator = internal::AppConstraint;

bool IsHostname(const std::string& field) { return field == "hostname" || field == "@hostname"; }

const std::string* IfSet(const std::string& value) { return value.empty() ? nullptr : &value; }

// As ValueAt, without making a Place of each instance.
const std::string* ValueOf(const Instance& instance, const std::string& field) {
  if (IsHostname(field)) return &instance.host();
  if (field == "@region") return IfSet(instance.region());
  if (field == "@zone") return IfSet(instance.zone());
  const auto found = instance.attributes().find(field);
  return found == instance.attributes().end() ? nullptr : &found->second;
}

uint64_t SmallestGroup(const std::map<std::string, uint64_t>& counts) {
  uint64_t smallest = UINT64_MAX;
  for (const auto& [value, count] : counts) smallest = std::min(smallest, count);
  return smallest;
}

bool IsPattern(const internal::AppConstraint& constraint) {
  return constraint.op() == Operator::LIKE || constraint.op() == Operator::UNLIKE;
}

// ^[a-zA-Z0-9_/.-]*$
bool IsPlainWord(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_/.-").find(c) != std::string_view::npos;
  });
}

bool IsInteger(std::string_view text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

Place PlaceOf(const v1::Offer& offer) {
  Place place;
  place.hostname = offer.hostname();
  if (offer.domain().has_fault_domain()) {
    place.region = offer.domain().fault_domain().region().name();
    place.zone = offer.domain().fault_domain().zone().name();
  }
  for (const v1::Attribute& attribute : offer.attributes()) {
    place.attributes.emplace(attribute.name(), ShowAttribute(attribute));  // The first counts.
  }
  return place;
}

Place PlaceOf(const Instance& instance) {
  Place place;
  place.hostname = instance.host();
  place.region = instance.region();
  place.zone = instance.zone();
  place.attributes.insert(instance.attributes().begin(), instance.attributes().end());
  return place;
}

const std::string* ValueAt(const Place& place, const std::string& field) {
  if (IsHostname(field)) return &place.hostname;
  if (field == "@region") return IfSet(place.region);
  if (field == "@zone") return IfSet(place.zone);
  const auto found = place.attributes.find(field);
  return found == place.attributes.end() ? nullptr : &found->second;
}

Spread::Spread(const AppSpec& app, const std::vector<InstancePtr>& instances) {
  for (const internal::AppConstraint& constraint : app.constraints()) {
    Rule rule;
    rule.constraint = constraint;
    rule.wanted = app.instances();
    if (IsPattern(constraint)) rule.pattern = CompilePattern(constraint.value());
    rules_.push_back(std::move(rule));
  }
  if (rules_.empty()) return;
  for (const InstancePtr& instance : instances) {
    if (instance->config_version() < app.last_config_change_at()) continue;
    for (Rule& rule : rules_) Count(rule, ValueOf(*instance, rule.constraint.field()));
  }
}

void Spread::Count(Rule& rule, const std::string* value) {
  if (value == nullptr)
    ++rule.without;
  else
    ++rule.counts[*value];
}

void Spread::Add(const Place& place) {
  for (Rule& rule : rules_) Count(rule, ValueAt(place, rule.constraint.field()));
}

bool Spread::WantsToSee() const {
  return std::any_of(rules_.begin(), rules_.end(), [](const Rule& rule) {
    return rule.constraint.op() == Operator::GROUP_BY && rule.constraint.value().empty();
  });
}

void Spread::See(const Place& place) {
  for (Rule& rule : rules_) {
    if (rule.constraint.op() != Operator::GROUP_BY || !rule.constraint.value().empty()) continue;
    if (const std::string* value = ValueAt(place, rule.constraint.field())) {
      rule.counts.emplace(*value, 0);
    }
  }
}

std::optional<int> Spread::Unsatisfied(const Place& place) const {
  for (size_t i = 0; i < rules_.size(); ++i) {
    if (!Holds(rules_[i], ValueAt(place, rules_[i].constraint.field()))) return static_cast<int>(i);
  }
  return std::nullopt;
}

bool Spread::MayChange(int constraint) const {
  return rules_[static_cast<size_t>(constraint)].constraint.op() == Operator::GROUP_BY;
}

bool Spread::Holds(const Rule& rule, const std::string* value) {
  const internal::AppConstraint& constraint = rule.constraint;
  if (value == nullptr) return constraint.op() == Operator::UNLIKE;
  const auto found = rule.counts.find(*value);
  const uint64_t here = found == rule.counts.end() ? 0 : found->second;
  switch (constraint.op()) {
    case Operator::UNIQUE:
      return here == 0;
    case Operator::CLUSTER:
      if (!constraint.value().empty()) return *value == constraint.value();
      return rule.without == 0 && (rule.counts.empty() || (rule.counts.size() == 1 && here > 0));
    case Operator::GROUP_BY:
      return GroupByHolds(rule, *value);
    case Operator::MAX_PER:
      return here < ParseCount(constraint.value()).value_or(0);
    case Operator::IS:
      return *value == NormalNumber(constraint.value());
    case Operator::LIKE:
    case Operator::UNLIKE: {
      if (rule.pattern == nullptr) return false;
      const bool matches =
          value->size() <= kMaxMatchedBytes && std::regex_match(*value, *rule.pattern);
      return matches == (constraint.op() == Operator::LIKE);
    }
  }
  return false;
}

// With a value g: floor(n/g) in each of g groups, and the remainder one by one in any of them.
bool Spread::GroupByHolds(const Rule& rule, const std::string& value) {
  const auto found = rule.counts.find(value);
  const uint64_t groups = ParseCount(rule.constraint.value()).value_or(0);
  if (groups == 0) {
    return found == rule.counts.end() || found->second <= SmallestGroup(rule.counts);
  }
  const uint64_t each = rule.wanted / groups;
  uint64_t above = 0;  // Instances that the remainder has to cover.
  for (const auto& [other, count] : rule.counts) above += count > each ? count - each : 0;
  if (found == rule.counts.end()) {
    return rule.counts.size() + (rule.without > 0 ? 1 : 0) < groups;
  }
  const bool remainder_left = above < rule.wanted % groups;
  return found->second < each || (found->second == each && remainder_left);
}

bool Satisfies(const internal::AppConstraint& constraint, uint32_t wanted_instances,
               const Place& place, const std::vector<InstancePtr>& others) {
  AppSpec app;
  app.set_instances(wanted_instances);
  *app.add_constraints() = constraint;
  return !Spread(app, others).Unsatisfied(place);
}

std::string ShowConstraint(const internal::AppConstraint& constraint) {
  std::string text =
      constraint.field() + " " + internal::AppConstraint::Operator_Name(constraint.op());
  if (!constraint.value().empty()) text += " " + constraint.value();
  return text;
}

std::string WhyBadConstraint(const internal::AppConstraint& constraint) {
  const std::string& value = constraint.value();
  if (constraint.field().empty()) return "missing field for constraint declaration";
  switch (constraint.op()) {
    case Operator::UNIQUE:
      return value.empty() ? "" : "UNIQUE does not accept a value";
    case Operator::CLUSTER:
      return "";
    case Operator::GROUP_BY:
      if (value.empty() || IsInteger(value)) return "";
      return "GROUP BY must define an integer value or else no value at all";
    case Operator::MAX_PER:
      return IsInteger(value) ? "" : "MAX_PER requires an integer value";
    case Operator::LIKE:
    case Operator::UNLIKE:
      if (value.empty()) return "LIKE and UNLIKE require a non-empty, regular expression value";
      return CompilePattern(value) != nullptr ? "" : "is not a valid regular expression";
    case Operator::IS:
      if (IsPlainWord(value)) return "";
      return "IS only supports Mesos text and float values (see "
             "http://mesos.apache.org/documentation/latest/attributes-resources/)";
  }
  return "";
}

}  // namespace meseta::services
