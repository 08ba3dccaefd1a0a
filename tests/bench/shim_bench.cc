// How many real containers (`true`, through PosixContainerizer and meseta-shim) start and finish per
// second, how long one alone takes until it has started, and what a running one costs in memory.
// Baseline of the same run: posix_spawn and waitpid of /bin/true, no containers.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "agent/containerizer/posix_containerizer.h"
#include "agent/isolators/posix_isolator.h"
#include "agent/launcher/process_posix.h"
#include "agent/launcher/run_directory.h"

namespace meseta::agent {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kTasks = 2000;
constexpr int kInFlight = 64;   // Containers between Launch and their end.
constexpr int kAlone = 50;
constexpr int kSleepers = 200;
constexpr int kWorkers = 4;

double Seconds(Clock::duration duration) {
  return std::chrono::duration<double>(duration).count();
}

class Bench {
 public:
  explicit Bench(const std::string& root)
      : root_(root), guard_(io_.get_executor()), thread_([this] { io_.run(); }), pool_(kWorkers) {
    PosixContainerizer::Options options;
    options.runs_directory = root + "/runs";
    options.shim_program = MESETA_BINARY_DIR "/bin/meseta-shim";
    std::vector<std::unique_ptr<Isolator>> isolators;
    isolators.push_back(std::make_unique<PosixIsolator>());
    containerizer_ = std::make_unique<PosixContainerizer>(
        options, std::move(isolators), io_,
        [this](std::function<void()> work) { boost::asio::post(pool_, std::move(work)); },
        [this](const ContainerEvent& event) { OnEvent(event); });
  }
  ~Bench() {
    containerizer_ = nullptr;
    pool_.join();
    guard_.reset();
    io_.stop();
    thread_.join();
  }

  void Launch(const std::string& name, const std::string& program,
              const std::vector<std::string>& arguments) {
    ContainerSpec spec;
    spec.id = ContainerId(name);
    spec.sandbox = root_ + "/sandboxes/" + name;
    spec.command.set_shell(false);
    spec.command.set_value(program);
    for (const std::string& argument : arguments) spec.command.add_arguments(argument);
    spec.environment = {{"PATH", "/usr/bin:/bin"}};
    containerizer_->Launch(std::move(spec));
  }
  void Kill(const std::string& name) { containerizer_->Kill(ContainerId(name), Duration()); }

  void AwaitStarted(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return started_ + failed_ >= count; });
  }
  void AwaitEnded(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return ended_ >= count; });
  }
  int failed() {
    const std::lock_guard lock(mutex_);
    return failed_;
  }
  void Reset() {
    const std::lock_guard lock(mutex_);
    started_ = ended_ = failed_ = 0;
  }

 private:
  void OnEvent(const ContainerEvent& event) {
    const std::lock_guard lock(mutex_);
    if (std::holds_alternative<ContainerStarted>(event)) {
      ++started_;
    } else {
      ++ended_;
      if (std::holds_alternative<ContainerFailed>(event)) ++failed_;
      containerizer_->Forget(std::visit([](const auto& one) { return one.id; }, event));
    }
    changed_.notify_all();
  }

  const std::string root_;
  boost::asio::io_context io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_;
  std::thread thread_;
  boost::asio::thread_pool pool_;
  std::mutex mutex_;
  std::condition_variable changed_;
  int started_ = 0;
  int ended_ = 0;
  int failed_ = 0;
  std::unique_ptr<PosixContainerizer> containerizer_;
};

double BaselinePerSecond() {
  SpawnOptions options;
  options.program = "/bin/true";
  options.arguments = {"true"};
  options.inherited = {-1, -1, -1};
  const auto begin = Clock::now();
  for (int i = 0; i < kTasks; ++i) {
    const auto pid = Spawn(options);
    if (pid.ok()) waitpid(*pid, nullptr, 0);
  }
  return kTasks / Seconds(Clock::now() - begin);
}

