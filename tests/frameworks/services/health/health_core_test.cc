// Grace, thresholds, several checks, the share of kills at once, spread, failover, ports,
// readiness. Method: a small driver answers probes as a table says and keeps the time.
#include "frameworks/services/health/health_core.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "frameworks/services/health/probe_target.h"

namespace meseta::services {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Protocol = internal::AppHealthCheck;

constexpr int64_t kT0 = 1'700'000'000'000;

ProbeResult Answered(int status) {
  ProbeResult result;
  result.answered = true;
  result.status = status;
  return result;
}
ProbeResult Refused() {
  ProbeResult result;
  result.problem = "connection refused";
  return result;
}

internal::AppHealthCheck ACheck(Protocol::Protocol protocol = Protocol::HTTP) {
  internal::AppHealthCheck check;
  check.set_protocol(protocol);
  check.set_path("/health");
  check.set_port_index(0);
  check.set_interval_seconds(10);
  check.set_timeout_seconds(3);
  check.set_grace_period_seconds(0);
  check.set_max_consecutive_failures(3);
  return check;
}

class HealthCoreTest : public ::testing::Test {
 protected:
  HealthCoreTest() : health_(Rng(1)) {
    app_.set_id("/a");
    app_.add_port_definitions()->set_name("http-api");
    answer_ = [](const Probe&) { return Answered(200); };
  }

  Instance AnInstance(const std::string& id) {
    Instance instance;
    instance.set_id(id);
    instance.set_app("/a");
    instance.set_condition(Instance::RUNNING);
    instance.set_host("host-" + id);
    instance.add_host_ports(31000);
    instance.set_started_at(Ms());
    return instance;
  }
  // The app's instances are these; `app_` is their definition.
  void Set(const std::vector<Instance>& instances) {
    const auto app = std::make_shared<const AppSpec>(app_);
    std::vector<HealthCore::Checked> checked;
    for (const Instance& instance : instances) {
      checked.push_back({std::make_shared<const Instance>(instance), app});
    }
    Take(health_.SetInstances("/a", checked, Clock()));
  }
  void SetMany(int count) {
    app_.set_instances(static_cast<uint32_t>(count));
    instances_.clear();
    for (int i = 0; i < count; ++i) instances_.push_back(AnInstance("i" + std::to_string(100 + i)));
    Set(instances_);
  }
  // Lets `seconds` pass; probes are answered at once.
  void Pass(double seconds) {
    const Time end = now_ + Duration::FromSecondsDouble(seconds);
    while (true) {
      const auto next = health_.NextTime();
      if (!next || *next > end) break;
      now_ = std::max(now_, *next);
      Take(health_.Tick(Clock()));
    }
    now_ = end;
  }
  void Take(HealthCore::Effects effects) {
    for (const Probe& probe : effects.probes) probes_.push_back(probe);
    for (const auto& changed : effects.health)
      told_.emplace_back(changed.instance, changed.healthy);
    for (const auto& kill : effects.kills) kills_.push_back(kill.instance);
    for (const auto& kill : effects.kills) reasons_.push_back(kill.reason);
    for (const auto& ready : effects.ready) ready_.push_back(ready);
    failed_ += effects.failed.size();
    if (!answer_) return;
    for (const Probe& probe : effects.probes) {
      ProbeResult result = answer_(probe);
      result.id = probe.id;
      Take(health_.Handle(result, Clock()));
    }
  }
  Now Clock() const {
    return {now_, WallTime::FromNanos(kT0 * 1'000'000 + (now_ - Time()).nanos())};
  }
  int64_t Ms() const { return Clock().wall.nanos() / 1'000'000; }

