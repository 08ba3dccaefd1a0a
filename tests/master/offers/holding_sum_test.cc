// Goal: sums over agents stay right where ranges and sets overlap. Method: small cases.
#include "master/offers/holding_sum.h"

#include <gtest/gtest.h>

namespace meseta::master {
namespace {

model::Resources Parse(const std::string& text) { return model::Resources::Parse(text).value(); }

TEST(HoldingSumTest, SamePortsOfTwoAgents) {
  HoldingSum sum;
  sum.Add(Parse("cpus:1;ports:[31000-32000]"));
  sum.Add(Parse("cpus:1;ports:[31000-32000]"));
  EXPECT_EQ(sum.Total(), Parse("cpus:2;ports:[31000-32000]"));
  sum.Subtract(Parse("cpus:1;ports:[31000-32000]"));
  EXPECT_EQ(sum.Total(), Parse("cpus:1;ports:[31000-32000]"));
  sum.Subtract(Parse("cpus:1;ports:[31000-32000]"));
  EXPECT_TRUE(sum.empty());
}

TEST(HoldingSumTest, PartsOfARangeGoAndComeBack) {
  HoldingSum sum;
  sum.Add(Parse("ports:[10-20]"));
  sum.Subtract(Parse("ports:[12-14]"));
  EXPECT_EQ(sum.Total(), Parse("ports:[10-11,15-20]"));
  sum.Add(Parse("ports:[5-12]"));
  EXPECT_EQ(sum.Total(), Parse("ports:[5-12,15-20]"));
  sum.Subtract(Parse("ports:[5-12]"));
  sum.Subtract(Parse("ports:[10-11,15-20]"));
  EXPECT_TRUE(sum.empty());
}

TEST(HoldingSumTest, TheGreatestNumber) {
  HoldingSum sum;
  sum.Add(Parse("ports:[18446744073709551614-18446744073709551615]"));
  EXPECT_EQ(sum.Total(), Parse("ports:[18446744073709551614-18446744073709551615]"));
  sum.Subtract(Parse("ports:[18446744073709551615-18446744073709551615]"));
  EXPECT_EQ(sum.Total(), Parse("ports:[18446744073709551614-18446744073709551614]"));
}

TEST(HoldingSumTest, SetsAreCountedByItem) {
  HoldingSum sum;
  sum.Add(Parse("disks:{a,b}"));
  sum.Add(Parse("disks:{b}"));
  sum.Subtract(Parse("disks:{a,b}"));
  EXPECT_EQ(sum.Total(), Parse("disks:{b}"));
}

}  // namespace
}  // namespace meseta::master
