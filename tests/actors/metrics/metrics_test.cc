// Goal: clients of Mesos' /metrics/snapshot find its names and numbers; Prometheus accepts the
// rest.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "actors/base/strings.h"
#include "actors/metrics/prometheus.h"
#include "actors/metrics/registry.h"
#include "actors/metrics/system_metrics.h"

namespace meseta::metrics {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::map<std::string, double> Values(const Registry& registry) {
  std::map<std::string, double> values;
  for (const Sample& sample : registry.Snapshot()) values.emplace(sample.name, sample.value);
  return values;
}

TEST(RegistryTest, SnapshotIsSortedAndWrittenAsMesosDoes) {
  Registry registry;
  registry.AddCounter("master/slave_registrations")->Increment(3);
  registry.AddGauge("master/cpus_percent")->Set(0.025);
  const Registration elected = registry.Pull("master/elected", [] { return 1.0; });
  EXPECT_EQ(registry.SnapshotJson(),
            "{\"master/cpus_percent\":0.025,\"master/elected\":1.0,"
            "\"master/slave_registrations\":3.0}");
}

TEST(RegistryTest, TheSameNameIsTheSameMetric) {
  Registry registry;
  registry.AddCounter("c")->Increment();
  registry.AddCounter("c")->Increment();
  EXPECT_EQ(Values(registry).at("c"), 2);
  EXPECT_DEATH((void)registry.AddGauge("c"), "another kind");
}

TEST(RegistryTest, PulledOnesEndWithTheirRegistration) {
  Registry registry;
  int calls = 0;
  {
    Registration first = registry.PullMany([&](std::vector<Sample>* samples) {
      ++calls;
      samples->push_back({"b", Kind::kGauge, 2});
      samples->push_back({"a", Kind::kGauge, 1});
      samples->push_back({"nan", Kind::kGauge, std::numeric_limits<double>::quiet_NaN()});
    });
    const Registration second = std::move(first);
    EXPECT_EQ(registry.SnapshotJson(), "{\"a\":1.0,\"b\":2.0}");
  }
  EXPECT_EQ(registry.SnapshotJson(), "{}");
  EXPECT_EQ(calls, 1);
}

TEST(RegistryTest, ReplacingARegistrationWithdrawsTheFormer) {
  Registry registry;
  Registration registration = registry.Pull("a", [] { return 1.0; });
  registration = registry.Pull("b", [] { return 2.0; });
  EXPECT_EQ(registry.SnapshotJson(), "{\"b\":2.0}");
}

TEST(RegistryTest, RemovePrefixForgetsAFramework) {
  Registry registry;
  const auto calls = registry.AddCounter("master/frameworks/x/1/calls");
  (void)registry.AddCounter("master/frameworks/x/1/events");
  (void)registry.AddCounter("master/frameworks/x/10/calls");
  registry.RemovePrefix("master/frameworks/x/1/");
  calls->Increment();  // Harmless.
  EXPECT_EQ(registry.SnapshotJson(), "{\"master/frameworks/x/10/calls\":0.0}");
}

// The figures are those of a real Mesos: registrar/state_fetch with one value, state_store with
// two.
TEST(TimerTest, KeysAndPercentilesAreMesos) {
  Registry registry;
  (void)registry.AddTimer("registrar/never");
  registry.AddTimer("registrar/state_fetch")->Record(Duration::Micros(3136));
  const auto store = registry.AddTimer("registrar/state_store");
  store->Record(Duration::Nanos(1'182'208));
  store->Record(Duration::Nanos(1'753'088));
  const auto values = Values(registry);
  std::vector<std::string> names;
  for (const auto& [name, value] : values) names.push_back(name);
  EXPECT_THAT(names, ElementsAre("registrar/state_fetch_ms", "registrar/state_store_ms",
                                 "registrar/state_store_ms/count", "registrar/state_store_ms/max",
                                 "registrar/state_store_ms/min", "registrar/state_store_ms/p50",
                                 "registrar/state_store_ms/p90", "registrar/state_store_ms/p95",
                                 "registrar/state_store_ms/p99", "registrar/state_store_ms/p999",
                                 "registrar/state_store_ms/p9999"));
  EXPECT_DOUBLE_EQ(values.at("registrar/state_fetch_ms"), 3.136);
  EXPECT_DOUBLE_EQ(values.at("registrar/state_store_ms"), 1.753088);
  EXPECT_DOUBLE_EQ(values.at("registrar/state_store_ms/count"), 2);
  EXPECT_DOUBLE_EQ(values.at("registrar/state_store_ms/min"), 1.182208);
  EXPECT_DOUBLE_EQ(values.at("registrar/state_store_ms/p50"), 1.467648);
  EXPECT_DOUBLE_EQ(values.at("registrar/state_store_ms/p99"), 1.7473792000000001);
  EXPECT_DOUBLE_EQ(values.at("registrar/state_store_ms/p9999"), 1.7530309119999998);
}

TEST(TimerTest, TheWindowSlidesAndTotalsStay) {
  Timer timer;
  timer.Record(Duration::Seconds(100));
  timer.Record(Duration::Seconds(-1));
  for (size_t i = 0; i < kTimerWindow; ++i) timer.Record(Duration::Millis(2));
  const Timer::Statistics statistics = timer.Read();
  EXPECT_EQ(statistics.window_count, kTimerWindow);
  EXPECT_EQ(statistics.max_ms, 2);
  EXPECT_EQ(statistics.min_ms, 2);
  EXPECT_EQ(statistics.total_count, kTimerWindow + 2);
  EXPECT_DOUBLE_EQ(statistics.total_seconds, 102);
}

TEST(GaugeTest, SetsAndAdds) {
  Gauge gauge;
  gauge.Set(2);
  gauge.Add(-0.5);
  EXPECT_EQ(gauge.value(), 1.5);
}

TEST(PrometheusTest, FamiliesHaveTypesAndLegalNames) {
  Registry registry;
  registry.AddCounter("master/slave_registrations")->Increment(3);
  registry.AddGauge("master/cpus_total")->Set(4);
  registry.AddTimer("allocator/mesos/allocation_run")->Record(Duration::Millis(250));
  const std::string text = registry.PrometheusText();
  EXPECT_THAT(text, HasSubstr("# TYPE meseta_master_cpus_total gauge\n"
                              "meseta_master_cpus_total 4\n"));
  EXPECT_THAT(text, HasSubstr("# TYPE meseta_master_slave_registrations_total counter\n"
                              "meseta_master_slave_registrations_total 3\n"));
  EXPECT_THAT(text, HasSubstr("# TYPE meseta_allocator_mesos_allocation_run_seconds summary\n"
                              "meseta_allocator_mesos_allocation_run_seconds{quantile=\"0.5\"} "
                              "0.25\n"));
  EXPECT_THAT(text, HasSubstr("allocation_run_seconds{quantile=\"0.9999\"} 0.25\n"));
  EXPECT_THAT(text, HasSubstr("meseta_allocator_mesos_allocation_run_seconds_sum 0.25\n"));
  EXPECT_THAT(text, HasSubstr("meseta_allocator_mesos_allocation_run_seconds_count 1\n"));
}

std::string Shown(std::string_view name) {
  const Series series = PrometheusSeries(name);
  std::string text = series.name;
  for (const auto& [label, value] : series.labels) text += " " + label + "=" + value;
  return text;
}

TEST(PrometheusTest, WhatMesosPutsIntoNamesBecomesLabels) {
  EXPECT_EQ(Shown("master/frameworks/my%20fw/abc-0000/calls/accept"),
            "meseta_master_framework_calls_accept framework=my%20fw framework_id=abc-0000");
  EXPECT_EQ(Shown("master/frameworks/fw/abc-0000/roles/eng/web/suppressed"),
            "meseta_master_framework_role_suppressed framework=fw framework_id=abc-0000 "
            "role=eng/web");
  EXPECT_EQ(Shown("allocator/mesos/roles/eng/web/shares/dominant"),
            "meseta_allocator_mesos_share_dominant role=eng/web");
  EXPECT_EQ(Shown("allocator/mesos/quota/roles/*/resources/cpus/guarantee"),
            "meseta_allocator_mesos_quota_guarantee role=* resource=cpus");
  EXPECT_EQ(Shown("allocator/mesos/offer_filters/roles/web/active"),
            "meseta_allocator_mesos_offer_filters_active role=web");
  EXPECT_EQ(Shown("frameworks/ops/messages_received"),
            "meseta_framework_messages_received principal=ops");
  EXPECT_EQ(Shown("master/frameworks_active"), "meseta_master_frameworks_active");
  EXPECT_EQ(Shown("a-b.c"), "meseta_a_b_c");
}

TEST(PrometheusTest, CollidingNamesStayApartAndLabelsAreEscaped) {
  PrometheusWriter writer;
  writer.Add({"a/b", Kind::kGauge, 1});
  writer.Add({"a_b", Kind::kGauge, 2});
  writer.Add({"frameworks/x\"\\\n/messages_received", Kind::kCounter, 3});
  const std::string text = writer.Text();
  EXPECT_THAT(text, HasSubstr("meseta_a_b 1\nmeseta_a_b{mesos_name=\"a_b\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("{principal=\"x\\\"\\\\\\n\"} 3\n"));
}

TEST(SystemMetricsTest, TellAboutTheMachine) {
  Registry registry;
  const Registration system = AddSystemMetrics(registry);
  const auto values = Values(registry);
  for (const char* name : {"system/load_1min", "system/load_5min", "system/load_15min"}) {
    EXPECT_TRUE(values.contains(name)) << name;
  }
  EXPECT_GE(values.at("system/cpus_total"), 1);
  EXPECT_GT(values.at("system/mem_total_bytes"), values.at("system/mem_free_bytes"));
  EXPECT_GT(values.at("process/resident_memory_bytes"), 100'000);
  EXPECT_GE(values.at("process/cpu_seconds"), 0);
}

}  // namespace
}  // namespace meseta::metrics
