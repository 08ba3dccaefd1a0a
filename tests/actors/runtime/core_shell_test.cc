// Goal: a core gets its events in order, its wake-ups in time, and never dies unnoticed. Method: a
// toy core on a deterministic system; this is also the example of how to use CoreShell.
#include "actors/runtime/core_shell.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <variant>

#include "actors/runtime/reply.h"
#include "tests/support/actor_test.h"

namespace meseta::runtime {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// ---- The toy: counts down, one step a second, from the number that it was given last.

struct StartAt {
  int count;
};
struct GetCount {
  Reply<int> reply;
};
struct Break {};
using Event = std::variant<StartAt, GetCount, Break>;

class CountdownCore {  // Pure.
 public:
  struct Effects {
    std::vector<int> shown;
    std::optional<Time> wake_at;
  };
  void Start(int count, Time now) {
    count_ = count;
    next_ = now + Duration::Seconds(1);
  }
  Effects Tick(Time now) {
    Effects effects;
    while (count_ > 0 && now >= next_) {
      effects.shown.push_back(--count_);
      next_ = next_ + Duration::Seconds(1);
    }
    if (count_ > 0) effects.wake_at = next_;
    return effects;
  }
  [[nodiscard]] int count() const { return count_; }

 private:
  int count_ = 0;
  Time next_;  // When the next step is due; only while count_ > 0.
};

class CountdownActor : public Core<Event> {  // The shell's part: decode, ask the core, perform.
 public:
  explicit CountdownActor(std::vector<int>* display) : display_(display) {}

  void Turn(std::vector<Event>& events, TurnContext& turn) override {
    for (Event& event : events) Handle(event, turn.now().mono);
    const CountdownCore::Effects effects = core_.Tick(turn.now().mono);
    display_->insert(display_->end(), effects.shown.begin(), effects.shown.end());
    turn.WakeAt(effects.wake_at);
  }

 private:
  void Handle(Event& event, Time now) {
    if (const auto* start = std::get_if<StartAt>(&event)) core_.Start(start->count, now);
    if (auto* get = std::get_if<GetCount>(&event)) get->reply.Send(core_.count());
    if (std::holds_alternative<Break>(event)) throw std::runtime_error("broken on request");
  }

  CountdownCore core_;
  std::vector<int>* display_;
};

class CoreShellTest : public testing::ActorTest {
 protected:
  std::unique_ptr<CoreShell<Event>> Spawn(CoreOptions options = {}) {
    options.name = "countdown";
    return std::make_unique<CoreShell<Event>>(system, options, [this] {
      ++made;
      return std::make_unique<CountdownActor>(&shown);
    });
  }
  std::optional<Result<int>> answer;
  Event Question() {
    return GetCount{Reply<int>([this](Result<int> r) { answer = std::move(r); })};
  }

