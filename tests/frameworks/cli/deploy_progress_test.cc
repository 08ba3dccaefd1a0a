// DeployProgress: when a deployment is done or has failed, and what is told of it.
#include "frameworks/cli/deploy_progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace meseta::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr char kVersion[] = "2026-01-02T00:00:00.000Z";

DeployLook At(int seconds, bool listed, int64_t running, const std::string& why = "") {
  DeployLook look;
  look.elapsed = Duration::Seconds(seconds);
  if (listed) {
    ServiceDeployment deployment;
    deployment.id = "d";
    deployment.step = 1;
    deployment.steps = 2;
    deployment.actions = {"ScaleApplication /web"};
    look.deployment = deployment;
  }
  ServiceApp app;
  app.id = "/web";
  app.wanted = 2;
  app.running = running;
  app.version = kVersion;
  DeployLook::App seen;
  seen.id = "/web";
  seen.state = app;
  seen.why = why;
  look.apps.push_back(seen);
  return look;
}

TEST(DeployProgress, IsDoneWhenItHasEndedAndAllRun) {
  DeployProgress progress("d", kVersion, false);
  EXPECT_EQ(progress.Update(At(0, true, 0)), DeployState::kGoing);
  EXPECT_EQ(progress.Update(At(1, true, 2)), DeployState::kGoing) << "still listed";
  EXPECT_EQ(progress.Update(At(2, false, 1)), DeployState::kGoing) << "a moment to settle";
  EXPECT_EQ(progress.Update(At(3, false, 2)), DeployState::kDone);
  EXPECT_EQ(progress.Summary(), "done after 3s");
}

TEST(DeployProgress, UnhealthyInstancesAreNotDone) {
  DeployProgress progress("d", kVersion, false);
  DeployLook look = At(1, false, 2);
  look.apps[0].state->checked = true;
  look.apps[0].state->healthy = 1;
  EXPECT_EQ(progress.Update(look), DeployState::kGoing);
  look.elapsed = Duration::Seconds(5);
  EXPECT_EQ(progress.Update(look), DeployState::kFailed);
  EXPECT_THAT(progress.Summary(), HasSubstr("/web: 2 of 2 running, 1 healthy: the deployment ended"));
}

TEST(DeployProgress, ANewerVersionMeansItWasReplaced) {
  DeployProgress progress("d", kVersion, false);
  DeployLook look = At(1, false, 2);
  look.apps[0].state->version = "2026-01-02T00:00:05.000Z";
  EXPECT_EQ(progress.Update(look), DeployState::kFailed);
  EXPECT_THAT(progress.Summary(), HasSubstr("rolled it back"));
}

TEST(DeployProgress, RemovalEndsWithTheApp) {
  DeployProgress progress("d", kVersion, true);
  EXPECT_EQ(progress.Update(At(1, false, 2)), DeployState::kGoing);
  DeployLook look = At(2, false, 0);
  look.apps[0].state.reset();
  EXPECT_EQ(progress.Update(look), DeployState::kDone);
  DeployProgress cancelled("d", kVersion, true);
  EXPECT_EQ(cancelled.Update(At(1, false, 2)), DeployState::kGoing);
  EXPECT_EQ(cancelled.Update(At(9, false, 2)), DeployState::kFailed);
}

TEST(DeployProgress, TellsEachChangeOnce) {
  DeployProgress progress("d", kVersion, false);
  progress.Update(At(1, true, 1, "no agent has\n8 GB"));
  EXPECT_THAT(progress.Changes(),
              ElementsAre("1s  deployment d step 1 of 2: ScaleApplication /web",
                          "1s  /web: 1 of 2 running", "1s  /web waits: no agent has?8 GB"));
  progress.Update(At(2, true, 1, "no agent has\n8 GB"));
  EXPECT_THAT(progress.Changes(), IsEmpty());
  progress.Update(At(3, true, 2));
  EXPECT_THAT(progress.Changes(), ElementsAre("3s  /web: 2 of 2 running"));
}

TEST(DeployProgress, LinesOfTheDisplayFitTheTerminal) {
  DeployProgress progress("d", kVersion, false);
  progress.Update(At(1, true, 1, std::string(100, 'x') + "\xc3\xa4"));
  for (const size_t width : {10, 40, 115, 118}) {
    const auto lines = progress.Display(width);
    ASSERT_EQ(lines.size(), 3);
    for (const std::string& line : lines) {
      EXPECT_LE(line.size(), width);
      EXPECT_NE(line.back(), '\xc3') << "no half character";
    }
  }
}

}  // namespace
}  // namespace meseta::cli
