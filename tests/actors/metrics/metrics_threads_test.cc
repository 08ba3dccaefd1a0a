// Goal: many threads bump, register and read at once; nothing is lost. Runs under the thread
// sanitizer.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "actors/metrics/registry.h"

namespace meseta::metrics {
namespace {

TEST(MetricsThreadsTest, NothingIsLost) {
  constexpr int kThreads = 4;
  constexpr int kRounds = 5000;
  Registry registry;
  const auto counter = registry.AddCounter("counter");
  const auto gauge = registry.AddGauge("gauge");
  const auto timer = registry.AddTimer("timer");
  std::atomic<bool> done{false};
  std::thread reader([&] {
    double last = 0;
    while (!done) {
      for (const Sample& sample : registry.Snapshot()) {
        if (sample.name != "counter") continue;
        EXPECT_GE(sample.value, last);  // Counters never go back.
        last = sample.value;
      }
      EXPECT_FALSE(registry.PrometheusText().empty());
    }
  });
  std::vector<std::thread> writers;
  for (int t = 0; t < kThreads; ++t) {
    writers.emplace_back([&, t] {
      const std::string own = "thread/" + std::to_string(t) + "/";
      for (int i = 0; i < kRounds; ++i) {
        counter->Increment();
        gauge->Add(1);
        timer->Record(Duration::Micros(i));
        if (i % 100 != 0) continue;
        const Registration pulled = registry.Pull(own + "pulled", [] { return 1.0; });
        registry.AddCounter(own + "own")->Increment();
        registry.RemovePrefix(own);
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  done = true;
  reader.join();
  EXPECT_EQ(counter->value(), uint64_t{kThreads} * kRounds);
  EXPECT_EQ(gauge->value(), kThreads * kRounds);
  EXPECT_EQ(timer->Read().total_count, uint64_t{kThreads} * kRounds);
  EXPECT_EQ(registry.Snapshot().size(), 12u);  // Counter, gauge and the timer's ten.
}

TEST(MetricsThreadsTest, NoCallbackRunsAfterItsRegistrationIsGone) {
  Registry registry;
  std::atomic<bool> done{false};
  std::thread reader([&] {
    while (!done) (void)registry.Snapshot();
  });
  for (int i = 0; i < 2000; ++i) {
    auto alive = std::make_unique<int>(i);
    const Registration pulled = registry.Pull("x", [p = alive.get()] { return *p; });
  }  // `pulled` goes before `alive`.
  done = true;
  reader.join();
}

}  // namespace
}  // namespace meseta::metrics
