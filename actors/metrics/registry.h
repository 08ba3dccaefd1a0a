// Registry: the metrics of one daemon by name, and what /metrics answers.
//
// Names are Mesos': "master/slave_registrations", "allocator/mesos/allocation_run". A timer X shows
// as X_ms, from its second value on with X_ms/count, /max, /min, /p50 .. /p9999 (the window's).
//
// Thread-safe. Bumping a handle takes no lock; registering and snapshots take the registry's. Pull
// callbacks run on the thread that takes the snapshot, outside that lock, and must not block.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "actors/metrics/metrics.h"

namespace meseta::metrics {

enum class Kind { kCounter, kGauge };

// One value at one moment.
struct Sample {
  std::string name;
  Kind kind = Kind::kGauge;
  double value = 0;
};

// Appends samples for a source that computes many at once.
using Source = std::function<void(std::vector<Sample>*)>;

// Keeps a pulled metric or source registered; once it is destroyed, its callback runs no more.
class Registration {
 public:
  Registration() = default;
  Registration(Registration&&) = default;
  Registration& operator=(Registration&& other) noexcept;
  ~Registration();

 private:
  friend class Registry;
  struct Slot {
    std::mutex mutex;  // Held while `source` runs.
    Source source;     // Empty: withdrawn.
  };
  explicit Registration(std::shared_ptr<Slot> slot) : slot_(std::move(slot)) {}
  std::shared_ptr<Slot> slot_;
};

class Registry {
 public:
  Registry() = default;
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  // The metric of that name, made when there is none. REQUIRES: no other kind has the name.
  [[nodiscard]] std::shared_ptr<Counter> AddCounter(const std::string& name);
  [[nodiscard]] std::shared_ptr<Gauge> AddGauge(const std::string& name);
  [[nodiscard]] std::shared_ptr<Timer> AddTimer(const std::string& name);

  // Pulled at each snapshot; not finite: left out.
  [[nodiscard]] Registration Pull(std::string name, std::function<double()> read,
                                  Kind kind = Kind::kGauge);
  [[nodiscard]] Registration PullMany(Source source);

  // Forgets counters, gauges and timers whose names start with `prefix`; handles stay usable.
  void RemovePrefix(std::string_view prefix);

  // Sorted by name, each once (a registered one before a pulled one); only finite values.
  [[nodiscard]] std::vector<Sample> Snapshot() const;
  // {"master/elected":1.0,...}, as Mesos' /metrics/snapshot.
  [[nodiscard]] std::string SnapshotJson() const;
  // The text format of Prometheus, version 0.0.4; see prometheus.h for the names.
  [[nodiscard]] std::string PrometheusText() const;

 private:
  using Metric =
      std::variant<std::shared_ptr<Counter>, std::shared_ptr<Gauge>, std::shared_ptr<Timer>>;
  template <class T>
  std::shared_ptr<T> Add(const std::string& name);
  void AppendPulled(std::vector<Sample>* samples) const;
  static void SortAndPrune(std::vector<Sample>* samples);

  mutable std::mutex mutex_;  // Guards the following.
  std::map<std::string, Metric, std::less<>> metrics_;
  mutable std::vector<std::weak_ptr<Registration::Slot>> pulled_;
};

}  // namespace meseta::metrics
