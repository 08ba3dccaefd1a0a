// What each task state makes of an instance in each condition: the whole table, then health, kills
// and the passing of time.
#include "frameworks/services/instances/instance_core.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace meseta::services {
namespace {

using Kind = InstanceChange::Kind;

constexpr int64_t kNow = 1'000'000;

const std::vector<Condition> kLive = {
    Instance::PROVISIONED, Instance::STAGING,     Instance::STARTING,            Instance::RUNNING,
    Instance::KILLING,     Instance::UNREACHABLE, Instance::UNREACHABLE_INACTIVE};

Instance In(Condition condition) {
  Instance instance;
  instance.set_id("web.instance-1");
  instance.set_task_id("web.instance-1._app.1");
  instance.set_app("/web");
  instance.set_agent_id("agent-1");
  instance.set_condition(condition);
  instance.set_staged_at(kNow - 60'000);
  if (condition == Instance::UNREACHABLE || condition == Instance::UNREACHABLE_INACTIVE) {
    instance.set_unreachable_since(kNow - 1'000);
  }
  return instance;
}

v1::TaskStatus Said(v1::TaskState state) {
  v1::TaskStatus status;
  status.mutable_task_id()->set_value("web.instance-1._app.1");
  status.mutable_agent_id()->set_value("agent-1");
  status.set_state(state);
  return status;
}

AppSpec Patient() {
  AppSpec app;
  app.set_id("/web");
  app.mutable_unreachable_strategy()->set_inactive_after_seconds(300);
  app.mutable_unreachable_strategy()->set_expunge_after_seconds(600);
  return app;
}

AppSpec Checked(internal::AppHealthCheck::Protocol protocol) {
  AppSpec app = Patient();
  app.add_health_checks()->set_protocol(protocol);
  return app;
}

// "-" : nothing changes; "end:Failed"; else the new condition.
std::string Outcome(Condition before, v1::TaskState said) {
  const AppSpec app = Patient();
  const InstanceChange change = OnStatus(In(before), Said(said), &app, kNow);
  if (change.kind == Kind::kNone) return "-";
  const std::string name(ConditionName(change.instance.condition()));
  return change.kind == Kind::kEnded ? "end:" + name : name;
}

TEST(InstanceCoreTest, WhatIsSaidOfALiveTaskBecomesItsCondition) {
  struct Row {
    v1::TaskState said;
    // From Provisioned, Staging, Starting, Running, Killing, Unreachable, UnreachableInactive.
    std::vector<std::string> becomes;
  };
  const std::vector<Row> table = {
      {v1::TASK_STAGING, {"Staging", "-", "-", "-", "-", "Staging", "Staging"}},
      {v1::TASK_STARTING, {"Starting", "Starting", "-", "-", "-", "Starting", "Starting"}},
      {v1::TASK_RUNNING, {"Running", "Running", "Running", "Running", "-", "Running", "Running"}},
      {v1::TASK_KILLING, {"Killing", "Killing", "Killing", "Killing", "-", "Killing", "Killing"}},
      {v1::TASK_UNREACHABLE,
       {"Unreachable", "Unreachable", "Unreachable", "Unreachable", "Unreachable", "-", "-"}},
  };
  for (const Row& row : table) {
    for (size_t i = 0; i < kLive.size(); ++i) {
      EXPECT_EQ(Outcome(kLive[i], row.said), row.becomes[i])
          << v1::TaskState_Name(row.said) << " in " << ConditionName(kLive[i]);
    }
  }
}

TEST(InstanceCoreTest, ARunningTaskThatWasAlreadyKnownChangesNothing) {
  Instance instance = In(Instance::RUNNING);
  instance.set_started_at(kNow - 5'000);
  const AppSpec app = Patient();
  EXPECT_EQ(OnStatus(instance, Said(v1::TASK_RUNNING), &app, kNow).kind, Kind::kNone);
}

TEST(InstanceCoreTest, EveryEndIsTheSameFromEveryCondition) {
  struct Row {
    v1::TaskState said;
    Condition end;
    bool failed;
    bool delays;
  };
  const std::vector<Row> table = {
      {v1::TASK_FINISHED, Instance::FINISHED, false, true},
      {v1::TASK_FAILED, Instance::FAILED, true, true},
      {v1::TASK_KILLED, Instance::KILLED, false, false},
      {v1::TASK_ERROR, Instance::ERROR, true, true},
      {v1::TASK_DROPPED, Instance::DROPPED, true, true},
      {v1::TASK_GONE, Instance::GONE, true, true},
      {v1::TASK_GONE_BY_OPERATOR, Instance::GONE, true, true},
      {v1::TASK_UNKNOWN, Instance::UNKNOWN, true, false},
  };
  const AppSpec app = Patient();
  for (const Row& row : table) {
    for (const Condition before : kLive) {
      for (const bool wanted : {false, true}) {
        Instance instance = In(before);
        if (wanted) instance = WantKill(instance, "scaling").instance;
        const InstanceChange change = OnStatus(instance, Said(row.said), &app, kNow);
        const std::string what = v1::TaskState_Name(row.said) + " in " +
                                 std::string(ConditionName(before)) + (wanted ? ", wanted" : "");
        EXPECT_EQ(change.kind, Kind::kEnded) << what;
        EXPECT_EQ(change.instance.condition(), row.end) << what;
        // A task that was to end has not failed, whatever it says on its way.
        EXPECT_EQ(change.failed, row.failed && !wanted) << what;
        EXPECT_EQ(change.delays_launch, row.delays && !wanted) << what;
      }
    }
  }
}

TEST(InstanceCoreTest, LostTasksMayComeBackDependingOnTheReason) {
  const AppSpec app = Patient();
  v1::TaskStatus status = Said(v1::TASK_LOST);
  status.set_reason(v1::TaskStatus::REASON_AGENT_REMOVED);
  EXPECT_EQ(OnStatus(In(Instance::RUNNING), status, &app, kNow).instance.condition(),
            Instance::UNREACHABLE);
  status.set_reason(v1::TaskStatus::REASON_TASK_UNKNOWN);
  EXPECT_EQ(OnStatus(In(Instance::RUNNING), status, &app, kNow).instance.condition(),
            Instance::UNKNOWN);
  status.set_reason(v1::TaskStatus::REASON_AGENT_RESTARTED);
  EXPECT_EQ(OnStatus(In(Instance::RUNNING), status, &app, kNow).instance.condition(),
            Instance::GONE);
}

TEST(InstanceCoreTest, AStatusOfAnotherTaskIsNotItsOwn) {
  const AppSpec app = Patient();
  v1::TaskStatus status = Said(v1::TASK_FAILED);
  status.mutable_task_id()->set_value("web.instance-1._app.2");
  EXPECT_EQ(OnStatus(In(Instance::RUNNING), status, &app, kNow).kind, Kind::kNone);
}

TEST(InstanceCoreTest, RunningKeepsWhereItRunsAndSinceWhen) {
  const AppSpec app = Patient();
  v1::TaskStatus status = Said(v1::TASK_RUNNING);
  status.mutable_container_status()->add_network_infos()->add_ip_addresses()->set_ip_address(
      "10.0.0.7");
  InstanceChange change = OnStatus(In(Instance::STAGING), status, &app, kNow);
  EXPECT_EQ(change.instance.started_at(), kNow);
  ASSERT_EQ(change.instance.ip_addresses_size(), 1);
  EXPECT_EQ(change.instance.ip_addresses(0), "10.0.0.7");
  EXPECT_EQ(OnStatus(change.instance, status, &app, kNow + 5).kind, Kind::kNone);
}

TEST(InstanceCoreTest, AgentsHealthCountsAlone) {
  const AppSpec app = Checked(internal::AppHealthCheck::MESOS_HTTP);
  v1::TaskStatus status = Said(v1::TASK_RUNNING);
  status.set_healthy(true);
  InstanceChange change = OnStatus(In(Instance::RUNNING), status, &app, kNow);
  EXPECT_TRUE(change.health_changed);
  EXPECT_TRUE(change.instance.healthy());
  EXPECT_EQ(change.instance.first_healthy_at(), kNow);
  EXPECT_EQ(OnStatus(change.instance, status, &app, kNow + 1).kind, Kind::kNone);
  status.set_healthy(false);
  change = OnStatus(change.instance, status, &app, kNow + 2);
  EXPECT_TRUE(change.health_changed);
  EXPECT_FALSE(change.instance.healthy());
  EXPECT_EQ(change.instance.first_healthy_at(), kNow);
}

TEST(InstanceCoreTest, AgentsHealthOfAnAppThatHasNoSuchCheckIsNotLookedAt) {
  v1::TaskStatus status = Said(v1::TASK_RUNNING);
  status.set_healthy(false);
  const AppSpec checked_here = Checked(internal::AppHealthCheck::HTTP);
  EXPECT_FALSE(OnStatus(In(Instance::STAGING), status, &checked_here, kNow).health_changed);
  const AppSpec unchecked = Patient();
  EXPECT_FALSE(OnStatus(In(Instance::STAGING), status, &unchecked, kNow).health_changed);
}

TEST(InstanceCoreTest, HealthAndReadinessChangeOnce) {
  InstanceChange change = OnHealth(In(Instance::RUNNING), true, kNow);
  EXPECT_EQ(change.kind, Kind::kUpdated);
  EXPECT_TRUE(change.health_changed);
  EXPECT_EQ(OnHealth(change.instance, true, kNow + 1).kind, Kind::kNone);
  change = OnHealth(change.instance, false, kNow + 2);
  EXPECT_EQ(change.kind, Kind::kUpdated);
  EXPECT_EQ(change.instance.first_healthy_at(), kNow);

  change = OnReady(In(Instance::RUNNING));
  EXPECT_TRUE(change.instance.ready());
  EXPECT_EQ(OnReady(change.instance).kind, Kind::kNone);
}

TEST(InstanceCoreTest, AKillIsWantedOnceAndItsFirstReasonStays) {
  InstanceChange change = WantKill(In(Instance::RUNNING), "scaling");
  EXPECT_EQ(change.kind, Kind::kUpdated);
  EXPECT_EQ(change.instance.kill_reason(), "scaling");
  EXPECT_EQ(WantKill(change.instance, "upgrade").kind, Kind::kNone);
}

TEST(InstanceCoreTest, UnreachableIsReplacedThenForgotten) {
  const AppSpec app = Patient();
  v1::TaskStatus status = Said(v1::TASK_UNREACHABLE);
  status.mutable_unreachable_time()->set_nanoseconds((kNow - 10'000) * 1'000'000);
  const Instance away = OnStatus(In(Instance::RUNNING), status, &app, kNow).instance;
  EXPECT_EQ(away.condition(), Instance::UNREACHABLE);
  EXPECT_EQ(away.unreachable_since(), kNow - 10'000);

  EXPECT_EQ(NextTimeMs(away, &app), kNow + 290'000);
  EXPECT_EQ(OnTime(away, &app, kNow + 289'999).kind, Kind::kNone);
  const Instance given_up = OnTime(away, &app, kNow + 290'000).instance;
  EXPECT_EQ(given_up.condition(), Instance::UNREACHABLE_INACTIVE);

  EXPECT_EQ(NextTimeMs(given_up, &app), kNow + 590'000);
  EXPECT_EQ(OnTime(given_up, &app, kNow + 589'999).kind, Kind::kNone);
  const InstanceChange end = OnTime(given_up, &app, kNow + 590'000);
  EXPECT_EQ(end.kind, Kind::kEnded);
  EXPECT_EQ(end.instance.condition(), Instance::UNKNOWN);

  const Instance back = OnStatus(given_up, Said(v1::TASK_RUNNING), &app, kNow).instance;
  EXPECT_EQ(back.condition(), Instance::RUNNING);
  EXPECT_FALSE(back.has_unreachable_since());
  EXPECT_EQ(NextTimeMs(back, &app), std::nullopt);
}

TEST(InstanceCoreTest, WithoutPatienceItIsReplacedAtOnceButForgottenLater) {
  AppSpec app;
  const InstanceChange change =
      OnStatus(In(Instance::RUNNING), Said(v1::TASK_UNREACHABLE), &app, kNow);
  EXPECT_EQ(change.kind, Kind::kUpdated);
  EXPECT_EQ(change.instance.condition(), Instance::UNREACHABLE_INACTIVE);
  EXPECT_EQ(NextTimeMs(change.instance, &app), kNow + 30'000);
}

TEST(InstanceCoreTest, ADisabledStrategyWaitsForever) {
  AppSpec app;
  app.mutable_unreachable_strategy()->set_disabled(true);
  Instance away = OnStatus(In(Instance::RUNNING), Said(v1::TASK_UNREACHABLE), &app, kNow).instance;
  for (const bool wanted : {false, true}) {
    if (wanted) away = WantKill(away, "upgrade").instance;
    EXPECT_EQ(away.condition(), Instance::UNREACHABLE);
    EXPECT_EQ(NextTimeMs(away, &app), std::nullopt);
    EXPECT_EQ(OnTime(away, &app, kNow + 1'000'000'000).kind, Kind::kNone);
  }
}

TEST(InstanceCoreTest, AnUnreachableOneThatIsToGoIsNotAwaitedLongerThanAReplacement) {
  const AppSpec app = Patient();
  Instance away =
      OnStatus(In(Instance::RUNNING), Said(v1::TASK_UNREACHABLE), &app, kNow).instance;
  away = WantKill(away, "upgrade").instance;
  EXPECT_EQ(NextTimeMs(away, &app), kNow + 300'000);
  const InstanceChange end = OnTime(away, &app, kNow + 300'000);
  EXPECT_EQ(end.kind, Kind::kEnded);
  EXPECT_FALSE(end.failed);

  // Of an app that is gone, not at all.
  EXPECT_EQ(OnTime(away, nullptr, kNow).kind, Kind::kEnded);
  EXPECT_EQ(OnStatus(In(Instance::RUNNING), Said(v1::TASK_UNREACHABLE), nullptr, kNow).kind,
            Kind::kEnded);
}

TEST(InstanceCoreTest, TimeAloneDoesNothingToTheOthers) {
  const AppSpec app;
  for (const Condition condition : kLive) {
    if (condition >= Instance::UNREACHABLE) continue;
    EXPECT_EQ(NextTimeMs(In(condition), &app), std::nullopt);
    EXPECT_EQ(OnTime(In(condition), &app, kNow * 1'000).kind, Kind::kNone);
    EXPECT_EQ(OnTime(In(condition), nullptr, kNow * 1'000).kind, Kind::kNone);
  }
}

TEST(InstanceCoreTest, Names) {
  EXPECT_EQ(ConditionName(Instance::UNREACHABLE_INACTIVE), "UnreachableInactive");
  EXPECT_EQ(TaskStateName(Instance::PROVISIONED), "TASK_STAGING");
  EXPECT_EQ(TaskStateName(Instance::UNREACHABLE_INACTIVE), "TASK_UNREACHABLE");
  for (int i = 0; i < Instance::Condition_ARRAYSIZE; ++i) {
    const auto condition = static_cast<Condition>(i);
    EXPECT_EQ(IsTerminal(condition), i >= Instance::FINISHED);
    v1::TaskState state;
    ASSERT_TRUE(v1::TaskState_Parse(std::string(TaskStateName(condition)), &state));
    if (IsTerminal(condition)) {
      EXPECT_EQ(ConditionOf(state), condition);
    }
  }
}

}  // namespace
}  // namespace meseta::services
