// What all parts of one simulation of the log share: options, virtual time, randomness and trace.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>

#include "actors/base/rng.h"
#include "actors/base/time.h"
#include "state/log/types.h"
#include "tests/sim/event_heap.h"
#include "tests/sim/log/options.h"

namespace meseta::logsim {

// A member's id tells where and the how manieth disk there it is: disk * kIdsPerDisk + slot + 1.
inline constexpr log::MemberId kIdsPerDisk = 100;
inline constexpr int kMaxSlots = 12;

inline int SlotOf(log::MemberId id) { return static_cast<int>(id % kIdsPerDisk) - 1; }
inline log::MemberId IdOf(int slot, uint64_t disk) {
  return disk * kIdsPerDisk + static_cast<log::MemberId>(slot) + 1;
}
inline std::string AddressOf(int slot) { return "n" + std::to_string(slot) + ":1"; }

enum class TraceMode { kOff, kKeep, kPrint };

// The story of a run: a hash over all of it, and, when asked for, its lines.
class Trace {
 public:
  static constexpr size_t kMaxLines = 150;

  explicit Trace(TraceMode mode) : mode_(mode) {}
  // Whether lines are worth making.
  [[nodiscard]] bool on() const { return mode_ != TraceMode::kOff; }
  void Note(Time now, const std::string& what);
  void Mix(uint64_t value) { hash_ = (hash_ ^ value) * 1099511628211u; }
  [[nodiscard]] uint64_t hash() const { return hash_; }
  [[nodiscard]] std::string Tail() const;

 private:
  TraceMode mode_;
  uint64_t hash_ = 14695981039346656037u;
  std::deque<std::string> lines_;
};

struct World {
  World(const LogSimOptions& sim_options, TraceMode mode)
      : options(sim_options), rng(sim_options.seed * 2 + 1), trace(mode) {}

  [[nodiscard]] bool Chance(double p) { return p > 0 && rng.Uniform() < p; }
  // Uniform between the two.
  [[nodiscard]] Duration Between(Duration low, Duration high) {
    const auto span = static_cast<uint64_t>((high - low).nanos());
    return low + Duration::Nanos(static_cast<int64_t>(rng.Below(span + 1)));
  }
  // True while things are allowed to go wrong.
  [[nodiscard]] bool Fault(double p) { return faults && Chance(p); }
  void Note(const std::string& what) { trace.Note(heap.now(), what); }
  void Fail(const std::string& what) {
    if (failure.empty()) failure = what;
  }
  [[nodiscard]] bool failed() const { return !failure.empty(); }

  const LogSimOptions options;
  sim::EventHeap heap;
  Rng rng;
  Trace trace;
  bool faults = true;
  bool check_invariants = false;           // The core's own, after each step: slow.
  uint64_t storage_calls = 0;              // Of all replicas.
  std::string failure;                     // The first broken promise: a sentence.
  std::map<std::string, uint64_t> probes;  // How often rare things happened.
};

}  // namespace meseta::logsim