double TruePerSecond(Bench& bench) {
  bench.Reset();
  const auto begin = Clock::now();
  for (int i = 0; i < kTasks; ++i) {
    bench.AwaitEnded(i - kInFlight + 1);
    bench.Launch("true-" + std::to_string(i), "/bin/true", {"true"});
  }
  bench.AwaitEnded(kTasks);
  return bench.failed() > 0 ? 0 : kTasks / Seconds(Clock::now() - begin);
}

// The median until ContainerStarted, nothing else going on.
double AloneSeconds(Bench& bench) {
  std::vector<double> seconds;
  for (int i = 0; i < kAlone; ++i) {
    bench.Reset();
    const auto begin = Clock::now();
    bench.Launch("alone-" + std::to_string(i), "/bin/true", {"true"});
    bench.AwaitStarted(1);
    seconds.push_back(Seconds(Clock::now() - begin));
    bench.AwaitEnded(1);
  }
  std::sort(seconds.begin(), seconds.end());
  return seconds[seconds.size() / 2];
}

double PssKilobytes(int64_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/smaps_rollup");
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("Pss:", 0) == 0) return std::strtod(line.c_str() + 4, nullptr);
  }
  return 0;
}

struct Memory {
  double shim_kilobytes = 0;
  double task_kilobytes = 0;
};

// Averages over all running containers: their shims, and the sleeping tasks themselves.
Memory PerSleeper(Bench& bench, const std::string& root) {
  bench.Reset();
  for (int i = 0; i < kSleepers; ++i) {
    bench.Launch("sleep-" + std::to_string(i), "/bin/sleep", {"sleep", "1000"});
  }
  bench.AwaitStarted(kSleepers);
  Memory memory;
  for (int i = 0; i < kSleepers; ++i) {
    const RunFiles files =
        RunDirectory(root + "/runs", ContainerId("sleep-" + std::to_string(i))).Read();
    if (files.record.has_value()) memory.shim_kilobytes += PssKilobytes(files.record->pid) / kSleepers;
    if (files.task.has_value()) memory.task_kilobytes += PssKilobytes(files.task->pid) / kSleepers;
  }
  for (int i = 0; i < kSleepers; ++i) bench.Kill("sleep-" + std::to_string(i));
  bench.AwaitEnded(kSleepers);
  return memory;
}

int Main(bool json) {
  char name[] = "/tmp/meseta-shim-bench-XXXXXX";
  const std::string root = mkdtemp(name);
  Memory memory;
  double baseline = 0;
  double tasks = 0;
  double alone = 0;
  {
    Bench bench(root);
    alone = AloneSeconds(bench);
    baseline = BaselinePerSecond();
    tasks = TruePerSecond(bench);
    memory = PerSleeper(bench, root);
  }
  std::filesystem::remove_all(root);
  if (json) {
    std::printf("{\"case\":\"true\",\"tasks\":%d,\"per_second\":%.1f,\"baseline\":%.1f}\n", kTasks,
                tasks, baseline);
    std::printf("{\"case\":\"alone until started\",\"tasks\":%d,\"seconds\":%.6f,\"baseline\":%.6f}\n",
                kAlone, alone, 1 / baseline);
    std::printf("{\"case\":\"memory of a running task\",\"tasks\":%d,\"shim_pss_kb\":%.1f,"
                "\"task_pss_kb\":%.1f}\n",
                kSleepers, memory.shim_kilobytes, memory.task_kilobytes);
  } else {
    std::printf("%-40s %10.1f /s   (plain spawn: %.1f /s)\n", "true, started and finished", tasks,
                baseline);
    std::printf("%-40s %10.2f ms\n", "one alone until started (median)", alone * 1000);
    std::printf("%-40s %10.1f kB\n", "PSS of the shim of a running task", memory.shim_kilobytes);
    std::printf("%-40s %10.1f kB\n", "PSS of the task itself (sleep)", memory.task_kilobytes);
  }
  return tasks > 0 ? 0 : 1;
}

}  // namespace
}  // namespace meseta::agent

int main(int argc, char** argv) {
  return meseta::agent::Main(argc > 1 && std::strcmp(argv[1], "--json") == 0);
}
