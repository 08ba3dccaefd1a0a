// Every operator against tables of places and instances; texts of constraints and of attributes.
#include "frameworks/services/launch/constraints.h"

#include <gtest/gtest.h>

#include "frameworks/services/launch/constraint_text.h"
#include "tests/frameworks/services/launch/builders.h"

namespace meseta::services {
namespace {

using testing::AConstraint;
using testing::AnApp;
using testing::AnOffer;
using testing::InstanceOn;
using testing::OnRacks;
using Op = internal::AppConstraint;

Place OnRackPlace(const std::string& rack) {
  Place place;
  place.hostname = "host";
  if (!rack.empty()) place.attributes["rack"] = rack;
  return place;
}

struct Row {
  Op::Operator op;
  std::string value;
  uint32_t wanted;
  std::vector<std::string> instances;  // Racks; "" has none.
  std::string rack;                    // Of the offer; "" has none.
  bool holds;
};

TEST(ConstraintsTest, TableOfOperators) {
  const std::vector<Row> rows = {
      // UNIQUE: at most one per value.
      {Op::UNIQUE, "", 3, {}, "a", true},
      {Op::UNIQUE, "", 3, {"b"}, "a", true},
      {Op::UNIQUE, "", 3, {"a"}, "a", false},
      {Op::UNIQUE, "", 3, {""}, "a", true},
      {Op::UNIQUE, "", 3, {}, "", false},
      // CLUSTER: on that value, or where the first one is.
      {Op::CLUSTER, "a", 3, {}, "a", true},
      {Op::CLUSTER, "a", 3, {}, "b", false},
      {Op::CLUSTER, "", 3, {}, "b", true},
      {Op::CLUSTER, "", 3, {"b", "b"}, "b", true},
      {Op::CLUSTER, "", 3, {"a"}, "b", false},
      {Op::CLUSTER, "", 3, {""}, "b", false},
      {Op::CLUSTER, "", 3, {}, "", false},
      // GROUP_BY with a value: floor(n/g) each, and the remainder.
      {Op::GROUP_BY, "2", 4, {}, "a", true},
      {Op::GROUP_BY, "2", 4, {"a"}, "a", true},
      {Op::GROUP_BY, "2", 4, {"a", "a"}, "a", false},
      {Op::GROUP_BY, "2", 4, {"a", "a"}, "b", true},
      {Op::GROUP_BY, "2", 4, {"a", "b"}, "c", false},
      {Op::GROUP_BY, "2", 5, {"a", "a"}, "a", true},
      {Op::GROUP_BY, "2", 5, {"a", "a", "a"}, "a", false},
      {Op::GROUP_BY, "2", 5, {"a", "a", "a", "b"}, "b", true},
      {Op::GROUP_BY, "2", 5, {"a", "a", "a", "b", "b"}, "b", false},
      {Op::GROUP_BY, "2", 4, {}, "", false},
      // GROUP_BY without one: evenly over the values seen so far.
      {Op::GROUP_BY, "", 4, {}, "a", true},
      {Op::GROUP_BY, "", 4, {"a"}, "b", true},
      {Op::GROUP_BY, "", 4, {"a", "b"}, "a", true},
      {Op::GROUP_BY, "", 4, {"a", "a", "b"}, "a", false},
      {Op::GROUP_BY, "", 4, {"a", "a", "b"}, "b", true},
      // LIKE, UNLIKE: the whole value.
      {Op::LIKE, "rack-[1-3]", 1, {}, "rack-2", true},
      {Op::LIKE, "rack-[1-3]", 1, {}, "rack-4", false},
      {Op::LIKE, "rack-[1-3]", 1, {}, "rack-22", false},
      {Op::LIKE, "rack.*", 1, {}, "", false},
      {Op::UNLIKE, "rack-[1-3]", 1, {}, "rack-2", false},
      {Op::UNLIKE, "rack-[1-3]", 1, {}, "rack-4", true},
      {Op::UNLIKE, "rack-[1-3]", 1, {}, "", true},
      {Op::LIKE, "(a+)+b", 1, {}, std::string(40, 'a'), false},  // In no exponential time.
      // MAX_PER
      {Op::MAX_PER, "2", 9, {"a"}, "a", true},
      {Op::MAX_PER, "2", 9, {"a", "a"}, "a", false},
      {Op::MAX_PER, "2", 9, {"a", "a"}, "b", true},
      {Op::MAX_PER, "0", 9, {}, "a", false},
      {Op::MAX_PER, "2", 9, {}, "", false},
      // IS
      {Op::IS, "a", 1, {}, "a", true},
      {Op::IS, "a", 1, {}, "b", false},
      {Op::IS, "2.0", 1, {}, "2", true},
      {Op::IS, "a", 1, {}, "", false},
  };
  for (size_t i = 0; i < rows.size(); ++i) {
    const Row& row = rows[i];
    const auto constraint = AConstraint("rack", row.op, row.value);
    EXPECT_EQ(Satisfies(constraint, row.wanted, OnRackPlace(row.rack), OnRacks(row.instances)),
              row.holds)
        << "row " << i << ": " << ShowConstraint(constraint) << " at '" << row.rack << "'";
  }
}

TEST(ConstraintsTest, FieldsOfPlaces) {
  v1::Offer offer = AnOffer("node-1", "cpus:1");
  offer.mutable_domain()->mutable_fault_domain()->mutable_region()->set_name("eu");
  offer.mutable_domain()->mutable_fault_domain()->mutable_zone()->set_name("eu-1");
  testing::AddText(&offer, "rack", "r1");
  const Place place = PlaceOf(offer);
  for (const auto& [field, value] :
       std::vector<std::pair<std::string, std::string>>{{"hostname", "node-1"},
                                                        {"@hostname", "node-1"},
                                                        {"@region", "eu"},
                                                        {"@zone", "eu-1"},
                                                        {"rack", "r1"}}) {
    EXPECT_TRUE(Satisfies(AConstraint(field, Op::IS, value), 1, place, {})) << field;
    EXPECT_FALSE(Satisfies(AConstraint(field, Op::IS, "other"), 1, place, {})) << field;
  }
  Instance instance;
  instance.set_host("node-1");
  instance.set_region("eu");
  instance.set_zone("eu-1");
  (*instance.mutable_attributes())["rack"] = "r1";
  EXPECT_EQ(PlaceOf(instance).attributes, place.attributes);
  const std::vector<InstancePtr> others = {std::make_shared<Instance>(instance)};
  for (const std::string field : {"hostname", "@hostname", "@region", "@zone", "rack"}) {
    EXPECT_FALSE(Satisfies(AConstraint(field, Op::UNIQUE), 1, place, others)) << field;
  }
  EXPECT_FALSE(Satisfies(AConstraint("@zone", Op::UNIQUE), 1, OnRackPlace("a"), {}));
}

TEST(ConstraintsTest, ValuesOfAttributes) {
  v1::Attribute scalar;
  scalar.set_type(v1::Value::SCALAR);
  const std::vector<std::pair<double, std::string>> rows = {
      {2, "2"}, {0.5, "0.5"}, {1.23456, "1.235"}, {0, "0"}, {1000000, "1000000"}};
  for (const auto& [value, text] : rows) {
    scalar.mutable_scalar()->set_value(value);
    EXPECT_EQ(ShowAttribute(scalar), text);
  }
  v1::Attribute ranges;
  ranges.set_type(v1::Value::RANGES);
  for (const uint64_t begin : {20, 1}) {
    ranges.mutable_ranges()->add_range()->set_begin(begin);
    ranges.mutable_ranges()->mutable_range()->rbegin()->set_end(begin + 9);
  }
  EXPECT_EQ(ShowAttribute(ranges), "[1-10,20-29]");
  v1::Attribute set;
  set.set_type(v1::Value::SET);
  set.mutable_set()->add_item("b");
  set.mutable_set()->add_item("a");
  EXPECT_EQ(ShowAttribute(set), "{a,b}");
}

TEST(ConstraintsTest, OlderConfigVersionsDoNotCount) {
  AppSpec app = AnApp("/web", 2);
  *app.add_constraints() = AConstraint("hostname", Op::UNIQUE);
  const Place place = PlaceOf(AnOffer("node-1", "cpus:1"));
  EXPECT_FALSE(Spread(app, {InstanceOn("node-1", "", 999)}).Unsatisfied(place));
  EXPECT_TRUE(Spread(app, {InstanceOn("node-1", "", 1'000)}).Unsatisfied(place));
}

TEST(ConstraintsTest, SpreadCountsWhatWasAddedAndSeen) {
  AppSpec app = AnApp("/web", 4);
  *app.add_constraints() = AConstraint("rack", Op::GROUP_BY);
  Spread spread(app, {});
  EXPECT_TRUE(spread.WantsToSee());
  spread.See(OnRackPlace("a"));
  spread.See(OnRackPlace("b"));
  EXPECT_FALSE(spread.Unsatisfied(OnRackPlace("a")));
  spread.Add(OnRackPlace("a"));
  EXPECT_EQ(spread.Unsatisfied(OnRackPlace("a")), 0);
  EXPECT_TRUE(spread.MayChange(0));
  spread.Add(OnRackPlace("b"));
  EXPECT_FALSE(spread.Unsatisfied(OnRackPlace("a")));
}

TEST(ConstraintsTest, WhatIsWrong) {
  EXPECT_EQ(WhyBadConstraint(AConstraint("rack", Op::UNIQUE)), "");
  EXPECT_EQ(WhyBadConstraint(AConstraint("rack", Op::UNIQUE, "x")),
            "UNIQUE does not accept a value");
  EXPECT_EQ(WhyBadConstraint(AConstraint("", Op::UNIQUE)),
            "missing field for constraint declaration");
  EXPECT_EQ(WhyBadConstraint(AConstraint("rack", Op::GROUP_BY)), "");
  EXPECT_EQ(WhyBadConstraint(AConstraint("rack", Op::GROUP_BY, "3")), "");
  EXPECT_EQ(WhyBadConstraint(AConstraint("rack", Op::GROUP_BY, "x")),
            "GROUP BY must define an integer value or else no value at all");
  EXPECT_EQ(WhyBadConstraint(AConstraint("rack", Op::MAX_PER)),
            "MAX_PER requires an integer value");
  EXPECT_EQ(WhyBadConstraint(AConstraint("rack", Op::LIKE)),
            "LIKE and UNLIKE require a non-empty, regular expression value");
  for (const std::string bad : {"(", "[a", "a{2000}", "((a{900}){900}){900}"}) {
    EXPECT_EQ(WhyBadConstraint(AConstraint("rack", Op::UNLIKE, bad)),
              "is not a valid regular expression")
        << bad;
  }
  EXPECT_EQ(WhyBadConstraint(AConstraint("rack", Op::LIKE, std::string(600, 'a'))),
            "is not a valid regular expression");
  EXPECT_EQ(WhyBadConstraint(AConstraint("rack", Op::IS, "a b")).substr(0, 21),
            "IS only supports Meso");
  EXPECT_EQ(ShowConstraint(AConstraint("rack", Op::GROUP_BY, "3")), "rack GROUP_BY 3");
}

}  // namespace
}  // namespace meseta::services
