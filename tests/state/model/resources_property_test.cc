// Laws of the resources algebra, over resources made of all kinds: scalars, ranges, sets, reserved,
// allocated, revocable, volumes, shared ones.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "state/model/resource_format.h"
#include "state/model/resources.h"

namespace meseta::model {
namespace {

const char* const kRoles[] = {"*", "a", "a/b", "c"};

v1::Resource Scalars(const char* name, int thousandths) {
  v1::Resource resource;
  resource.set_name(name);
  resource.set_type(v1::Value::SCALAR);
  resource.mutable_scalar()->set_value(thousandths / 1000.0);
  return resource;
}

void Reserve(v1::Resource* resource, const std::string& role, bool dynamic) {
  if (role == "*") return;
  auto* reservation = resource->add_reservations();
  reservation->set_role(role);
  reservation->set_type(dynamic ? v1::Resource::ReservationInfo::DYNAMIC
                                : v1::Resource::ReservationInfo::STATIC);
  if (dynamic) reservation->set_principal("p");
}

v1::Resource AnyResource() {
  const int kind = *rc::gen::inRange(0, 6);
  v1::Resource resource = Scalars("cpus", *rc::gen::inRange(1, 100'000));
  if (kind == 1) resource = Scalars("mem", *rc::gen::inRange(1, 100'000));
  if (kind == 2) {
    resource = Scalars("disk", *rc::gen::inRange(1, 5) * 1000);
    resource.mutable_disk()->mutable_persistence()->set_id(*rc::gen::element("v", "w"));
    if (*rc::gen::arbitrary<bool>()) resource.mutable_shared();
  }
  if (kind == 3) {
    resource.Clear();
    resource.set_name("ports");
    resource.set_type(v1::Value::RANGES);
    auto* range = resource.mutable_ranges()->add_range();
    const int begin = *rc::gen::inRange(0, 50);
    range->set_begin(begin);
    range->set_end(begin + *rc::gen::inRange(0, 20));
  }
  if (kind == 4) {
    resource.Clear();
    resource.set_name("devices");
    resource.set_type(v1::Value::SET);
    resource.mutable_set()->add_item(*rc::gen::element("x", "y", "z"));
  }
  if (kind == 5) resource.mutable_revocable();
  Reserve(&resource, kRoles[*rc::gen::inRange(0, 4)], *rc::gen::arbitrary<bool>());
  if (*rc::gen::arbitrary<bool>()) {
    resource.mutable_allocation_info()->set_role(kRoles[*rc::gen::inRange(0, 4)]);
  }
  return resource;
}

Resources Any() {
  Resources resources;
  const int count = *rc::gen::inRange(0, 7);
  for (int i = 0; i < count; ++i) resources.Add(AnyResource());
  return resources;
}

// Ranges and sets are sets of things: adding what is there already adds nothing.
Resources WithoutOverlaps(const Resources& resources) {
  return resources.Filter([](const v1::Resource& r) { return r.type() == v1::Value::SCALAR; });
}

RC_GTEST_PROP(ResourcesLaws, AddingThenSubtractingChangesNothing, ()) {
  const Resources a = Any();
  const Resources b = WithoutOverlaps(Any());
  RC_ASSERT(a + b - b == a);
}

RC_GTEST_PROP(ResourcesLaws, SumsCommuteAndAssociate, ()) {
  const Resources a = Any();
  const Resources b = Any();
  const Resources c = Any();
  RC_ASSERT(a + b == b + a);
  RC_ASSERT((a + b) + c == a + (b + c));
}

RC_GTEST_PROP(ResourcesLaws, ContainsIsAnOrder, ()) {
  const Resources a = Any();
  const Resources b = Any();
  const Resources c = Any();
  RC_ASSERT(a.Contains(a));
  RC_ASSERT(a.Contains(Resources()));
  RC_ASSERT((a + b).Contains(a));
  RC_ASSERT((a + b + c).Contains(a + c));
  if (a.Contains(b) && b.Contains(a)) RC_ASSERT(a == b);
}

RC_GTEST_PROP(ResourcesLaws, WhatIsContainedCanBeTakenAndGivenBack, ()) {
  const Resources part = Any();
  const Resources whole = part + Any();
  RC_ASSERT(whole - part + part == whole);
  RC_ASSERT(whole.Contains(whole - part));
}

RC_GTEST_PROP(ResourcesLaws, DifferencesNeverGoNegative, ()) {
  const Resources a = Any();
  const Resources left = a - Any();
  RC_ASSERT(a.Contains(left));
  for (const auto& entry : left.entries()) RC_ASSERT(Resources::Validate(entry.resource).ok());
}

RC_GTEST_PROP(ResourcesLaws, ProtoRoundTrips, ()) {
  const Resources a = Any();
  for (auto format : {ReservationFormat::kPre, ReservationFormat::kPost, ReservationFormat::kEndpoint}) {
    const auto again = Resources::FromProto(a.ToProto(format));
    RC_ASSERT(again.ok());
    RC_ASSERT(again.value() == a);
  }
}

RC_GTEST_PROP(ResourcesLaws, ViewsPartition, ()) {
  const Resources a = Any();
  RC_ASSERT(a.Reserved() + a.Unreserved() == a);
  RC_ASSERT(a.Shared() + a.NonShared() == a);
  RC_ASSERT(a.Revocable() + a.NonRevocable() == a);
  Resources by_role;
  for (const auto& [role, part] : a.ReservedByRole()) by_role += part;
  RC_ASSERT(by_role == a.Reserved());
}

RC_GTEST_PROP(ResourcesLaws, TextRoundTrips, ()) {
  Resources plain;
  plain.Add(Scalars("cpus", *rc::gen::inRange(1, 1'000'000'000)));
  plain.Add(Scalars("mem", *rc::gen::inRange(1, 1'000'000'000)));
  std::string text = plain.ToString();
  RC_ASSERT(Resources::Parse(text).value() == plain);
}

RC_GTEST_PROP(ResourcesLaws, ThousandthsAreExact, ()) {
  const int part = *rc::gen::inRange(1, 100'000);
  const int times = *rc::gen::inRange(1, 60);
  Resources sum;
  for (int i = 0; i < times; ++i) sum.Add(Scalars("cpus", part));
  RC_ASSERT(sum.SumOf("cpus").thousandths() == int64_t{part} * times);
  for (int i = 0; i < times; ++i) sum.Subtract(Scalars("cpus", part));
  RC_ASSERT(sum.empty());
}

RC_GTEST_PROP(ResourcesLaws, FoundIsThereAndAsMuchAsWanted, ()) {
  const Resources pool = Any();
  Resources wanted;
  wanted.Add(Scalars("cpus", *rc::gen::inRange(1, 100'000)));
  const auto found = pool.Find(wanted, "a/b");
  if (!found.has_value()) return;
  RC_ASSERT(pool.Contains(*found));
  RC_ASSERT(found->SumOf("cpus") == wanted.SumOf("cpus"));
}

RC_GTEST_PROP(RangesLaws, BehaveAsSetsOfNumbers, ()) {
  const auto any = [] {
    std::vector<Ranges::Range> ranges;
    const int count = *rc::gen::inRange(0, 6);
    for (int i = 0; i < count; ++i) {
      const uint64_t begin = *rc::gen::inRange<uint64_t>(0, 40);
      ranges.push_back(Ranges::Range{begin, begin + *rc::gen::inRange<uint64_t>(0, 12)});
    }
    return Ranges(ranges);
  };
  const Ranges a = any();
  const Ranges b = any();
  Ranges sum = a;
  sum += b;
  Ranges difference = a;
  difference -= b;
  uint64_t count = 0;
  bool within = true;
  for (uint64_t n = 0; n < 64; ++n) {
    RC_ASSERT(sum.Contains(n) == (a.Contains(n) || b.Contains(n)));
    RC_ASSERT(difference.Contains(n) == (a.Contains(n) && !b.Contains(n)));
    count += a.Contains(n) ? 1 : 0;
    within = within && (!b.Contains(n) || a.Contains(n));
  }
  RC_ASSERT(a.Count() == count);
  RC_ASSERT(a.Contains(b) == within);
}

TEST(Ranges, ReachTheEndsOfTheirType) {
  constexpr uint64_t kMax = ~uint64_t{0};
  Ranges all({{0, kMax}});
  all -= Ranges({{5, 5}});
  EXPECT_EQ(all.ranges(), (std::vector<Ranges::Range>{{0, 4}, {6, kMax}}));
  all += Ranges({{5, kMax}});
  EXPECT_EQ(all.ranges(), (std::vector<Ranges::Range>{{0, kMax}}));
  EXPECT_EQ(all.Count(), kMax);
  all -= all;
  EXPECT_TRUE(all.empty());
}

TEST(Scalar, CountsThousandths) {
  EXPECT_EQ(Scalar::FromDouble(0.1) + Scalar::FromDouble(0.2), Scalar::FromDouble(0.3));
  EXPECT_EQ(Scalar::FromDouble(0.1004).ToString(), "0.1");
  EXPECT_EQ(Scalar::FromDouble(123456789.125).ToString(), "123456789.125");
  EXPECT_EQ(Scalar::FromDouble(1e30), Scalar::FromThousandths(Scalar::kMaxThousandths));
}

}  // namespace
}  // namespace meseta::model
