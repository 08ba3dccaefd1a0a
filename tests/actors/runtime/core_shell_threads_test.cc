// Goal: cores on threads of their own lose and reorder nothing, and stop cleanly under load.
// Method: real threads; every wait ends by an event, none by the clock alone.
#include <gtest/gtest.h>

#include <future>
#include <map>
#include <stdexcept>
#include <thread>
#include <variant>

#include "actors/runtime/core_shell.h"
#include "actors/runtime/daemon_exit.h"
#include "actors/runtime/reply.h"

namespace meseta::runtime {
namespace {

constexpr Duration kLong = Duration::Seconds(60);  // Reached only by a failing test.

struct Item {
  int producer;
  int number;
};
struct Barrier {
  Reply<Done> reply;
};
using Event = std::variant<Item, Barrier>;

// Checks the order per producer.
class Sink : public Core<Event> {
 public:
  Sink(std::map<int, int>* counts, bool* ordered) : counts_(counts), ordered_(ordered) {}
  void Turn(std::vector<Event>& events, TurnContext&) override {
    for (Event& event : events) {
      if (auto* barrier = std::get_if<Barrier>(&event)) {
        barrier->reply.Send(Done{});
        continue;
      }
      const Item& item = std::get<Item>(event);
      if ((*counts_)[item.producer]++ != item.number) *ordered_ = false;
    }
  }

 private:
  std::map<int, int>* counts_;
  bool* ordered_;
};

class CoreThreadsTest : public ::testing::TestWithParam<bool> {};

TEST_P(CoreThreadsTest, ManyProducersKeepTheirOrder) {
  constexpr int kProducers = 4;
  constexpr int kItems = 50'000;
  std::map<int, int> counts;
  bool ordered = true;
  ActorSystem system;
  CoreShell<Event> shell(system, {.name = "sink", .own_thread = GetParam()},
                         [&] { return std::make_unique<Sink>(&counts, &ordered); });
  std::vector<std::thread> producers;
  for (int p = 0; p < kProducers; ++p) {
    producers.emplace_back([p, ref = shell.ref()] {
      for (int i = 0; i < kItems; ++i) ASSERT_TRUE(ref.Post(Item{p, i}));
    });
  }
  for (std::thread& producer : producers) producer.join();
  const Result<Done> done =
      Ask<Done>(kLong, [&](Reply<Done> reply) { shell.Post(Barrier{std::move(reply)}); });
  ASSERT_TRUE(done.ok()) << done.status();
  shell.Stop();
  EXPECT_TRUE(ordered);
  for (int p = 0; p < kProducers; ++p) EXPECT_EQ(counts[p], kItems);
}

TEST_P(CoreThreadsTest, StopUnderLoadEndsTheTurns) {
  for (int round = 0; round < 20; ++round) {
    ActorSystem system;
    std::atomic<bool> stopped{false};
    std::atomic<bool> late{false};
    auto shell =
        std::make_unique<CoreShell<int>>(system, CoreOptions{.name = "x", .own_thread = GetParam()},
                                         CoreShell<int>::FromHandler([&](auto&, auto&) {
                                           if (stopped.load()) late = true;
                                         }));
    std::thread poster([ref = shell->ref()] {
      for (int i = 0; i < 10'000; ++i) {
        if (!ref.Post(i)) return;
      }
    });
    shell->Stop();
    stopped = true;
    poster.join();
    shell.reset();
    EXPECT_FALSE(late);
  }
}

TEST_P(CoreThreadsTest, WakeUpsComeInRealTime) {
  ActorSystem system;
  std::promise<Duration> woken;
  std::optional<Time> asked;
  CoreShell<int> shell(system, {.name = "x", .own_thread = GetParam()},
                       CoreShell<int>::FromHandler([&](auto&, auto& turn) {
                         if (!asked) {
                           asked = turn.now().mono;
                           turn.WakeAt(*asked + Duration::Millis(20));
                         } else {
                           woken.set_value(turn.now().mono - *asked);
                         }
                       }));
  EXPECT_GE(woken.get_future().get(), Duration::Millis(20));
  shell.Stop();
}

TEST_P(CoreThreadsTest, AFatalFailureReachesTheLatch) {
  ExitLatch exit;
  ActorSystemOptions options;
  options.on_fatal = [&](const std::string& why) { exit.Request(kExitFailure, why); };
  ActorSystem system(std::move(options));
  CoreShell<int> shell(system, {.name = "x", .own_thread = GetParam()},
                       CoreShell<int>::FromHandler([](auto& events, auto&) {
                         if (!events.empty()) throw std::runtime_error("lost");
                       }));
  EXPECT_TRUE(shell.Post(1));
  const ExitRequest request = exit.Wait();
  EXPECT_EQ(request.code, kExitFailure);
  EXPECT_EQ(request.reason, "Actor 'x' died: it failed with 'lost'");
}

INSTANTIATE_TEST_SUITE_P(Threads, CoreThreadsTest, ::testing::Bool(),
                         [](const auto& info) { return info.param ? "OwnThread" : "Pool"; });

TEST(AskTest, NoAnswerInTimeIsAFailure) {
  std::optional<Reply<int>> kept;
  const Result<int> late =
      Ask<int>(Duration::Millis(1), [&](Reply<int> reply) { kept.emplace(std::move(reply)); });
  EXPECT_EQ(late.status().code(), StatusCode::kDeadlineExceeded);
  kept->Send(1);  // Dropped; nobody waits.
  const Result<int> dropped = Ask<int>(kLong, [](Reply<int>) {});
  EXPECT_EQ(dropped.status().code(), StatusCode::kUnavailable);
}

}  // namespace
}  // namespace meseta::runtime
