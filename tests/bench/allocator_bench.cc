// The allocator at 1,000 agents x 200 frameworks and beyond: a full pass, a round in which every
// offer is declined, one freed agent.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdio>
#include <string_view>

#include "tests/master/allocator/conversation.h"

namespace meseta::master {
namespace {

void Fill(FakeMaster* master, int64_t agents, int64_t frameworks) {
  for (int64_t i = 0; i < frameworks; ++i) {
    FrameworkChanged change;
    change.framework = FrameworkId("framework-" + std::to_string(i));
    change.active = true;
    change.info.add_capabilities()->set_type(v1::FrameworkInfo::Capability::MULTI_ROLE);
    change.info.add_roles("role-" + std::to_string(i % 20));
    master->Apply(std::move(change));
  }
  for (int64_t i = 0; i < agents; ++i) {
    master->SetAgent("agent-" + std::to_string(i),
                     "cpus:24;mem:4096;disk:4096;ports:[31000-32000]");
  }
}

// Everything is free and everybody wants it.
void FullPass(benchmark::State& state) {
  for (auto _ : state) {
    state.PauseTiming();
    auto master = std::make_unique<FakeMaster>();
    Fill(master.get(), state.range(0), state.range(1));
    state.ResumeTiming();
    auto proposals = master->core.Allocate(master->now, master->rng);
    benchmark::DoNotOptimize(proposals);
    state.PauseTiming();
    master.reset();
    state.ResumeTiming();
  }
}
BENCHMARK(FullPass)->Args({1000, 200})->Args({20000, 2000})->Unit(benchmark::kMillisecond);

// Every agent is offered, offers are declined for long: deltas and the next pass.
void DeclineRound(benchmark::State& state) {
  FakeMaster master;
  Fill(&master, state.range(0), state.range(1));
  std::vector<Proposal> proposals = master.Allocate();
  int64_t rounds = 0;
  for (auto _ : state) {
    for (const Proposal& p : proposals) {
      const auto offer = master.Offer(p.framework, p.agent);
      master.Release(p.framework, p.agent, *offer, 3600);
    }
    master.Advance(Duration::Millis(2));
    proposals = master.Allocate();
    if (proposals.empty() || ++rounds == state.range(1)) {
      state.PauseTiming();  // All have declined all: they change their minds.
      for (int64_t i = 0; i < state.range(1); ++i) {
        master.Apply(Revived{FrameworkId("framework-" + std::to_string(i)), {}});
      }
      proposals = master.Allocate();
      rounds = 0;
      state.ResumeTiming();
    }
  }
}
BENCHMARK(DeclineRound)->Args({1000, 200})->Unit(benchmark::kMillisecond);

// All of one agent becomes free in a full cluster.
void OneFreed(benchmark::State& state) {
  FakeMaster master;
  Fill(&master, state.range(0), state.range(1));
  std::vector<Proposal> proposals = master.Allocate();
  for (const Proposal& p : proposals) master.Offer(p.framework, p.agent);
  Proposal last = proposals[0];
  for (auto _ : state) {
    master.Release(last.framework, last.agent, last.resources);
    last = master.Allocate().at(0);
    master.Offer(last.framework, last.agent);
  }
}
BENCHMARK(OneFreed)->Args({1000, 200})->Args({20000, 2000})->Unit(benchmark::kMicrosecond);

// One object per line.
class JsonLines : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context&) override { return true; }
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      int agents = 0, frameworks = 0;
      std::sscanf(run.run_name.args.c_str(), "%d/%d", &agents, &frameworks);
      std::printf("{\"case\":\"%s\",\"agents\":%d,\"frameworks\":%d,\"seconds\":%.9f}\n",
                  run.run_name.function_name.c_str(), agents, frameworks,
                  run.real_accumulated_time / static_cast<double>(run.iterations));
      std::fflush(stdout);
    }
  }
};

}  // namespace
}  // namespace meseta::master

int main(int argc, char** argv) {
  const auto is_json = [](const char* flag) { return std::string_view(flag) == "--json"; };
  char** const end = std::remove_if(argv + 1, argv + argc, is_json);
  const bool json = end != argv + argc;
  argc = static_cast<int>(end - argv);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  meseta::master::JsonLines lines;
  benchmark::RunSpecifiedBenchmarks(json ? &lines : nullptr);
  return 0;
}
