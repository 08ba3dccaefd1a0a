// Constraints of an app against an agent and the instances that there are (reference: Marathon
// surface 1.5).
//
// Spread counts an app's instances by the values that its constraints look at, so that asking for
// one more place costs the number of values, not of instances; apps without constraints cost
// nothing.
//
// Instances of an older config version do not count: their successors may stand where they stand.
// An agent that lacks the field suits UNLIKE only. GROUP_BY without a value spreads evenly over the
// values seen so far: those of the instances, and those that See() was told of.
//
// Pure.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <regex>
#include <string>
#include <vector>

#include "actors/messages/v1.h"
#include "frameworks/services/model/types.h"

namespace meseta::services {

// Where something is, as constraints see it.
struct Place {
  std::string hostname;
  std::string region;
  std::string zone;
  std::map<std::string, std::string> attributes;  // In Marathon's format of values.
};
[[nodiscard]] Place PlaceOf(const v1::Offer& offer);
[[nodiscard]] Place PlaceOf(const Instance& instance);
// Of a field of constraints ("hostname", "@zone", an attribute); null: the place has none.
[[nodiscard]] const std::string* ValueAt(const Place& place, const std::string& field);

class Spread {
 public:
  // Longest value that a pattern is tried on; longer ones match no pattern.
  static constexpr size_t kMaxMatchedBytes = 1024;

  // `instances` of the app, of any config version.
  Spread(const AppSpec& app, const std::vector<InstancePtr>& instances);

  // One more instance, launched just now.
  void Add(const Place& place);
  // A place that could be used: GROUP_BY without a value counts its values.
  void See(const Place& place);
  [[nodiscard]] bool WantsToSee() const;

  // Index of the first constraint that `place` does not satisfy; nullopt: it suits.
  [[nodiscard]] std::optional<int> Unsatisfied(const Place& place) const;
  // More instances elsewhere may make the constraint hold (GROUP_BY).
  [[nodiscard]] bool MayChange(int constraint) const;
  [[nodiscard]] bool empty() const { return rules_.empty(); }

 private:
  struct Rule {
    internal::AppConstraint constraint;
    uint64_t wanted = 0;                        // Instances of the app.
    std::map<std::string, uint64_t> counts;     // Instances by value; seen values have 0.
    uint64_t without = 0;                       // Instances whose place lacks the field.
    std::shared_ptr<const std::regex> pattern;  // LIKE, UNLIKE; null: it is none.
  };
  static void Count(Rule& rule, const std::string* value);
  static bool Holds(const Rule& rule, const std::string* value);
  static bool GroupByHolds(const Rule& rule, const std::string& value);

  std::vector<Rule> rules_;
};

// One constraint by itself, against `others`, whatever their config version.
[[nodiscard]] bool Satisfies(const internal::AppConstraint& constraint, uint32_t wanted_instances,
                             const Place& place, const std::vector<InstancePtr>& others);
// "hostname UNIQUE", "rack GROUP_BY 3"
[[nodiscard]] std::string ShowConstraint(const internal::AppConstraint& constraint);
// What is wrong with it; empty: nothing.
[[nodiscard]] std::string WhyBadConstraint(const internal::AppConstraint& constraint);

}  // namespace meseta::services
