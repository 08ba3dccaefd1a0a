#include "actors/metrics/registry.h"

#include <algorithm>
#include <cmath>

#include "actors/base/check.h"
#include "actors/base/json/json_writer.h"
#include "actors/metrics/prometheus.h"

namespace meseta::metrics {
namespace {

void AppendTimer(const std::string& name, const Timer& timer, std::vector<Sample>* samples) {
  const Timer::Statistics statistics = timer.Read();
  if (statistics.window_count == 0) return;
  const std::string key = name + "_ms";
  const auto add = [&](const char* suffix, double value) {
    samples->push_back({key + suffix, Kind::kGauge, value});
  };
  add("", statistics.last_ms);
  if (statistics.window_count < 2) return;  // As Mesos does.
  add("/count", static_cast<double>(statistics.window_count));
  add("/max", statistics.max_ms);
  add("/min", statistics.min_ms);
  for (size_t i = 0; i < kPercentiles.size(); ++i) {
    add((std::string("/") + kPercentiles[i].mesos_name).c_str(), statistics.percentiles_ms[i]);
  }
}

}  // namespace

Registration& Registration::operator=(Registration&& other) noexcept {
  const Registration old(std::move(*this));  // Withdraws what was here.
  slot_ = std::move(other.slot_);
  return *this;
}

Registration::~Registration() {
  if (slot_ == nullptr) return;
  const std::lock_guard<std::mutex> lock(slot_->mutex);
  slot_->source = nullptr;
}

template <class T>
std::shared_ptr<T> Registry::Add(const std::string& name) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = metrics_.find(name);
  if (found != metrics_.end()) {
    const auto* same = std::get_if<std::shared_ptr<T>>(&found->second);
    CHECK(same != nullptr) << "metric '" << name << "' exists as another kind";
    return *same;
  }
  auto metric = std::make_shared<T>();
  metrics_.emplace(name, metric);
  return metric;
}

std::shared_ptr<Counter> Registry::AddCounter(const std::string& name) {
  return Add<Counter>(name);
}
std::shared_ptr<Gauge> Registry::AddGauge(const std::string& name) { return Add<Gauge>(name); }
std::shared_ptr<Timer> Registry::AddTimer(const std::string& name) { return Add<Timer>(name); }

Registration Registry::Pull(std::string name, std::function<double()> read, Kind kind) {
  return PullMany(
      [name = std::move(name), read = std::move(read), kind](std::vector<Sample>* samples) {
        samples->push_back({name, kind, read()});
      });
}

Registration Registry::PullMany(Source source) {
  auto slot = std::make_shared<Registration::Slot>();
  slot->source = std::move(source);
  const std::lock_guard<std::mutex> lock(mutex_);
  pulled_.push_back(slot);
  return Registration(std::move(slot));
}

void Registry::RemovePrefix(std::string_view prefix) {
  const std::lock_guard<std::mutex> lock(mutex_);
  auto it = metrics_.lower_bound(prefix);
  while (it != metrics_.end() && it->first.starts_with(prefix)) it = metrics_.erase(it);
}

void Registry::AppendPulled(std::vector<Sample>* samples) const {
  std::vector<std::shared_ptr<Registration::Slot>> slots;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto gone = [](const auto& slot) { return slot.expired(); };
    pulled_.erase(std::remove_if(pulled_.begin(), pulled_.end(), gone), pulled_.end());
    for (const auto& weak : pulled_) {
      if (auto slot = weak.lock()) slots.push_back(std::move(slot));
    }
  }
  for (const auto& slot : slots) {
    const std::lock_guard<std::mutex> lock(slot->mutex);
    if (slot->source) slot->source(samples);
  }
}

void Registry::SortAndPrune(std::vector<Sample>* samples) {
  const auto unfit = [](const Sample& sample) { return !std::isfinite(sample.value); };
  samples->erase(std::remove_if(samples->begin(), samples->end(), unfit), samples->end());
  const auto by_name = [](const Sample& a, const Sample& b) { return a.name < b.name; };
  if (!std::is_sorted(samples->begin(), samples->end(), by_name)) {
    std::stable_sort(samples->begin(), samples->end(), by_name);
  }
  const auto same = [](const Sample& a, const Sample& b) { return a.name == b.name; };
  samples->erase(std::unique(samples->begin(), samples->end(), same), samples->end());
}

std::vector<Sample> Registry::Snapshot() const {
  std::vector<Sample> samples;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    samples.reserve(metrics_.size() + metrics_.size() / 8);
    for (const auto& [name, metric] : metrics_) {
      if (const auto* counter = std::get_if<std::shared_ptr<Counter>>(&metric)) {
        samples.push_back({name, Kind::kCounter, static_cast<double>((*counter)->value())});
      } else if (const auto* gauge = std::get_if<std::shared_ptr<Gauge>>(&metric)) {
        samples.push_back({name, Kind::kGauge, (*gauge)->value()});
      } else {
        AppendTimer(name, *std::get<std::shared_ptr<Timer>>(metric), &samples);
      }
    }
  }
  AppendPulled(&samples);
  SortAndPrune(&samples);
  return samples;
}

std::string Registry::SnapshotJson() const {
  const std::vector<Sample> samples = Snapshot();
  std::string json;
  json.reserve(samples.size() * 64);
  JsonWriter writer(&json);
  writer.BeginObject();
  for (const Sample& sample : samples) {
    writer.Key(sample.name);
    writer.Double(sample.value);
  }
  writer.EndObject();
  return json;
}

std::string Registry::PrometheusText() const {
  PrometheusWriter writer;
  std::vector<Sample> samples;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    for (const auto& [name, metric] : metrics_) {
      if (const auto* counter = std::get_if<std::shared_ptr<Counter>>(&metric)) {
        samples.push_back({name, Kind::kCounter, static_cast<double>((*counter)->value())});
      } else if (const auto* gauge = std::get_if<std::shared_ptr<Gauge>>(&metric)) {
        samples.push_back({name, Kind::kGauge, (*gauge)->value()});
      } else {
        writer.AddTimer(name, std::get<std::shared_ptr<Timer>>(metric)->Read());
      }
    }
  }
  AppendPulled(&samples);
  SortAndPrune(&samples);
  for (const Sample& sample : samples) writer.Add(sample);
  return writer.Text();
}

}  // namespace meseta::metrics
