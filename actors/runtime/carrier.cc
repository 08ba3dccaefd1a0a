#include "actors/runtime/carrier.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>

#include "actors/base/logging.h"
#include "actors/runtime/actor_system.h"
#include "actors/runtime/caf.h"

namespace meseta::runtime {
namespace {

struct RunTurn {};
struct WakeUp {
  uint64_t generation;
};
struct Restart {};

}  // namespace
}  // namespace meseta::runtime

MESETA_LOCAL_MESSAGE(meseta::runtime::RunTurn)
MESETA_LOCAL_MESSAGE(meseta::runtime::WakeUp)
MESETA_LOCAL_MESSAGE(meseta::runtime::Restart)

namespace meseta::runtime {

struct Carrier::State {
  State(ActorSystem& s, CarrierOptions o, std::shared_ptr<Turnable> b)
      : system(s), options(std::move(o)), budget(options.on_failure), body(std::move(b)) {}

  void OnTurn(caf::event_based_actor* self, bool restart);
  void OnWakeUp(caf::event_based_actor* self, uint64_t fired);
  void Run(caf::event_based_actor* self);
  void Failed(caf::event_based_actor* self, const std::string& what);
  void Arm(caf::event_based_actor* self);
  void EndBody();

  ActorSystem& system;
  const CarrierOptions options;
  RestartBudget budget;

  std::mutex turn;                       // Held during a turn and while stopping.
  std::atomic<std::thread::id> turning;  // The thread inside a turn.
  std::shared_ptr<Turnable> body;  // Guarded by `turn`, as are all of the following. Null: stopped.
  bool started = false;
  bool backing_off = false;      // A Restart message is under way.
  bool stop_after_turn = false;  // Stop() was called from inside the turn.
  std::optional<Time> wake_at;
  // The delayed message that counts: CAF cannot cancel one, so an earlier wish sends another, and a
  // later wish waits for this one and then sends the rest.
  std::optional<Time> armed_at;
  uint64_t generation = 0;

  std::mutex handle;  // Guards `actor`.
  caf::actor actor;   // Empty once stopped.
};

void Carrier::State::OnTurn(caf::event_based_actor* self, bool restart) {
  const std::lock_guard<std::mutex> lock(turn);
  if (body == nullptr) return self->quit();
  if (backing_off && !restart) return;  // What was signalled waits for the restart.
  backing_off = false;
  Run(self);
}

void Carrier::State::OnWakeUp(caf::event_based_actor* self, uint64_t fired) {
  const std::lock_guard<std::mutex> lock(turn);
  if (body == nullptr) return self->quit();
  if (fired != generation || backing_off) return;
  armed_at.reset();
  if (wake_at && *wake_at <= system.clock().Mono()) {
    wake_at.reset();
    Run(self);
  } else {
    Arm(self);
  }
}

void Carrier::State::Run(caf::event_based_actor* self) {
  turning = std::this_thread::get_id();
  std::string failure;
  try {
    if (!started) body->Start();
    started = true;
    body->Turn();
  } catch (const std::exception& e) {
    failure = std::string("it failed with '") + e.what() + "'";
  } catch (...) {
    failure = "it failed with an unknown exception";
  }
  if (!failure.empty()) {
    Failed(self, failure);
  } else {
    Arm(self);
  }
  turning = std::thread::id();
  if (!stop_after_turn) return;
  EndBody();
  self->quit();
}

void Carrier::State::Failed(caf::event_based_actor* self, const std::string& what) {
  body->Reset();
  started = false;
  wake_at.reset();
  const std::optional<Duration> delay = budget.Failed(system.clock().Mono());
  if (!delay) {
    system.Fatal("Actor '" + options.name + "' died: " + what);
    EndBody();
    return self->quit();
  }
  LOG(ERROR) << "Actor '" << options.name << "' starts again in " << *delay << ": " << what;
  backing_off = true;
  SendDelayed(self, *delay, Restart{});
}

void Carrier::State::Arm(caf::event_based_actor* self) {
  if (!wake_at || (armed_at && *armed_at <= *wake_at)) return;
  if (*wake_at == Time::Max()) return;
  armed_at = wake_at;
  const Duration delay = *wake_at - system.clock().Mono();
  SendDelayed(self, std::max(delay, Duration()), WakeUp{++generation});
}

void Carrier::State::EndBody() {
  if (body == nullptr) return;
  body->Reset();
  body->Stopped();
  body.reset();
}

Carrier::Carrier(ActorSystem& system, CarrierOptions options, std::shared_ptr<Turnable> body)
    : state_(std::make_shared<State>(system, std::move(options), std::move(body))) {
  const auto behavior = [state = state_](caf::event_based_actor* self) -> caf::behavior {
    return {
        [state, self](RunTurn) { state->OnTurn(self, false); },
        [state, self](WakeUp wake) { state->OnWakeUp(self, wake.generation); },
        [state, self](Restart) { state->OnTurn(self, true); },
    };
  };
  const bool detached = state_->options.own_thread && !system.deterministic();
  state_->actor =
      detached ? system.caf().spawn<caf::detached>(behavior) : system.caf().spawn(behavior);
}

Carrier::~Carrier() { Stop(); }

void Carrier::Signal(State& state) {
  const std::lock_guard<std::mutex> lock(state.handle);
  if (state.actor) caf::anon_send(state.actor, RunTurn{});
}

void Carrier::SetWake(State& state, std::optional<Time> at) { state.wake_at = at; }

void Carrier::Stop() {
  if (state_->turning.load() == std::this_thread::get_id()) {
    state_->stop_after_turn = true;
  } else {
    const std::lock_guard<std::mutex> lock(state_->turn);
    state_->EndBody();
  }
  const std::lock_guard<std::mutex> lock(state_->handle);
  if (!state_->actor) return;
  caf::anon_send_exit(state_->actor, caf::exit_reason::user_shutdown);
  state_->actor = nullptr;
}

}  // namespace meseta::runtime
