// CoreShell: carries a core on a thread of its own (or the worker pool).
//
//   using Event = std::variant<AgentRegistered, Persisted, ...>;
//   class MasterActor : public Core<Event> {
//     void Turn(std::vector<Event>& events, TurnContext& turn) override {
//       for (Event& e : events) Perform(core_.Handle(e, turn.now()));
//       Perform(core_.Tick(turn.now()));
//       turn.WakeAt(core_.next_deadline());
//     }
//   };
//   CoreShell<Event> shell(system, {.name = "master"}, [] { return std::make_unique<MasterActor>();
//   }); CoreRef<Event> ref = shell.ref();   // Copyable, for whoever posts events. if
//   (!ref.Post(AgentRegistered{...})) ...refused: the inbox is full...
//
// A turn gets what was posted since the last one, in order, at most max_batch events; none when
// only the wake-up is due. Turns never overlap, so a core needs no locks. The factory and the first
// turn (without events) run on the core's thread. The core is destroyed there when it is made anew,
// else by Stop(), after its last turn. No turn runs once Stop() has returned; what is posted then
// is refused.
//
// A turn that throws ends that core: its batch is dropped (a Reply in it answers Unavailable), and
// by `on_failure` the daemon goes down or a new core is made after a back-off, which gets the
// events that were still waiting.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "actors/base/time.h"
#include "actors/runtime/actor_system.h"
#include "actors/runtime/carrier.h"
#include "actors/runtime/clock.h"
#include "actors/runtime/inbox.h"

namespace meseta::runtime {

inline constexpr size_t kDefaultMaxQueued = 1'000'000;
inline constexpr size_t kDefaultMaxBatch = 4096;

struct CoreOptions {
  std::string name{};  // For messages to the operator. ("{}": may be left out of an initializer.)
  bool own_thread = true;
  OnFailure on_failure = OnFailure::kFatal;
  size_t max_queued = kDefaultMaxQueued;  // Events; Post() refuses beyond.
  size_t max_batch = kDefaultMaxBatch;    // Events per turn.
};

class TurnContext {
 public:
  TurnContext(Now now, Carrier::State& carrier) : now_(now), carrier_(carrier) {}
  // Read once, when the turn began.
  [[nodiscard]] Now now() const { return now_; }
  // Asks for a turn at or soon after `at`, in place of an earlier wish; nullopt: no wake-up.
  void WakeAt(std::optional<Time> at) { Carrier::SetWake(carrier_, at); }

 private:
  Now now_;
  Carrier::State& carrier_;
};

template <class Event>
class Core {
 public:
  virtual ~Core() = default;
  // What is left in `events` is destroyed after the turn.
  virtual void Turn(std::vector<Event>& events, TurnContext& turn) = 0;
};

struct CoreStats {
  size_t queued = 0;  // Events waiting.
  Duration lag;       // How long the oldest event, or the running turn, has taken; 0 when idle.
  uint64_t turns = 0;
  uint64_t events = 0;    // Taken by turns.
  uint64_t refused = 0;   // Posts.
  uint64_t failures = 0;  // Turns that threw.
};

namespace internal {

template <class Event>
struct CoreQueue {
  CoreQueue(const CoreOptions& options, const Clock& given)
      : clock(given), inbox(options.max_queued, &given) {}

  bool Post(Event&& event, bool bounded) {
    using Pushed = typename Inbox<Event>::Pushed;
    const Pushed pushed = inbox.Push(std::move(event), bounded);
    if (pushed == Pushed::kQueuedSignal) Signal();
    return pushed != Pushed::kRefused;
  }
  void Signal() {
    if (const auto state = carrier.lock()) Carrier::Signal(*state);
  }

  const Clock& clock;
  Inbox<Event> inbox;
  std::weak_ptr<Carrier::State> carrier;  // Set before anyone can post.
  std::atomic<int64_t> turn_began{0};     // Time in nanoseconds; 0: no turn is running.
  std::atomic<uint64_t> turns{0};
  std::atomic<uint64_t> events{0};
  std::atomic<uint64_t> failures{0};
};

}  // namespace internal

// Where to post events. Copyable, any thread; may outlive the shell.
template <class Event>
class CoreRef {
 public:
  CoreRef() = default;
  explicit CoreRef(std::shared_ptr<internal::CoreQueue<Event>> queue) : queue_(std::move(queue)) {}

