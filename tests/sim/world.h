// What all parts of one simulation share: its options, clock, randomness, trace and checkers.
#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include "actors/base/rng.h"
#include "actors/base/time.h"
#include "tests/sim/checkers.h"
#include "tests/sim/event_heap.h"

namespace meseta::sim {

// Deliberate bugs in the simulated world, to prove that the checkers can fail.
enum class Mutation {
  kNone,
  kContainerTwice,     // The containerizer starts each task in a second container, too.
  kDiskForgetsSynced,  // A crash takes back writes that were reported durable.
  kAgentHidesTasks,    // Re-registrations name no tasks.
  kForgedAcknowledge,  // The network acknowledges terminal updates that nobody has seen.
  kAnswersSwallowed,   // The master's own words about tasks never reach their framework.
  kUpdatesSwallowed,   // Terminal updates never reach the master: the cluster cannot converge.
};

// Drawn from the seed: sizes, delays, rates of faults. Everything that differs between runs.
struct SimOptions {
  uint64_t seed = 0;
  int agents = 1;
  int frameworks = 1;
  int tasks = 10;         // Per framework; lost launches are repeated under new ids.
  Duration chaos;         // How long faults go on.
  Duration delay_max;     // Of one message, one write, one container event.
  Duration fault_every;   // Mean distance of faults.
  Duration task_max;      // Longest task.
  Duration ping_timeout;  // Five of these make a silent agent unreachable.
  Duration reregister_timeout;
  Duration gc_delay;
  bool offers_expire = false;
  double call_loss = 0;  // Of a scheduler's call.
  double call_duplicate = 0;
  double ack_skip = 0;  // An update that the scheduler takes note of and dies.
  double ack_late = 0;
  double launch_failure = 0;  // A container that never starts.
  double disk_failure = 0;    // Of a write, with an unknown outcome.
  Mutation mutation = Mutation::kNone;

  static SimOptions FromSeed(uint64_t seed);
};

// The story of a run: a hash over all of it, and its last lines for people.
class Trace {
 public:
  static constexpr size_t kMaxLines = 2000;

  void Note(Time now, const std::string& what);
  [[nodiscard]] uint64_t hash() const { return hash_; }
  [[nodiscard]] std::string Tail() const;

 private:
  uint64_t hash_ = 14695981039346656037u;
  std::deque<std::string> lines_;
};

struct World {
  explicit World(const SimOptions& sim_options)
      : options(sim_options), rng(sim_options.seed * 2 + 1), checkers(&heap) {}

  void Note(const std::string& what) { trace.Note(heap.now(), what); }
  [[nodiscard]] bool Chance(double p) { return rng.Uniform() < p; }
  // Uniform between the two.
  [[nodiscard]] Duration Between(Duration low, Duration high) {
    const auto span = static_cast<uint64_t>((high - low).nanos());
    return low + Duration::Nanos(static_cast<int64_t>(rng.Below(span + 1)));
  }
  [[nodiscard]] Duration Delay() { return Between(Duration::Micros(50), options.delay_max); }
  // True while things are allowed to go wrong.
  [[nodiscard]] bool Fault(double p) { return faults && Chance(p); }

  const SimOptions options;
  EventHeap heap;
  Rng rng;
  Trace trace;
  Checkers checkers;
  bool faults = true;
};

}  // namespace meseta::sim
