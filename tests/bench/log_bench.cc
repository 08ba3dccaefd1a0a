// Writes through the replicated store, against synced puts of the same size into a bare LevelDB in the
// same run: latency of one writer, operations per second of 256, on one node and on three in this
// process; on the disk as it is, and with each sync padded to 1 ms on both sides, so that the figures
// do not depend on the disk.
//
//   log_bench [--seconds 2] [--rounds 3] [--bytes 200] [--nodes 1] [--dir /tmp] [--json]
//
// With --nodes only a group of that size is measured (for a profiler).
#include <leveldb/db.h>
#include <leveldb/env.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/bench/store_cluster.h"

namespace meseta::bench {
namespace {

using Clock = std::chrono::steady_clock;

struct Options {
  double seconds = 2;
  int rounds = 3;
  size_t bytes = 200;
  int nodes = 0;  // 0: one and three.
  std::string directory = "/tmp";
  bool json = false;
};

struct Figure {
  double per_second = 0;
  double median_us = 0;  // Latency.
};

std::string KeyOf(uint64_t number) { return "agent/" + std::to_string(number % 50'000); }

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values.empty() ? 0 : values[values.size() / 2];
}

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// One writer of synced puts.
Figure Baseline(const Options& options, const std::string& directory, Duration padding) {
  const std::unique_ptr<leveldb::Env> env = log::MakeLevelDbEnv(padding);
  leveldb::Options open;
  open.create_if_missing = true;
  open.env = env.get();
  leveldb::DB* raw = nullptr;
  const auto opened = leveldb::DB::Open(open, directory, &raw);
  CHECK(opened.ok()) << opened.ToString();
  const std::unique_ptr<leveldb::DB> db(raw);
  leveldb::WriteOptions write;
  write.sync = true;
  const std::string value(options.bytes, 'v');
  std::vector<double> latencies;
  const auto start = Clock::now();
  uint64_t number = 0;
  while (SecondsSince(start) < options.seconds) {
    const auto began = Clock::now();
    const auto put = db->Put(write, KeyOf(number++), value);
    CHECK(put.ok()) << put.ToString();
    latencies.push_back(SecondsSince(began) * 1e6);
  }
  return {static_cast<double>(latencies.size()) / SecondsSince(start), Median(latencies)};
}

// `writers` write one after another, each the next when it has its answer.
class Writers {
 public:
  Writers(store::Store* store, size_t bytes) : store_(store), value_(bytes, 'v') {}

  Figure Run(int writers, double seconds) {
    stop_ = false;
    done_ = 0;
    unanswered_ = writers;
    latencies_.assign(static_cast<size_t>(writers), {});
    const auto start = Clock::now();
    for (int i = 0; i < writers; ++i) Next(i);
    std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
    const double rate = static_cast<double>(done_.load()) / SecondsSince(start);
    stop_ = true;
    while (unanswered_.load() > 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    std::vector<double> all;
    for (const auto& each : latencies_) all.insert(all.end(), each.begin(), each.end());
    return {rate, Median(std::move(all))};
  }

  // As Run(1), but by a thread that waits for its answers, as callers of bare LevelDB do.
  Figure RunOneThread(double seconds) {
    std::vector<double> latencies;
    const auto start = Clock::now();
    while (SecondsSince(start) < seconds) {
      const auto began = Clock::now();
      const auto written = runtime::Ask<store::Version>(
          Duration::Seconds(60), [this](runtime::Reply<store::Version> reply) {
            store_->Write(NextBatch(), {}, std::move(reply));
          });
      CHECK(written.ok()) << written.status();
      latencies.push_back(SecondsSince(began) * 1e6);
    }
    return {static_cast<double>(latencies.size()) / SecondsSince(start), Median(latencies)};
  }

 private:
  store::Batch NextBatch() {
    store::Batch batch;
    batch.changes.push_back(store::Change{KeyOf(number_.fetch_add(1)), value_});
    return batch;
  }

  void Next(int writer) {
    const auto began = Clock::now();
    store_->Write(NextBatch(), {}, runtime::Reply<store::Version>(
                                       [this, writer, began](const Result<store::Version>& version) {
                                         CHECK(version.ok()) << version.status();
                                         Answered(writer, began);
                                       }));
  }

  void Answered(int writer, Clock::time_point began) {
    done_.fetch_add(1, std::memory_order_relaxed);
    auto& latencies = latencies_[static_cast<size_t>(writer)];
    if (latencies.size() < 100'000) latencies.push_back(SecondsSince(began) * 1e6);
    if (stop_.load()) {
      unanswered_.fetch_sub(1);
    } else {
      Next(writer);
    }
  }

  store::Store* const store_;
  const std::string value_;
  std::atomic<uint64_t> number_{0};
  std::atomic<uint64_t> done_{0};
  std::atomic<bool> stop_{false};
  std::atomic<int> unanswered_{0};
  std::vector<std::vector<double>> latencies_;
};

class Bench {
 public:
  explicit Bench(Options options) : options_(std::move(options)) {}

  void Run() {
    for (const Duration padding : {Duration(), Duration::Millis(1)}) {
      const std::string disk = padding == Duration() ? "as it is" : "sync padded to 1 ms";
      std::vector<Figure> base, one, many, three;
      for (int round = 0; round < options_.rounds; ++round) {
        const TemporaryDirectory directory(options_.directory);
        base.push_back(Baseline(options_, directory.path() + "/bare", padding));
        if (options_.nodes != 3) {
          StoreCluster cluster(directory.path() + "/one", 1, padding);
          Writers writers(cluster.Leader(), options_.bytes);
          one.push_back(writers.RunOneThread(options_.seconds));
          many.push_back(writers.Run(256, options_.seconds));
        }
        if (options_.nodes == 1) continue;
        StoreCluster cluster(directory.path() + "/three", 3, padding);
        Writers writers(cluster.Leader(), options_.bytes);
        three.push_back(writers.Run(256, options_.seconds));
      }
      Report(disk, base, one, many, three);
    }
  }

 private:
  using Figures = std::vector<Figure>;

  static double Rate(const Figures& figures) {
    std::vector<double> values;
    for (const Figure& figure : figures) values.push_back(figure.per_second);
    return Median(values);
  }
  static double Latency(const Figures& figures) {
    std::vector<double> values;
    for (const Figure& figure : figures) values.push_back(figure.median_us);
    return Median(values);
  }

  void Report(const std::string& disk, const Figures& base, const Figures& one, const Figures& many,
              const Figures& three) const {
    const double ratio = Latency(one) / Latency(base);
    const double plus = Latency(one) - Latency(base);
    if (options_.json) {
      std::printf("{\"disk\":\"%s\",\"bare_per_s\":%.0f,\"bare_us\":%.1f,\"one_writer_us\":%.1f,"
                  "\"one_writer_ratio\":%.2f,\"one_node_256_per_s\":%.0f,\"one_node_256_ratio\":%.1f,"
                  "\"three_nodes_256_per_s\":%.0f,\"three_nodes_256_ratio\":%.1f}\n",
                  disk.c_str(), Rate(base), Latency(base), Latency(one), ratio, Rate(many),
                  Rate(many) / Rate(base), Rate(three), Rate(three) / Rate(base));
      return;
    }
    std::printf("Disk: %s, values of %zu bytes\n", disk.c_str(), options_.bytes);
    std::printf("  bare LevelDB, one synced writer   %9.0f /s  %8.1f us\n", Rate(base), Latency(base));
    std::printf("  store, one node, one writer       %9.0f /s  %8.1f us   %.2fx, %+.0f us (bar: 1.3x "
                "or +150 us)\n", Rate(one), Latency(one), ratio, plus);
    std::printf("  store, one node, 256 writers      %9.0f /s  %8.1f us   %.1fx (bar: 50x)\n",
                Rate(many), Latency(many), Rate(many) / Rate(base));
    std::printf("  store, three nodes, 256 writers   %9.0f /s  %8.1f us   %.1fx (bar: 20x)\n",
                Rate(three), Latency(three), Rate(three) / Rate(base));
    std::fflush(stdout);
  }

  const Options options_;
};

Options ParseOptions(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name == "--json") {
      options.json = true;
      continue;
    }
    CHECK(i + 1 < argc) << "unknown option, or one without its value: " << name;
    const char* value = argv[++i];
    if (name == "--seconds") options.seconds = std::atof(value);
    else if (name == "--rounds") options.rounds = std::atoi(value);
    else if (name == "--bytes") options.bytes = static_cast<size_t>(std::atoll(value));
    else if (name == "--nodes") options.nodes = std::atoi(value);
    else if (name == "--dir") options.directory = value;
    else CHECK(false) << "unknown option: " << name;
  }
  return options;
}

}  // namespace
}  // namespace meseta::bench

int main(int argc, char** argv) {
  meseta::bench::Bench(meseta::bench::ParseOptions(argc, argv)).Run();
  return 0;
}