  // False: the event was refused, as the inbox is full or the core has stopped.
  bool Post(Event event) const { return queue_ && queue_->Post(std::move(event), true); }
  // Never refused for want of room: for completions of work that the core itself has bounded.
  bool PostCompletion(Event event) const { return queue_ && queue_->Post(std::move(event), false); }
  explicit operator bool() const { return queue_ != nullptr; }

 private:
  std::shared_ptr<internal::CoreQueue<Event>> queue_;
};

template <class Event>
class CoreShell {
 public:
  using Factory = std::function<std::unique_ptr<Core<Event>>()>;
  using Handler = std::function<void(std::vector<Event>&, TurnContext&)>;

  CoreShell(ActorSystem& system, CoreOptions options, Factory factory)
      : queue_(std::make_shared<internal::CoreQueue<Event>>(options, system.clock())),
        carrier_(system, {options.name, options.own_thread, options.on_failure},
                 std::make_shared<Body>(options, std::move(factory), queue_)) {
    queue_->carrier = carrier_.state();
    carrier_.Signal();
  }
  ~CoreShell() { Stop(); }

  [[nodiscard]] CoreRef<Event> ref() const { return CoreRef<Event>(queue_); }
  bool Post(Event event) { return queue_->Post(std::move(event), true); }
  // Waits for a running turn; inside one it returns at once, and that turn is the last.
  void Stop() { carrier_.Stop(); }

  // Any thread.
  [[nodiscard]] CoreStats stats() const {
    const auto inbox = queue_->inbox.stats();
    const Time now = queue_->clock.Mono();
    CoreStats stats;
    stats.queued = inbox.queued;
    stats.refused = inbox.refused;
    stats.turns = queue_->turns.load();
    stats.events = queue_->events.load();
    stats.failures = queue_->failures.load();
    if (inbox.oldest) stats.lag = now - *inbox.oldest;
    const int64_t began = queue_->turn_began.load();
    if (began != 0) stats.lag = std::max(stats.lag, now - Time::FromNanos(began));
    return stats;
  }

  // A factory for cores that are just a function.
  static Factory FromHandler(Handler handler) {
    class Wrapped : public Core<Event> {
     public:
      explicit Wrapped(Handler handler) : handler_(std::move(handler)) {}
      void Turn(std::vector<Event>& events, TurnContext& turn) override { handler_(events, turn); }

     private:
      Handler handler_;
    };
    return [handler = std::move(handler)]() -> std::unique_ptr<Core<Event>> {
      return std::make_unique<Wrapped>(handler);
    };
  }

 private:
  using Queue = internal::CoreQueue<Event>;

  struct Body : Turnable {
    Body(const CoreOptions& options, Factory make, std::shared_ptr<Queue> q)
        : max_batch(options.max_batch), factory(std::move(make)), queue(std::move(q)) {}

    void Start() override {
      core = factory();
      CHECK(core != nullptr);
    }
    void Turn() override {
      const Now now = queue->clock.Both();
      queue->turn_began.store(std::max<int64_t>(now.mono.nanos(), 1));
      batch.clear();
      const bool more = queue->inbox.Take(max_batch, &batch);
      queue->turns.fetch_add(1);
      queue->events.fetch_add(batch.size());
      if (more) queue->Signal();
      const std::shared_ptr<Carrier::State> carrier = queue->carrier.lock();
      TurnContext context(now, *carrier);  // There: it runs this turn.
      failed = true;                       // Unless it returns.
      core->Turn(batch, context);
      failed = false;
      batch.clear();
      queue->turn_began.store(0);
    }
    void Reset() override {
      if (failed) queue->failures.fetch_add(1);
      failed = false;
      core.reset();
      batch.clear();
      queue->turn_began.store(0);
    }
    void Stopped() override { queue->inbox.Close(); }

    const size_t max_batch;
    const Factory factory;
    const std::shared_ptr<Queue> queue;
    std::unique_ptr<Core<Event>> core;
    std::vector<Event> batch;  // Kept, for its capacity.
    bool failed = false;
  };

  const std::shared_ptr<Queue> queue_;
  Carrier carrier_;
};

}  // namespace meseta::runtime
