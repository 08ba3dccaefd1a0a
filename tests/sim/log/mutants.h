// Mutants: deliberately broken variants of the core (overrides of log::Rules), of its shell and of
// its disk, to prove that the checkers can fail. Each comes with the kind of run in which it shows
// soon.
//
// Promises are not checked in these runs (LogSimOptions::check_promises), except where said: a
// mutant has to be found by what comes of it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/sim/log/options.h"

namespace meseta::logsim {

struct Mutant {
  std::string name;
  const log::Rules* rules = nullptr;
  Mutation mutation = Mutation::kNone;
  void (*tune)(LogSimOptions*) = nullptr;  // Biases the seed's options; may be null.
  // Beginnings of the sentences of which one has to come.
  std::vector<std::string> caught_by;
  uint64_t max_seeds = 1000;
};

const std::vector<Mutant>& AllMutants();

// What the seed draws, made into this mutant's kind of run.
LogSimOptions OptionsOf(const Mutant& mutant, uint64_t seed);

// Reads are answered by rounds to a majority only, and clocks run as they like: what leases promise
// cannot be kept, all else must be.
LogSimOptions WithoutLeases(uint64_t seed);

}  // namespace meseta::logsim
