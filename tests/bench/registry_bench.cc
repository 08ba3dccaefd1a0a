// A registry of many agents in a replicated store of one node: admissions per second, the time of a
// snapshot, recovery from disk (out of the log's entries and out of a snapshot), memory. Records are the
// registrar's: one key an agent, with an AgentInfo of ordinary size. Admissions are compared with synced
// puts of the same records into a bare LevelDB in the same run.
//
//   registry_bench [agents=50000] [directory=/tmp]
#include <leveldb/db.h>
#include <leveldb/env.h>
#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "actors/messages/internal/registry.pb.h"
#include "state/store/kv_snapshot.h"
#include "state/store/kv_state.h"
#include "tests/bench/store_cluster.h"

namespace meseta::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kWriters = 256;
constexpr int kBarePuts = 500;

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

double HeapMegabytes() {
  const struct mallinfo2 info = mallinfo2();
  return static_cast<double>(info.uordblks + info.hblkhd) / 1e6;
}

void AddScalar(const char* name, double value, mesos::v1::AgentInfo* info) {
  mesos::v1::Resource* resource = info->add_resources();
  resource->set_name(name);
  resource->set_type(mesos::v1::Value::SCALAR);
  resource->mutable_scalar()->set_value(value);
}

store::Change AgentRecord(int number) {
  const std::string id = "0f3c2b60-6a7e-4b1b-9a35-2f6f1f0a77c1-S" + std::to_string(number);
  internal::AdmittedAgent agent;
  mesos::v1::AgentInfo* info = agent.mutable_info();
  info->mutable_id()->set_value(id);
  info->set_hostname("node-" + std::to_string(number) + ".rack-" + std::to_string(number % 500) +
                     ".example.com");
  info->set_port(5051);
  AddScalar("cpus", 32, info);
  AddScalar("mem", 131072, info);
  AddScalar("disk", 1e6, info);
  mesos::v1::Resource* ports = info->add_resources();
  ports->set_name("ports");
  ports->set_type(mesos::v1::Value::RANGES);
  mesos::v1::Value::Range* range = ports->mutable_ranges()->add_range();
  range->set_begin(31000);
  range->set_end(32000);
  for (const char* name : {"rack", "zone", "os"}) {
    mesos::v1::Attribute* attribute = info->add_attributes();
    attribute->set_name(name);
    attribute->set_type(mesos::v1::Value::TEXT);
    attribute->mutable_text()->set_value(std::string(name) + "-" + std::to_string(number % 500));
  }
  agent.set_registration_id("b7a5a7a0-5c0e-4d3e-8d5e-0c6a" + std::to_string(10'000'000 + number));
  agent.set_admitted_ns(1'700'000'000'000'000'000);
  return store::Change{"agent/" + id, agent.SerializeAsString()};
}

double BarePutsPerSecond(const std::vector<store::Change>& records, const std::string& directory) {
  const std::unique_ptr<leveldb::Env> env = log::MakeLevelDbEnv();
  leveldb::Options options;
  options.create_if_missing = true;
  options.env = env.get();
  leveldb::DB* raw = nullptr;
  CHECK(leveldb::DB::Open(options, directory, &raw).ok());
  const std::unique_ptr<leveldb::DB> db(raw);
  leveldb::WriteOptions write;
  write.sync = true;
  const auto start = Clock::now();
  const int puts = std::min(kBarePuts, static_cast<int>(records.size()));
  for (int i = 0; i < puts; ++i) {
    const store::Change& record = records[static_cast<size_t>(i)];
    CHECK(db->Put(write, record.key, *record.value).ok());
  }
  return puts / SecondsSince(start);
}

// Every record in a write of its own, kWriters at once; each only if the key is absent.
class Admission {
 public:
  Admission(store::Store* store, const std::vector<store::Change>& records)
      : store_(store), records_(records) {}

  double PerSecond() {
    const auto start = Clock::now();
    for (int i = 0; i < kWriters; ++i) Next();
    while (answered_.load() < records_.size()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return static_cast<double>(records_.size()) / SecondsSince(start);
  }

 private:
  void Next() {
    const size_t number = next_.fetch_add(1);
    if (number >= records_.size()) return;
    store::Batch batch;
    batch.changes.push_back(records_[number]);
    batch.conditions.push_back(store::Condition{records_[number].key, 0});
    store_->Write(std::move(batch), {},
                  runtime::Reply<store::Version>([this](const Result<store::Version>& version) {
                    CHECK(version.ok()) << version.status();
                    Next();
                    answered_.fetch_add(1);
                  }));
  }

  store::Store* const store_;
  const std::vector<store::Change>& records_;
  std::atomic<size_t> next_{0};
  std::atomic<size_t> answered_{0};
};

// Seconds from opening the disk to leading with everything there.
double Recover(StoreCluster* cluster, size_t keys) {
  cluster->Close();
  const auto start = Clock::now();
  cluster->Open();
  store::Store* store = cluster->Leader();
  const double spent = SecondsSince(start);
  CHECK(store->Local()->keys() == keys);
  return spent;
}

void Run(int agents, const std::string& parent) {
  std::vector<store::Change> records;
  size_t bytes = 0;
  for (int i = 0; i < agents; ++i) {
    records.push_back(AgentRecord(i));
    bytes += records.back().key.size() + records.back().value->size();
  }
  const TemporaryDirectory directory(parent);
  std::printf("%d agents, %.0f bytes each\n", agents, static_cast<double>(bytes) / agents);
  const double bare = BarePutsPerSecond(records, directory.path() + "/bare");
  {
    StoreCluster cluster(directory.path() + "/log", 1, Duration());
    store::Store* store = cluster.Leader();
    const double before = HeapMegabytes();
    const double rate = Admission(store, records).PerSecond();
    std::printf("  admissions                      %9.0f /s, %.1fx synced puts (%.0f /s)\n", rate,
                rate / bare, bare);
    const double live = HeapMegabytes() - before;
    std::printf("  memory, with log and history    %9.0f MB, %.1fx the records\n", live,
                live * 1e6 / static_cast<double>(bytes));
    auto start = Clock::now();
    const store::SnapshotPtr view = store->Local();
    store::KvSnapshotWriter writer(store::ItemsOf(*view));
    std::string piece;
    size_t pieces = 0;
    size_t written = 0;
    while (writer.Next(&piece)) {
      ++pieces;
      written += piece.size();
    }
    std::printf("  snapshot, in memory             %9.1f ms, %zu pieces, %.1f MB\n",
                SecondsSince(start) * 1e3, pieces, static_cast<double>(written) / 1e6);
    std::printf("  recovery out of log entries     %9.2f s (bar: 2 s)\n",
                Recover(&cluster, records.size()));
  }
  StoreCluster cluster(directory.path() + "/snapshot", 1, Duration(), size_t{4} << 20);
  store::Store* store = cluster.Leader();
  const double rate = Admission(store, records).PerSecond();
  std::printf("  admissions, with snapshots      %9.0f /s\n", rate);
  std::printf("  recovery out of a snapshot      %9.2f s (bar: 2 s)\n",
              Recover(&cluster, records.size()));
}

}  // namespace
}  // namespace meseta::bench

int main(int argc, char** argv) {
  meseta::bench::Run(argc > 1 ? std::atoi(argv[1]) : 50'000, argc > 2 ? argv[2] : "/tmp");
  return 0;
}
