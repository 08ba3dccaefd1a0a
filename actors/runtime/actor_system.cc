#include "actors/runtime/actor_system.h"

#include <unistd.h>

#include <algorithm>
#include <optional>
#include <thread>

#include "actors/base/exit_codes.h"
#include "actors/base/logging.h"
#include "actors/runtime/caf.h"

namespace meseta::runtime {
namespace {

class VirtualClock : public Clock {
 public:
  void Follow(const caf::detail::test_actor_clock* clock) { clock_ = clock; }
  [[nodiscard]] Time Mono() const override {
    return Time::FromNanos(std::chrono::duration_cast<std::chrono::nanoseconds>(
                               clock_->current_time.time_since_epoch())
                               .count());
  }
  [[nodiscard]] WallTime Wall() const override {
    return ManualClock::kWallStart + Duration::Nanos(Mono().nanos());
  }

 private:
  const caf::detail::test_actor_clock* clock_ = nullptr;
};

struct Config : caf::actor_system_config {
  explicit Config(const ActorSystemOptions& options) {
    const int cpus = static_cast<int>(std::thread::hardware_concurrency());
    UsePolicy(*this, options.stealing, options.deterministic);
    UseWorkers(*this, options.workers > 0 ? options.workers : std::max(2, cpus));
  }
};

[[noreturn]] void LogAndExit(const std::string& sentence) {
  LOG(ERROR) << sentence;
  google::FlushLogFiles(google::GLOG_INFO);
  ::_exit(kExitFailure);
}

}  // namespace

struct ActorSystem::State {
  explicit State(ActorSystemOptions given) : options(std::move(given)), config(options) {
    system.emplace(config);
    if (!options.deterministic) return;
    scheduler = dynamic_cast<CafTestScheduler*>(&system->scheduler());
    CHECK(scheduler != nullptr);
    virtual_clock.Follow(&scheduler->clock());
  }

  ActorSystemOptions options;
  Config config;
  std::optional<caf::actor_system> system;
  CafTestScheduler* scheduler = nullptr;  // Of a deterministic system.
  VirtualClock virtual_clock;
};

ActorSystem::ActorSystem(ActorSystemOptions options)
    : state_(std::make_unique<State>(std::move(options))) {}

ActorSystem::~ActorSystem() {
  if (deterministic()) RunUntilIdle();  // Lets stopped actors end; CAF waits for them.
}

const Clock& ActorSystem::clock() const {
  if (deterministic()) return state_->virtual_clock;
  return RealClock::Get();
}

bool ActorSystem::deterministic() const { return state_->scheduler != nullptr; }

void ActorSystem::Fatal(const std::string& sentence) {
  if (!state_->options.on_fatal) LogAndExit(sentence);
  LOG(ERROR) << sentence;
  state_->options.on_fatal(sentence);
}

size_t ActorSystem::RunUntilIdle() {
  CHECK(deterministic());
  size_t jobs = 0;
  for (; state_->scheduler->try_run_once(); ++jobs) {
  }
  return jobs;
}

size_t ActorSystem::Advance(Duration by) {
  CHECK(deterministic() && by >= Duration());
  auto& clock = state_->scheduler->clock();
  const auto end = clock.current_time + std::chrono::nanoseconds(by.nanos());
  size_t jobs = RunUntilIdle();
  while (!clock.schedule().empty() && clock.schedule().begin()->first <= end) {
    const auto due = std::max(clock.schedule().begin()->first, clock.current_time);
    clock.advance_time(due - clock.current_time);
    jobs += RunUntilIdle();
  }
  clock.advance_time(end - clock.current_time);
  return jobs + RunUntilIdle();
}

size_t ActorSystem::RunShuffled(Rng& rng) {
  CHECK(deterministic());
  size_t count = 0;
  for (auto& jobs = state_->scheduler->jobs; !jobs.empty(); ++count) {
    std::rotate(jobs.begin(), jobs.begin() + static_cast<long>(rng.Below(jobs.size())), jobs.end());
    state_->scheduler->run_once();
  }
  return count;
}

caf::actor_system& ActorSystem::caf() { return *state_->system; }

}  // namespace meseta::runtime