  HealthCore health_;
  AppSpec app_;
  Time now_ = Time::FromNanos(5'000'000'000);
  std::function<ProbeResult(const Probe&)> answer_;
  std::vector<Instance> instances_;
  std::vector<Probe> probes_;
  std::vector<std::pair<std::string, bool>> told_;
  std::vector<std::string> kills_;
  std::vector<std::string> reasons_;
  std::vector<std::string> ready_;
  size_t failed_ = 0;
};

TEST_F(HealthCoreTest, AppsWithoutChecksCostNothing) {
  Set({AnInstance("i")});
  EXPECT_EQ(health_.NextTime(), std::nullopt);
  *app_.add_health_checks() = ACheck(Protocol::MESOS_HTTP);
  *app_.add_health_checks() = ACheck(Protocol::COMMAND);
  Set({AnInstance("j")});
  EXPECT_EQ(health_.NextTime(), std::nullopt);
  EXPECT_THAT(health_.HealthOf("j"), IsEmpty());
}

TEST_F(HealthCoreTest, AsksSoonAndThenOncePerInterval) {
  *app_.add_health_checks() = ACheck();
  Set({AnInstance("i")});
  Pass(1);
  ASSERT_THAT(probes_, SizeIs(1));
  EXPECT_EQ(probes_[0].target.kind, ProbeTarget::Kind::kHttp);
  EXPECT_EQ(probes_[0].target.host, "host-i");
  EXPECT_EQ(probes_[0].target.port, 31000U);
  EXPECT_EQ(probes_[0].target.path, "/health");
  EXPECT_EQ(probes_[0].target.timeout, Duration::Seconds(3));
  EXPECT_THAT(told_, ElementsAre(std::pair<std::string, bool>("i", true)));
  Pass(100);
  EXPECT_GE(probes_.size(), 10U);
  EXPECT_LE(probes_.size(), 12U);
  EXPECT_THAT(told_, SizeIs(1));
  const std::vector<CheckHealth> health = health_.HealthOf("i");
  ASSERT_THAT(health, SizeIs(1));
  EXPECT_TRUE(health[0].alive);
  EXPECT_GT(health[0].first_success_ms, kT0);
  EXPECT_GT(health[0].last_success_ms, health[0].first_success_ms);
}

TEST_F(HealthCoreTest, StatusesThatAreHealthy) {
  for (const auto& [status, healthy] : std::vector<std::pair<int, bool>>{{200, true},
                                                                         {204, true},
                                                                         {302, true},
                                                                         {399, true},
                                                                         {400, false},
                                                                         {404, false},
                                                                         {500, false},
                                                                         {100, false},
                                                                         {101, false}}) {
    HealthCore fresh{Rng(1)};
    health_ = fresh;
    told_.clear();
    app_.clear_health_checks();
    *app_.add_health_checks() = ACheck();
    answer_ = [status = status](const Probe&) { return Answered(status); };
    Set({AnInstance("i")});
    Pass(1);
    ASSERT_THAT(told_, SizeIs(1)) << status;
    EXPECT_EQ(told_[0].second, healthy) << status;
  }
}

TEST_F(HealthCoreTest, InformationalStatusesMayBeIgnored) {
  *app_.add_health_checks() = ACheck();
  app_.mutable_health_checks(0)->set_ignore_http_1xx(true);
  answer_ = [](const Probe&) { return Answered(102); };
  Set({AnInstance("i")});
  Pass(200);
  EXPECT_THAT(told_, IsEmpty());
  EXPECT_THAT(kills_, IsEmpty());
  EXPECT_EQ(failed_, 0U);
}

TEST_F(HealthCoreTest, TcpIsHealthyWhenItConnects) {
  *app_.add_health_checks() = ACheck(Protocol::TCP);
  answer_ = [](const Probe& probe) {
    EXPECT_EQ(probe.target.kind, ProbeTarget::Kind::kTcp);
    return Answered(0);
  };
  Set({AnInstance("i")});
  Pass(1);
  EXPECT_THAT(told_, ElementsAre(std::pair<std::string, bool>("i", true)));
}

TEST_F(HealthCoreTest, KillsAfterConsecutiveFailures) {
  *app_.add_health_checks() = ACheck();
  int answers = 0;
  answer_ = [&](const Probe&) { return ++answers == 3 ? Answered(200) : Refused(); };
  Set({AnInstance("i")});
  Pass(25);
  EXPECT_EQ(answers, 3);  // Two failures, one success: it starts over.
  EXPECT_THAT(kills_, IsEmpty());
  Pass(20);
  EXPECT_EQ(health_.HealthOf("i")[0].consecutive_failures, 2U);
  EXPECT_THAT(kills_, IsEmpty());
  Pass(10);
  EXPECT_THAT(kills_, ElementsAre("i"));
  EXPECT_THAT(reasons_, ElementsAre("connection refused"));
  EXPECT_EQ(failed_, 5U);
  EXPECT_EQ(health_.HealthOf("i")[0].last_failure_cause, "connection refused");
  EXPECT_THAT(told_, ElementsAre(std::pair<std::string, bool>("i", false),
                                 std::pair<std::string, bool>("i", true),
                                 std::pair<std::string, bool>("i", false)));
}

TEST_F(HealthCoreTest, ZeroFailuresNeverKill) {
  *app_.add_health_checks() = ACheck();
  app_.mutable_health_checks(0)->set_max_consecutive_failures(0);
  answer_ = [](const Probe&) { return Refused(); };
  Set({AnInstance("i")});
  Pass(1'000);
  EXPECT_THAT(kills_, IsEmpty());
  EXPECT_THAT(told_, ElementsAre(std::pair<std::string, bool>("i", false)));
}

TEST_F(HealthCoreTest, FailuresInTheGracePeriodDoNotCount) {
  *app_.add_health_checks() = ACheck();
  app_.mutable_health_checks(0)->set_grace_period_seconds(100);
  answer_ = [](const Probe&) { return Refused(); };
  Set({AnInstance("i")});
  Pass(99);
  EXPECT_THAT(told_, IsEmpty());
  EXPECT_EQ(failed_, 0U);
  EXPECT_GE(probes_.size(), 19U);  // Asked more often, for it may be up any moment.
  Pass(41);
  EXPECT_THAT(kills_, ElementsAre("i"));
}

TEST_F(HealthCoreTest, GraceEndsWithTheFirstSuccess) {
  *app_.add_health_checks() = ACheck();
  app_.mutable_health_checks(0)->set_grace_period_seconds(10'000);
  int answers = 0;
  answer_ = [&](const Probe&) { return ++answers == 2 ? Answered(200) : Refused(); };
  Set({AnInstance("i")});
  Pass(60);
  EXPECT_THAT(kills_, ElementsAre("i"));
}

TEST_F(HealthCoreTest, AllChecksMustPass) {
  *app_.add_health_checks() = ACheck();
  *app_.add_health_checks() = ACheck(Protocol::COMMAND);  // The agent's.
  *app_.add_health_checks() = ACheck(Protocol::TCP);
  bool tcp = false;
  answer_ = [&](const Probe& probe) {
    return probe.target.kind == ProbeTarget::Kind::kHttp || tcp ? Answered(200) : Refused();
  };
  app_.mutable_health_checks(2)->set_max_consecutive_failures(0);
  Set({AnInstance("i")});
  Pass(15);
  EXPECT_THAT(told_, ElementsAre(std::pair<std::string, bool>("i", false)));
  EXPECT_THAT(health_.HealthOf("i"), SizeIs(2));
  tcp = true;
  Pass(15);
  EXPECT_EQ(told_.back().second, true);
}

TEST_F(HealthCoreTest, HealthIsUnknownUntilAllChecksHaveAnswered) {
  *app_.add_health_checks() = ACheck();
  *app_.add_health_checks() = ACheck(Protocol::TCP);
  answer_ = nullptr;
  Set({AnInstance("i")});
  Pass(1);
  ASSERT_THAT(probes_, SizeIs(2));
  ProbeResult result = Answered(200);
  result.id = probes_[0].id;
  Take(health_.Handle(result, Clock()));
  EXPECT_THAT(told_, IsEmpty());
  result.id = probes_[1].id;
  Take(health_.Handle(result, Clock()));
  EXPECT_THAT(told_, SizeIs(1));
}

TEST_F(HealthCoreTest, OnlyAShareIsKilledAtOnce) {
  *app_.add_health_checks() = ACheck();
  answer_ = [](const Probe&) { return Answered(500); };
  SetMany(10);
  Pass(200);
  ASSERT_THAT(kills_, SizeIs(3));  // floor(0.34 * 10)
  // They are being killed, then gone; nobody has come in their place.
  for (Instance& instance : instances_) {
    if (std::count(kills_.begin(), kills_.end(), instance.id())) instance.set_kill_wanted(true);
  }
  Set(instances_);
  instances_.erase(std::remove_if(instances_.begin(), instances_.end(),
                                  [](const Instance& instance) { return instance.kill_wanted(); }),
                   instances_.end());
  Set(instances_);
  Pass(200);
  EXPECT_THAT(kills_, SizeIs(3));
  // One replacement: one more may go. It is bad, too.
  instances_.push_back(AnInstance("new"));
  Set(instances_);
  EXPECT_THAT(kills_, SizeIs(4));
}

TEST_F(HealthCoreTest, OneInstanceMayAlwaysBeKilled) {
  *app_.add_health_checks() = ACheck();
  answer_ = [](const Probe&) { return Answered(500); };
  SetMany(2);
  Pass(100);
  EXPECT_THAT(kills_, SizeIs(1));
}

TEST_F(HealthCoreTest, ARecoveredInstanceIsNotKilledLater) {
  *app_.add_health_checks() = ACheck();
  bool good = false;
  answer_ = [&](const Probe&) { return Answered(good ? 200 : 500); };
  SetMany(2);
  Pass(100);
  ASSERT_THAT(kills_, SizeIs(1));
  good = true;
  Pass(20);
  instances_[kills_[0] == instances_[0].id() ? 0 : 1] = AnInstance("new");
  Set(instances_);
  Pass(100);
  EXPECT_THAT(kills_, SizeIs(1));
}

TEST_F(HealthCoreTest, UnreachableAndDyingInstancesAreLeftAlone) {
  *app_.add_health_checks() = ACheck();
  answer_ = [](const Probe&) { return Refused(); };
  Instance unreachable = AnInstance("u");
  unreachable.set_condition(Instance::UNREACHABLE);
  Instance dying = AnInstance("d");
  dying.set_kill_wanted(true);
  Instance staging = AnInstance("s");
  staging.set_condition(Instance::STAGING);
  Set({unreachable, dying, staging});
  Pass(100);
  EXPECT_THAT(probes_, IsEmpty());
  unreachable.set_condition(Instance::RUNNING);
  Set({unreachable, dying, staging});
  Pass(1);
  EXPECT_THAT(probes_, SizeIs(1));
}

TEST_F(HealthCoreTest, ProbesAreSpreadOverTheInterval) {
  *app_.add_health_checks() = ACheck();
  app_.mutable_health_checks(0)->set_interval_seconds(100);
  SetMany(200);
  Pass(200);
  for (int slice = 0; slice < 10; ++slice) {
    probes_.clear();
    Pass(10);
    EXPECT_GE(probes_.size(), 15U) << slice;
    EXPECT_LE(probes_.size(), 25U) << slice;
  }
}

TEST_F(HealthCoreTest, ProbesUnderWayAreBounded) {
  *app_.add_health_checks() = ACheck();
  answer_ = nullptr;
  SetMany(1'000);
  Pass(2);
  EXPECT_EQ(probes_.size(), HealthCore::kMaxProbesAtOnce);
  // Each answer makes room for another.
  ProbeResult result = Answered(200);
  result.id = probes_[0].id;
  Take(health_.Handle(result, Clock()));
  EXPECT_EQ(probes_.size(), HealthCore::kMaxProbesAtOnce + 1);
  // Without answers they count as failed some time.
  Pass(40);
  EXPECT_GE(failed_, HealthCore::kMaxProbesAtOnce - 1);
}

TEST_F(HealthCoreTest, HealthIsKeptOverAFailover) {
  *app_.add_health_checks() = ACheck();
  app_.mutable_health_checks(0)->set_grace_period_seconds(10'000);
  Instance healthy = AnInstance("h");
  healthy.set_healthy(true);
  healthy.set_first_healthy_at(kT0 - 5'000);
  Instance unhealthy = AnInstance("u");
  unhealthy.set_healthy(false);
  unhealthy.set_first_healthy_at(kT0 - 5'000);
  answer_ = [](const Probe& probe) {
    return probe.target.host == "host-h" ? Answered(200) : Refused();
  };
  Set({healthy, unhealthy});
  EXPECT_TRUE(health_.HealthOf("h")[0].alive);
  EXPECT_FALSE(health_.HealthOf("u")[0].alive);
  Pass(15);
  EXPECT_THAT(told_, IsEmpty());  // Nothing is other than it was.
  EXPECT_EQ(health_.HealthOf("u")[0].first_success_ms, kT0 - 5'000);
  Pass(30);
  EXPECT_THAT(kills_, ElementsAre("u"));
}

TEST_F(HealthCoreTest, ForgottenInstancesAreNotAskedAnyMore) {
  *app_.add_health_checks() = ACheck();
  Set({AnInstance("i"), AnInstance("j")});
  Pass(1);
  (void)health_.TakeChanged();
  Set({AnInstance("j")});
  EXPECT_THAT(health_.TakeChanged(), ::testing::Contains("i"));
  EXPECT_THAT(health_.HealthOf("i"), IsEmpty());
  probes_.clear();
  Pass(50);
  for (const Probe& probe : probes_) EXPECT_EQ(probe.target.host, "host-j");
  Take(health_.Forget("/a"));
  EXPECT_EQ(health_.NextTime(), std::nullopt);
  ProbeResult stray = Answered(200);
  stray.id = 12345;
  Take(health_.Handle(stray, Clock()));
}

TEST_F(HealthCoreTest, Readiness) {
  internal::AppReadinessCheck* check = app_.add_readiness_checks();
  check->set_name("ready");
  check->set_path("/ready");
  check->set_port_name("http-api");
  check->set_interval_seconds(30);
  check->set_timeout_seconds(2);
  check->add_http_status_codes_for_ready(201);
  check->set_preserve_last_response(true);
  int answers = 0;
  answer_ = [&](const Probe& probe) {
    EXPECT_TRUE(probe.target.keep_body);
    EXPECT_EQ(probe.target.port, 31000U);
    ProbeResult result = Answered(++answers < 3 ? 200 : 201);
    result.body = "body";
    result.content_type = "text/plain";
    return result;
  };
  Set({AnInstance("i")});
  Pass(2);
  EXPECT_THAT(ready_, IsEmpty());
  std::vector<Readiness> readiness = health_.ReadinessOf("i");
  ASSERT_THAT(readiness, SizeIs(1));
  EXPECT_EQ(readiness[0].name, "ready");
  EXPECT_FALSE(readiness[0].ready);
  EXPECT_EQ(readiness[0].status, 200);
  EXPECT_EQ(readiness[0].body, "body");
  Pass(20);
  EXPECT_THAT(ready_, ElementsAre("i"));
  EXPECT_TRUE(health_.ReadinessOf("i")[0].ready);
  Pass(1'000);
  EXPECT_EQ(answers, 3);  // Once ready, it is not asked again.
  EXPECT_THAT(kills_, IsEmpty());
}

TEST_F(HealthCoreTest, AReadyInstanceIsNotAskedAfterAFailover) {
  app_.add_readiness_checks()->set_interval_seconds(1);
  Instance instance = AnInstance("i");
  instance.set_ready(true);
  Set({instance});
  Pass(100);
  EXPECT_THAT(probes_, IsEmpty());
}

TEST(ProbeTargetTest, HostsAndPorts) {
  Instance instance;
  instance.set_host("agent");
  instance.add_ip_addresses("10.0.0.7");
  instance.add_host_ports(31000);
  instance.add_host_ports(31001);
  AppSpec host_app;
  host_app.add_port_definitions();
  host_app.add_port_definitions();
  AppSpec mapped;
  mapped.add_networks()->set_mode(internal::AppNetwork::CONTAINER);
  mapped.mutable_container()->add_port_mappings()->set_container_port(80);  // No host port.
  mapped.mutable_container()->add_port_mappings()->set_host_port(0);
  struct Row {
    const AppSpec* app;
    std::optional<uint32_t> port;
    uint32_t index;
    std::string host;
    uint32_t expected;
  };
  for (const Row& row : std::vector<Row>{{&host_app, {}, 0, "agent", 31000},
                                         {&host_app, {}, 1, "agent", 31001},
                                         {&host_app, {}, 2, "agent", 0},
                                         {&host_app, 8080, 0, "agent", 8080},
                                         {&mapped, {}, 0, "10.0.0.7", 80},
                                         {&mapped, {}, 1, "agent", 31000},
                                         {&mapped, 8080, 0, "10.0.0.7", 8080}}) {
    internal::AppHealthCheck check = ACheck();
    check.clear_port_index();
    if (row.port)
      check.set_port(*row.port);
    else
      check.set_port_index(row.index);
    check.set_path("x");
    const ProbeTarget target = TargetOf(*row.app, instance, check);
    EXPECT_EQ(target.host, row.host);
    EXPECT_EQ(target.port, row.expected);
    EXPECT_EQ(target.path, "/x");
  }
}

}  // namespace
}  // namespace meseta::services
