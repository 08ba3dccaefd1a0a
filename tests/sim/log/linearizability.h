// Is a history of reads, puts and compare-and-swaps linearizable? (Herlihy and Wing, 1990.)
//
// Each operation must seem to have happened at one instant between its call and its return. One
// whose outcome is unknown may have happened at any time after its call, or never. Keys are
// independent of each other, so each is searched alone, in the manner of Wing and Gong with the
// memory of configurations that Lowe added ("Testing for linearizability", 2017): depth first over
// which operation was next, never twice from the same operations done and the same value.
//
// What keeps the search short when many outcomes are unknown, without changing its answer:
// operations that change nothing are taken as soon as they may be; of two ways to the same point
// the one that needed fewer unknowns is enough; a write of unknown outcome that the next write
// replaces unseen might as well not have happened; and of those whose values nobody ever speaks of
// one is as good as another, so the first is taken first.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/sim/log/kv_machine.h"

namespace meseta::logsim {

struct HistoryOp {
  static constexpr uint64_t kNever = UINT64_MAX;

  Op op;
  int client = 0;
  uint64_t called = 0;         // Positions in the one order of all calls and returns.
  uint64_t returned = kNever;  // kNever: the outcome is unknown.
  uint64_t read = 0;           // What a read returned.
  bool swapped = false;        // What a compare-and-swap returned.
};

// One line: "client 2  [14, 17]  swap k1 5 -> 9: done".
std::string Describe(const HistoryOp& op);

enum class Verdict { kLinearizable, kNotLinearizable, kUndecided };

struct LinearizabilityResult {
  Verdict verdict = Verdict::kLinearizable;
  int key = 0;          // Of the first history that is not linearizable.
  std::string history;  // Its operations, a line each, by call.
  uint64_t steps = 0;
};

// The search of one key gives up (kUndecided) after this many steps.
inline constexpr uint64_t kMaxSearchSteps = 300'000;

// Reads of unknown outcome say nothing and are ignored.
LinearizabilityResult CheckLinearizable(const std::vector<HistoryOp>& history,
                                        uint64_t max_steps = kMaxSearchSteps);

}  // namespace meseta::logsim
