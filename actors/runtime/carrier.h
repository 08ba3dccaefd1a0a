// Carrier: the CAF actor under a CoreShell. It runs turns one at a time, keeps one wake-up timer,
// and applies the supervision policy when a turn throws. Use CoreShell instead.
//
// Threads: Signal() and Stop() from any; SetWake() from inside a turn. Turns never overlap, and
// after Stop() has returned none runs (unless it was called from inside that turn).
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "actors/base/time.h"
#include "actors/runtime/supervision.h"

namespace meseta::runtime {

class ActorSystem;

struct CarrierOptions {
  std::string name;        // For messages to the operator.
  bool own_thread = true;  // Else on the worker pool. Ignored by deterministic systems.
  OnFailure on_failure = OnFailure::kFatal;
};

// What is carried. Its calls never overlap.
class Turnable {
 public:
  virtual ~Turnable() = default;
  virtual void Start() = 0;    // Before the first turn, and for each restart. May throw.
  virtual void Turn() = 0;     // Something was signalled, or the wake-up is due. May throw.
  virtual void Reset() = 0;    // After Start() or Turn() threw, or when stopping. Must not throw.
  virtual void Stopped() = 0;  // Last of all, after Reset(). Must not throw.
};

class Carrier {
 public:
  // `body` gets Start() with its first Turn(), after the first Signal().
  Carrier(ActorSystem& system, CarrierOptions options, std::shared_ptr<Turnable> body);
  ~Carrier();  // Stop()s.
  Carrier(const Carrier&) = delete;
  Carrier& operator=(const Carrier&) = delete;

  void Signal() { Signal(*state_); }
  void Stop();

  // The parts for those who may outlive the carrier.
  struct State;
  [[nodiscard]] std::shared_ptr<State> state() const { return state_; }
  static void Signal(State& state);
  // Wishes for a Turn() at or soon after `at`, in place of an earlier wish; nullopt: for none. A
  // restart forgets it.
  static void SetWake(State& state, std::optional<Time> at);

 private:
  std::shared_ptr<State> state_;
};

}  // namespace meseta::runtime