  int made = 0;
  std::vector<int> shown;
};

TEST_F(CoreShellTest, EventsArriveInOrderAndWakeUpsInTime) {
  const auto shell = Spawn();
  EXPECT_TRUE(shell->Post(StartAt{9}));
  EXPECT_TRUE(shell->Post(StartAt{3}));
  EXPECT_EQ(shell->stats().queued, 2u);
  Run();
  EXPECT_THAT(shown, IsEmpty());
  Advance(Duration::Millis(999));
  EXPECT_THAT(shown, IsEmpty());
  Advance(Duration::Millis(1));
  EXPECT_THAT(shown, ElementsAre(2));
  Advance(Duration::Seconds(10));
  EXPECT_THAT(shown, ElementsAre(2, 1, 0));
  EXPECT_EQ(shell->stats().events, 2u);
}

TEST_F(CoreShellTest, ALaterAndAnEarlierWakeUpReplaceTheFormer) {
  const auto shell = Spawn();
  EXPECT_TRUE(shell->Post(StartAt{1}));
  Run();
  Advance(Duration::Millis(900));
  EXPECT_TRUE(shell->Post(StartAt{1}));  // Now due at 1.9 s instead of 1 s.
  Advance(Duration::Millis(900));
  EXPECT_THAT(shown, IsEmpty());
  Advance(Duration::Millis(100));
  EXPECT_THAT(shown, ElementsAre(0));

  std::vector<Time> turns;
  CoreShell<int> other(system, {.name = "other"},
                       CoreShell<int>::FromHandler([&](auto& events, auto& turn) {
                         turns.push_back(turn.now().mono);
                         if (!events.empty())
                           turn.WakeAt(turn.now().mono + Duration::Seconds(events.back()));
                       }));
  Run();
  const Time start = turns.at(0);
  EXPECT_TRUE(other.Post(60));
  Run();
  EXPECT_TRUE(other.Post(5));  // Earlier than the one that is armed.
  Advance(Duration::Seconds(120));
  EXPECT_THAT(turns, ElementsAre(start, start, start, start + Duration::Seconds(5)));
}

TEST_F(CoreShellTest, ManyPostsAreFewTurns) {
  const auto shell = Spawn({.max_batch = 10});
  Run();
  const uint64_t before = shell->stats().turns;
  for (int i = 0; i < 25; ++i) EXPECT_TRUE(shell->Post(StartAt{0}));
  Run();
  EXPECT_EQ(shell->stats().turns - before, 3u);
  EXPECT_EQ(shell->stats().events, 25u);
}

TEST_F(CoreShellTest, BeyondTheBoundPostsAreRefusedButCompletionsAreNot) {
  const auto shell = Spawn({.max_queued = 2});
  Run();
  const CoreRef<Event> ref = shell->ref();
  EXPECT_TRUE(ref.Post(StartAt{1}));
  EXPECT_TRUE(ref.Post(StartAt{1}));
  EXPECT_FALSE(ref.Post(Question()));
  EXPECT_EQ(answer->status().code(), StatusCode::kUnavailable);  // Never a silent hole.
  EXPECT_TRUE(ref.PostCompletion(StartAt{1}));
  EXPECT_EQ(shell->stats().refused, 1u);
  Run();
  EXPECT_TRUE(ref.Post(StartAt{1}));
}

TEST_F(CoreShellTest, AFailureOfAFatalCoreTakesTheDaemonDown) {
  const auto shell = Spawn();
  EXPECT_TRUE(shell->Post(Break{}));
  EXPECT_TRUE(shell->Post(Question()));
  Run();
  EXPECT_THAT(fatal, ElementsAre("Actor 'countdown' died: it failed with 'broken on request'"));
  EXPECT_EQ(answer->status().code(), StatusCode::kUnavailable);
  EXPECT_FALSE(shell->Post(StartAt{1}));
}

TEST_F(CoreShellTest, ARestartedCoreStartsFreshAndGetsWhatWaited) {
  const auto shell = Spawn({.on_failure = OnFailure::kRestart, .max_batch = 2});
  EXPECT_TRUE(shell->Post(StartAt{7}));
  EXPECT_TRUE(shell->Post(Break{}));
  EXPECT_TRUE(shell->Post(Question()));
  Run();
  EXPECT_EQ(made, 1);
  EXPECT_FALSE(answer.has_value());  // Waits for the back-off.
  Advance(kFirstRestartDelay);
  EXPECT_EQ(made, 2);
  ASSERT_TRUE(answer && answer->ok());
  EXPECT_EQ(**answer, 0);
  EXPECT_EQ(shell->stats().failures, 1u);
  EXPECT_THAT(fatal, IsEmpty());
}

TEST_F(CoreShellTest, TooManyRestartsAreFatal) {
  const auto shell = Spawn({.on_failure = OnFailure::kRestart});
  for (size_t i = 0; i <= kMaxRestarts; ++i) {
    EXPECT_THAT(fatal, IsEmpty());
    EXPECT_TRUE(shell->Post(Break{}));
    Advance(kMaxRestartDelay);
  }
  EXPECT_THAT(fatal, ElementsAre(HasSubstr("died")));
}

TEST_F(CoreShellTest, AFailingFactoryCountsAsAFailure) {
  CoreShell<int> shell(system, {.name = "x"},
                       []() -> std::unique_ptr<Core<int>> { throw std::runtime_error("no disk"); });
  Run();
  EXPECT_THAT(fatal, ElementsAre("Actor 'x' died: it failed with 'no disk'"));
}

TEST_F(CoreShellTest, NothingRunsAfterStop) {
  auto shell = Spawn();
  const CoreRef<Event> ref = shell->ref();
  EXPECT_TRUE(shell->Post(StartAt{1}));
  Run();
  EXPECT_TRUE(shell->Post(Question()));
  shell.reset();
  EXPECT_EQ(answer->status().code(), StatusCode::kUnavailable);
  EXPECT_FALSE(ref.Post(StartAt{1}));
  Advance(Duration::Seconds(5));
  EXPECT_THAT(shown, IsEmpty());
  EXPECT_FALSE(CoreRef<Event>().Post(StartAt{1}));
}

TEST_F(CoreShellTest, ACoreMayStopItsOwnShell) {
  int turns = 0;
  std::unique_ptr<CoreShell<int>> shell;
  shell = std::make_unique<CoreShell<int>>(
      system, CoreOptions{.name = "x"}, CoreShell<int>::FromHandler([&](auto& events, auto& turn) {
        ++turns;
        if (events.empty()) return;
        shell.reset();
        turn.WakeAt(turn.now().mono + Duration::Seconds(1));
      }));
  Run();
  EXPECT_TRUE(shell->Post(1));
  Advance(Duration::Seconds(10));
  EXPECT_EQ(turns, 2);
}

TEST_F(CoreShellTest, SameSeedSameInterleaving) {
  const auto trace = [this](uint64_t seed) {
    std::vector<int> order;
    std::vector<std::unique_ptr<CoreShell<int>>> shells;
    for (int i = 0; i < 6; ++i) {
      shells.push_back(std::make_unique<CoreShell<int>>(
          system, CoreOptions{.name = "x"},
          CoreShell<int>::FromHandler([&order, i](auto&, auto&) { order.push_back(i); })));
    }
    Rng rng(seed);
    system.RunShuffled(rng);
    shells.clear();
    Run();
    return order;
  };
  EXPECT_EQ(trace(1), trace(1));
  EXPECT_NE(trace(1), trace(2));
}

}  // namespace
}  // namespace meseta::runtime
