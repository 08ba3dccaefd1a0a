#include "agent/checks/check_core.h"

#include <gtest/gtest.h>

namespace meseta::agent {
namespace {

constexpr Time kStart = Time::FromNanos(1'000'000'000);

Time At(double seconds) { return kStart + Duration::FromSecondsDouble(seconds); }

v1::TaskInfo Health(uint32_t failures, double grace) {
  v1::TaskInfo task;
  auto& check = *task.mutable_health_check();
  check.set_type(v1::HealthCheck::HTTP);
  check.mutable_http()->set_port(80);
  check.set_delay_seconds(1);
  check.set_interval_seconds(2);
  check.set_consecutive_failures(failures);
  check.set_grace_period_seconds(grace);
  return task;
}

CheckNews Answer(CheckCore& core, CheckKind kind, std::optional<int> answer, double at) {
  EXPECT_EQ(core.Begin(At(at)), std::vector<CheckKind>{kind}) << at;
  return core.Finished(kind, ProbeResult{1, answer, ""}, At(at));
}

TEST(CheckCore, DelayThenIntervalAfterTheEndOfEach) {
  CheckCore core(Health(3, 0), {}, Duration(), 0, kStart);
  EXPECT_EQ(core.wake_at(), At(1));
  EXPECT_TRUE(core.Begin(At(0.9)).empty());
  EXPECT_EQ(core.Begin(At(1)).size(), 1U);
  EXPECT_EQ(core.wake_at(), std::nullopt);
  (void)core.Finished(CheckKind::kHealth, ProbeResult{1, 200, ""}, At(5));
  EXPECT_EQ(core.wake_at(), At(7));
}

TEST(CheckCore, StatusesFrom200To399AreHealthy) {
  for (const auto& [status, healthy] :
       std::vector<std::pair<int, bool>>{{199, false}, {200, true}, {399, true}, {400, false}}) {
    CheckCore core(Health(3, 0), {}, Duration(), 0, kStart);
    EXPECT_EQ(Answer(core, CheckKind::kHealth, status, 1).healthy, healthy) << status;
  }
}

TEST(CheckCore, FailuresInARowKillAndASuccessEndsTheRow) {
  CheckCore core(Health(2, 0), {}, Duration(), 0, kStart);
  EXPECT_FALSE(Answer(core, CheckKind::kHealth, std::nullopt, 1).kill);
  EXPECT_EQ(Answer(core, CheckKind::kHealth, 200, 3).healthy, true);
  EXPECT_EQ(Answer(core, CheckKind::kHealth, 200, 5).healthy, std::nullopt);
  EXPECT_FALSE(Answer(core, CheckKind::kHealth, 500, 7).kill);
  const CheckNews last = Answer(core, CheckKind::kHealth, 500, 9);
  EXPECT_TRUE(last.kill);
  EXPECT_EQ(last.healthy, false);
}

TEST(CheckCore, ZeroConsecutiveFailuresKillAtTheFirst) {
  CheckCore core(Health(0, 0), {}, Duration(), 0, kStart);
  EXPECT_TRUE(Answer(core, CheckKind::kHealth, 500, 1).kill);
}

TEST(CheckCore, GraceEndsWithTheFirstSuccess) {
  CheckCore core(Health(1, 100), {}, Duration(), 0, kStart);
  EXPECT_EQ(Answer(core, CheckKind::kHealth, 500, 1).healthy, std::nullopt);
  EXPECT_EQ(Answer(core, CheckKind::kHealth, 200, 3).healthy, true);
  EXPECT_TRUE(Answer(core, CheckKind::kHealth, 500, 5).kill);
}

TEST(CheckCore, GraceEndsWithItsTime) {
  CheckCore core(Health(1, 4), {}, Duration(), 0, kStart);
  EXPECT_FALSE(Answer(core, CheckKind::kHealth, 500, 4).kill);
  EXPECT_TRUE(Answer(core, CheckKind::kHealth, 500, 6).kill);
}

TEST(CheckCore, ARestartKeepsTheRowOfFailures) {
  CheckHistory history;
  history.healthy = false;
  history.failures = 2;
  CheckCore core(Health(3, 100), history, Duration::Seconds(50), 0.5, kStart);
  EXPECT_EQ(core.wake_at(), At(1));  // Half an interval.
  EXPECT_TRUE(Answer(core, CheckKind::kHealth, 500, 1).kill);
}

TEST(CheckCore, GeneralChecksTellChangesOnly) {
  v1::TaskInfo task;
  auto& check = *task.mutable_check();
  check.set_type(v1::CheckInfo::COMMAND);
  check.mutable_command()->mutable_command()->set_value("x");
  check.set_delay_seconds(0);
  check.set_interval_seconds(1);
  CheckCore core(task, {}, Duration(), 0, kStart);
  EXPECT_FALSE(Answer(core, CheckKind::kGeneral, std::nullopt, 0).check_status);
  EXPECT_EQ(Answer(core, CheckKind::kGeneral, 3, 1).check_status->command().exit_code(), 3);
  EXPECT_FALSE(Answer(core, CheckKind::kGeneral, 3, 2).check_status);
  const CheckNews none = Answer(core, CheckKind::kGeneral, std::nullopt, 3);
  ASSERT_TRUE(none.check_status);
  EXPECT_FALSE(none.check_status->command().has_exit_code());
}

}  // namespace
}  // namespace meseta::agent
