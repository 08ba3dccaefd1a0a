// Goal: whatever happens in whatever phase, a container ends exactly once and with the right event.
#include "agent/containerizer/container_core.h"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include <csignal>

namespace meseta::agent {
namespace {

using Phase = ContainerCore::Phase;
using Cause = ContainerExited::Cause;

const ContainerExited* Exited(const ContainerCore::Effects& effects) {
  return effects.report.has_value() ? std::get_if<ContainerExited>(&*effects.report) : nullptr;
}

const ContainerFailed* Failed(const ContainerCore::Effects& effects) {
  return effects.report.has_value() ? std::get_if<ContainerFailed>(&*effects.report) : nullptr;
}

ContainerCore Core() { return ContainerCore(ContainerId("c"), false); }

void Drive(ContainerCore& core, Phase phase) {
  if (core.phase() == phase) return;
  (void)core.Launch(true);
  if (phase == Phase::kPreparing) return;
  (void)core.Prepared(OkStatus());
  if (phase == Phase::kFetching) return;
  (void)core.Fetched(OkStatus());
  if (phase == Phase::kSpawning) return;
  (void)core.Spawned(OkStatus());
  if (phase == Phase::kAwaitingReady) return;
  (void)core.Handle(ShimReady{});
  if (phase == Phase::kStarting) return;
  (void)core.Handle(ShimStarted{9, 1});
}

TEST(ContainerCore, TheWholeWay) {
  ContainerCore core = Core();
  EXPECT_TRUE(core.Launch(true).prepare);
  EXPECT_TRUE(core.Prepared(OkStatus()).fetch);
  EXPECT_TRUE(core.Fetched(OkStatus()).spawn);
  EXPECT_TRUE(core.Spawned(OkStatus()).start_channel);
  EXPECT_TRUE(core.Handle(ShimReady{}).send_go);
  const auto started = core.Handle(ShimStarted{77, 1});
  EXPECT_EQ(std::get<ContainerStarted>(*started.report).pid, 77);
  const auto ended = core.Handle(ShimExited{256, shim::ExitCause::kSelf});
  ASSERT_NE(Exited(ended), nullptr);
  EXPECT_EQ(Exited(ended)->wait_status, 256);
  EXPECT_FALSE(core.Handle(ShimGone{}).report.has_value());
}

TEST(ContainerCore, WithoutUrisNothingIsFetched) {
  ContainerCore core = Core();
  const auto effects = core.Launch(false);
  EXPECT_TRUE(effects.prepare && effects.spawn);
  EXPECT_FALSE(effects.fetch);
  EXPECT_TRUE(core.Spawned(OkStatus()).start_channel);
}

TEST(ContainerCore, EachStepMayFail) {
  ContainerCore a = Core();
  Drive(a, Phase::kPreparing);
  EXPECT_EQ(Failed(a.Prepared(NotFound("no user")))->status.message(),
            "Failed to launch container: no user");
  ContainerCore b = Core();
  Drive(b, Phase::kFetching);
  EXPECT_EQ(Failed(b.Fetched(Unavailable("404")))->status.message(),
            "Failed to launch container: Failed to fetch all URIs for container 'c': 404");
  ContainerCore unprepared = Core();
  (void)unprepared.Launch(false);
  EXPECT_NE(Failed(unprepared.Spawned(NotFound("no user"))), nullptr);
  ContainerCore c = Core();
  Drive(c, Phase::kSpawning);
  EXPECT_NE(Failed(c.Spawned(ResourceExhausted("files"))), nullptr);
  ContainerCore d = Core();
  Drive(d, Phase::kAwaitingReady);
  EXPECT_NE(Failed(d.Handle(ShimGone{})), nullptr);
  ContainerCore e = Core();
  Drive(e, Phase::kStarting);
  EXPECT_NE(Failed(e.Handle(ShimLaunchFailed{NotFound("exec")})), nullptr);
}

TEST(ContainerCore, KillBeforeTheStartNeedsNoShim) {
  for (const Phase phase :
       {Phase::kPreparing, Phase::kFetching, Phase::kSpawning, Phase::kAwaitingReady}) {
    ContainerCore core = Core();
    Drive(core, phase);
    const auto effects = core.Kill(Duration::Seconds(3));
    ASSERT_NE(Exited(effects), nullptr);
    EXPECT_EQ(Exited(effects)->cause, Cause::kKilled);
    EXPECT_EQ(Exited(effects)->wait_status, SIGTERM);
    EXPECT_EQ(effects.stop_fetch, phase == Phase::kFetching);
    EXPECT_FALSE(core.Prepared(OkStatus()).spawn);
    EXPECT_FALSE(core.Fetched(OkStatus()).spawn);
    const auto late = core.Spawned(OkStatus());
    EXPECT_TRUE(late.start_channel && late.close_channel && !late.report.has_value());
    EXPECT_FALSE(core.Handle(ShimReady{}).send_go);
  }
}

TEST(ContainerCore, KillWhileItRunsGoesToTheShim) {
  for (const Phase phase : {Phase::kStarting, Phase::kRunning}) {
    ContainerCore core = Core();
    Drive(core, phase);
    EXPECT_EQ(core.Kill(Duration::Seconds(4)).send_kill, Duration::Seconds(4));
    EXPECT_EQ(core.Kill(Duration::Seconds(1)).send_kill, Duration::Seconds(1));
  }
}

TEST(ContainerCore, VanishedShimAsksTheFile) {
  ContainerCore core = Core();
  Drive(core, Phase::kRunning);
  EXPECT_TRUE(core.Handle(ShimGone{}).read_exit);
  EXPECT_FALSE(core.Handle(ShimGone{}).read_exit);
  EXPECT_EQ(Exited(core.ExitRead(ShimExited{9, shim::ExitCause::kKilled}))->cause, Cause::kKilled);
  ContainerCore lost = Core();
  Drive(lost, Phase::kRunning);
  (void)lost.Handle(ShimGone{});
  EXPECT_EQ(Exited(lost.ExitRead(std::nullopt))->cause, Cause::kLost);
}

TEST(ContainerCore, RecoverFindsRunningEndedAndLost) {
  ContainerCore running = Core();
  EXPECT_TRUE(running.Recover().inspect);
  EXPECT_TRUE(running.Inspected({std::nullopt, true, 5}).start_channel);
  const auto recovered = running.Handle(ShimStarted{8, 1});
  EXPECT_EQ(std::get<ContainerRecovered>(*recovered.report).pid, 8);
  EXPECT_NE(Exited(running.Handle(ShimExited{0, shim::ExitCause::kSelf})), nullptr);

  ContainerCore ended = Core();
  (void)ended.Recover();
  EXPECT_EQ(Exited(ended.Inspected({ShimExited{512, shim::ExitCause::kSelf}, false, 0}))->wait_status,
            512);
  ContainerCore lost = Core();
  (void)lost.Recover();
  EXPECT_EQ(Exited(lost.Inspected({}))->cause, Cause::kLost);
}

TEST(ContainerCore, KillDuringRecoveryIsNotForgotten) {
  ContainerCore core = Core();
  (void)core.Recover();
  EXPECT_FALSE(core.Kill(Duration::Seconds(9)).send_kill.has_value());
  (void)core.Kill(Duration::Seconds(2));
  EXPECT_EQ(core.Inspected({std::nullopt, true, 5}).send_kill, Duration::Seconds(2));
}

TEST(ContainerCore, OrphansAreKilledAndNotReported) {
  ContainerCore core(ContainerId("o"), true);
  (void)core.Recover();
  EXPECT_EQ(core.Inspected({std::nullopt, true, 5}).send_kill, Duration());
  EXPECT_FALSE(core.Handle(ShimStarted{8, 1}).report.has_value());
  EXPECT_FALSE(core.Handle(ShimExited{9, shim::ExitCause::kKilled}).report.has_value());
  EXPECT_TRUE(core.ended());
}

// Any sequence of events reports at most one end, and nothing after it.
RC_GTEST_PROP(ContainerCoreProperty, EndsAtMostOnce, (bool recover, std::vector<uint8_t> events)) {
  ContainerCore core = Core();
  (void)(recover ? core.Recover() : core.Launch(events.size() % 2 == 0));
  int ends = 0;
  int starts = 0;
  for (const uint8_t event : events) {
    ContainerCore::Effects effects;
    switch (event % 11) {
      case 0: effects = core.Prepared(event > 200 ? NotFound("x") : OkStatus()); break;
      case 1: effects = core.Fetched(event > 200 ? NotFound("x") : OkStatus()); break;
      case 2: effects = core.Spawned(event > 200 ? NotFound("x") : OkStatus()); break;
      case 3: effects = core.Handle(ShimReady{}); break;
      case 4: effects = core.Handle(ShimStarted{5, 5}); break;
      case 5: effects = core.Handle(ShimGone{}); break;
      case 6: effects = core.Handle(ShimExited{0, shim::ExitCause::kSelf}); break;
      case 7: effects = core.Kill(Duration::Millis(event)); break;
      case 8: effects = core.Handle(ShimLaunchFailed{NotFound("x")}); break;
      case 9:
        if (core.phase() == Phase::kReadingExit) effects = core.ExitRead(std::nullopt);
        break;
      default:
        if (core.phase() == Phase::kInspecting) effects = core.Inspected({std::nullopt, true, 1});
    }
    if (!effects.report.has_value()) continue;
    RC_ASSERT(ends == 0);
    const bool ended = Exited(effects) != nullptr || Failed(effects) != nullptr;
    RC_ASSERT(ended == core.ended());
    ended ? ++ends : ++starts;
    RC_ASSERT(starts <= 1);
  }
}

}  // namespace
}  // namespace meseta::agent
