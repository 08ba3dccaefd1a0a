// ActorSystem: a daemon's actors over CAF. Owns CAF's scheduler and timers; one per daemon object.
//
// Actors are spawned as CoreShells (core_shell.h). Handlers on the worker pool must not block.
// A deterministic system runs nothing by itself: a test on one thread says RunUntilIdle() and
// Advance(), and clock() is virtual.
//
// Shells may be stopped before or after each other, but all before the system is destroyed.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "actors/base/rng.h"
#include "actors/base/time.h"
#include "actors/runtime/clock.h"

namespace caf {
class actor_system;
}

namespace meseta::runtime {

struct ActorSystemOptions {
  int workers = 0;        // Threads of the pool; 0: one per CPU, at least 2.
  bool stealing = false;  // Faster under load, but 1.6 % of a core when idle.
  bool deterministic = false;
  // Told, with one sentence, when the daemon cannot go on. Called on the thread of the actor that
  // died; must return and should start an orderly end (daemon_exit.h). Default: logs and exits.
  std::function<void(const std::string&)> on_fatal{};
};

class ActorSystem {
 public:
  explicit ActorSystem(ActorSystemOptions options = {});
  ActorSystem(const ActorSystem&) = delete;
  ActorSystem& operator=(const ActorSystem&) = delete;
  ~ActorSystem();

  [[nodiscard]] const Clock& clock() const;
  [[nodiscard]] bool deterministic() const;
  // Any thread.
  void Fatal(const std::string& sentence);

  // Deterministic systems only, on the thread that made them. Each returns the number of jobs run.
  size_t RunUntilIdle();
  // Moves the time on to each due wake-up in turn and runs what it starts.
  size_t Advance(Duration by);
  // Like RunUntilIdle, but `rng` picks the actor that goes next: other interleavings, replayable.
  size_t RunShuffled(Rng& rng);

  // For code that includes caf.h.
  [[nodiscard]] caf::actor_system& caf();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace meseta::runtime
