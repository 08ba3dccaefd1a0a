// Goal: the checker of histories itself. Known good and bad ones, and small random ones compared
// with the definition: every order of the operations is tried.
#include "tests/sim/log/linearizability.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "actors/base/rng.h"

namespace meseta::logsim {
namespace {

constexpr uint64_t kNever = HistoryOp::kNever;

HistoryOp Put(uint64_t called, uint64_t returned, uint64_t value, int key = 0) {
  HistoryOp op;
  op.op.kind = OpKind::kPut;
  op.op.key = key;
  op.op.value = value;
  op.called = called;
  op.returned = returned;
  return op;
}

HistoryOp Read(uint64_t called, uint64_t returned, uint64_t value, int key = 0) {
  HistoryOp op;
  op.op.key = key;
  op.read = value;
  op.called = called;
  op.returned = returned;
  return op;
}

HistoryOp Swap(uint64_t called, uint64_t returned, uint64_t expected, uint64_t value, bool done) {
  HistoryOp op;
  op.op.kind = OpKind::kCas;
  op.op.expected = expected;
  op.op.value = value;
  op.swapped = done;
  op.called = called;
  op.returned = returned;
  return op;
}

Verdict Check(const std::vector<HistoryOp>& history) { return CheckLinearizable(history).verdict; }

TEST(Linearizability, AcceptsWhatHappenedInOrder) {
  EXPECT_EQ(Check({}), Verdict::kLinearizable);
  EXPECT_EQ(Check({Read(1, 2, 0), Put(3, 4, 5), Read(5, 6, 5), Swap(7, 8, 5, 6, true),
                   Swap(9, 10, 5, 7, false), Read(11, 12, 6)}),
            Verdict::kLinearizable);
}

TEST(Linearizability, AcceptsEitherOrderOfOverlappingWrites) {
  EXPECT_EQ(Check({Put(1, 4, 1), Put(2, 3, 2), Read(5, 6, 1)}), Verdict::kLinearizable);
  EXPECT_EQ(Check({Put(1, 4, 1), Put(2, 3, 2), Read(5, 6, 2)}), Verdict::kLinearizable);
  // A read that overlaps a write may see either side of it.
  EXPECT_EQ(Check({Put(1, 4, 1), Read(2, 3, 0), Read(5, 6, 1)}), Verdict::kLinearizable);
  EXPECT_EQ(Check({Put(1, 4, 1), Read(2, 3, 1), Read(5, 6, 1)}), Verdict::kLinearizable);
}

TEST(Linearizability, RefusesStaleReads) {
  EXPECT_EQ(Check({Put(1, 2, 1), Read(3, 4, 0)}), Verdict::kNotLinearizable);
  EXPECT_EQ(Check({Put(1, 2, 1), Put(3, 4, 2), Read(5, 6, 1)}), Verdict::kNotLinearizable);
  // Two reads, one after the other, must not go back.
  EXPECT_EQ(Check({Put(1, 10, 1), Read(2, 3, 1), Read(4, 5, 0)}), Verdict::kNotLinearizable);
}

TEST(Linearizability, RefusesLostWrites) {
  EXPECT_EQ(Check({Put(1, 2, 1), Put(3, 4, 2), Read(5, 6, 0)}), Verdict::kNotLinearizable);
  EXPECT_EQ(Check({Put(1, 2, 1), Swap(3, 4, 1, 2, true), Read(5, 6, 1)}),
            Verdict::kNotLinearizable);
}

TEST(Linearizability, RefusesValuesFromNowhere) {
  EXPECT_EQ(Check({Read(1, 2, 7)}), Verdict::kNotLinearizable);
  // The write was called only after the read had returned.
  EXPECT_EQ(Check({Read(1, 2, 7), Put(3, 4, 7)}), Verdict::kNotLinearizable);
}

TEST(Linearizability, SwapsFromOneValueSucceedOnce) {
  EXPECT_EQ(Check({Swap(1, 4, 0, 1, true), Swap(2, 3, 0, 2, true)}), Verdict::kNotLinearizable);
  EXPECT_EQ(Check({Swap(1, 4, 0, 1, true), Swap(2, 3, 0, 2, false)}), Verdict::kLinearizable);
  EXPECT_EQ(Check({Swap(1, 2, 0, 1, false)}), Verdict::kNotLinearizable);
}

TEST(Linearizability, UnknownOutcomesMayHappenLateOrNever) {
  EXPECT_EQ(Check({Put(1, kNever, 1), Read(2, 3, 0)}), Verdict::kLinearizable);
  EXPECT_EQ(Check({Put(1, kNever, 1), Read(2, 3, 0), Read(4, 5, 1)}), Verdict::kLinearizable);
  // Once seen it stays.
  EXPECT_EQ(Check({Put(1, kNever, 1), Read(2, 3, 1), Read(4, 5, 0)}), Verdict::kNotLinearizable);
  // It happens once: another write lies between the two reads.
  EXPECT_EQ(Check({Put(1, kNever, 1), Read(2, 3, 1), Put(4, 5, 2), Read(6, 7, 1)}),
            Verdict::kNotLinearizable);
  // Never before its call.
  EXPECT_EQ(Check({Read(1, 2, 1), Put(3, kNever, 1)}), Verdict::kNotLinearizable);
  // An unknown swap may have been refused.
  EXPECT_EQ(Check({Put(1, 2, 3), Swap(3, kNever, 9, 4, false), Read(5, 6, 3)}),
            Verdict::kLinearizable);
  EXPECT_EQ(Check({Put(1, 2, 3), Swap(3, kNever, 9, 4, false), Read(5, 6, 4)}),
            Verdict::kNotLinearizable);
  EXPECT_EQ(Check({Read(1, kNever, 77)}), Verdict::kLinearizable);
}

TEST(Linearizability, KeysAreIndependentAndTheBadOneIsNamed) {
  const LinearizabilityResult result =
      CheckLinearizable({Put(1, 2, 1, 0), Put(3, 4, 2, 5), Read(5, 6, 1, 0), Read(7, 8, 1, 5)});
  EXPECT_EQ(result.verdict, Verdict::kNotLinearizable);
  EXPECT_EQ(result.key, 5);
  EXPECT_EQ(result.history, "  client 0  [3, 4]  put k5 2\n  client 0  [7, 8]  read k5: 1\n");
}

// Twelve writes at once, then a read of none of them: without memory this would take 12! steps.
TEST(Linearizability, RemembersWhereItHasBeen) {
  std::vector<HistoryOp> history;
  for (uint64_t i = 0; i < 12; ++i) history.push_back(Put(i, 100 + i, 1 + i % 3));
  history.push_back(Read(200, 201, 99));
  const LinearizabilityResult result = CheckLinearizable(history);
  EXPECT_EQ(result.verdict, Verdict::kNotLinearizable);
  EXPECT_LT(result.steps, 300'000u);
  EXPECT_EQ(CheckLinearizable(history, 100).verdict, Verdict::kUndecided);
}

// The definition: some order of all known and some unknown operations that respects returns before
// calls explains every answer.
bool ByDefinition(const std::vector<HistoryOp>& ops) {
  std::vector<size_t> order(ops.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  do {
    // Every prefix whose rest is of unknown outcome counts.
    uint64_t value = 0;
    bool possible = true;
    size_t known_left = 0;
    for (const HistoryOp& op : ops) known_left += op.returned != kNever;
    for (size_t i = 0; i < order.size() && possible && known_left > 0; ++i) {
      const HistoryOp& op = ops[order[i]];
      for (size_t j = i + 1; j < order.size(); ++j) {
        if (ops[order[j]].returned < op.called) possible = false;
      }
      const bool known = op.returned != kNever;
      if (op.op.kind == OpKind::kRead && op.read != value) possible = false;
      if (op.op.kind == OpKind::kPut) value = op.op.value;
      if (op.op.kind == OpKind::kCas) {
        if (known && op.swapped != (value == op.op.expected)) possible = false;
        if (value == op.op.expected) value = op.op.value;
      }
      known_left -= known;
    }
    if (possible && known_left == 0) return true;
  } while (std::next_permutation(order.begin(), order.end()));
  return false;
}

TEST(Linearizability, AgreesWithTheDefinitionOnSmallHistories) {
  Rng rng(7);
  int good = 0, bad = 0;
  for (int round = 0; round < 6000; ++round) {
    const size_t count = 2 + rng.Below(5);
    const uint64_t values = 1 + rng.Below(4);
    std::vector<uint64_t> times(2 * count);
    for (size_t i = 0; i < times.size(); ++i) times[i] = i;
    for (size_t i = times.size() - 1; i > 0; --i) std::swap(times[i], times[rng.Below(i + 1)]);
    std::vector<HistoryOp> history;
    for (size_t i = 0; i < count; ++i) {
      uint64_t called = times[2 * i], returned = times[2 * i + 1];
      if (called > returned) std::swap(called, returned);
      const uint64_t kind = rng.Below(3);
      HistoryOp op = kind == 0   ? Read(called, returned, rng.Below(values + 1))
                     : kind == 1 ? Put(called, returned, 1 + rng.Below(values))
                                 : Swap(called, returned, rng.Below(values + 1),
                                        1 + rng.Below(values), rng.Below(2) == 0);
      if (op.op.kind != OpKind::kRead && rng.Below(3) == 0) op.returned = kNever;
      history.push_back(op);
    }
    const bool expected = ByDefinition(history);
    ASSERT_EQ(Check(history) == Verdict::kLinearizable, expected) << "round " << round;
    ++(expected ? good : bad);
  }
  EXPECT_GT(good, 300);
  EXPECT_GT(bad, 300);
}

}  // namespace
}  // namespace meseta::logsim
