// meseta-services' documents as rows and texts, in the shape it answers with.
#include "frameworks/cli/service_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace meseta::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr char kApp[] = R"({"app":{"id":"/web","cmd":"run\u001b[31m","cpus":0.1,"mem":32,"instances":2,
  "healthChecks":[{"protocol":"HTTP"}],"version":"2026-01-02T00:00:00.000Z","tasksStaged":1,
  "tasksRunning":1,"tasksHealthy":1,"tasksUnhealthy":0,"deployments":[{"id":"0e471174-fbb4"}],
  "tasks":[{"id":"web.instance-a._app.1","state":"TASK_RUNNING","host":"h","ports":[31000],
            "startedAt":"2026-01-02T00:00:01.000Z","healthCheckResults":[{"alive":true}]},
           {"id":"web.instance-b._app.1","state":"TASK_STAGING","stagedAt":"2026-01-02T00:00:09.000Z"}]}})";

TEST(ServiceRows, ReadsAnApp) {
  const auto app = ReadApp(kApp);
  ASSERT_TRUE(app.ok()) << app.status();
  EXPECT_EQ(app->wanted, 2);
  EXPECT_EQ(app->healthy, 1);
  EXPECT_FALSE(app->complete());
  ASSERT_EQ(app->instances.size(), 2);
  EXPECT_EQ(app->instances[0].health, "healthy");
  EXPECT_THAT(app->instances[0].ports, ElementsAre(31000));
  const std::string details = ServiceDetails(*app, {"2 wait", {}, {}});
  EXPECT_THAT(details, HasSubstr("1 running of 2 wanted, 1 staged"));
  EXPECT_THAT(details, HasSubstr("waits         2 wait"));
  EXPECT_EQ(details.find('\x1b'), std::string::npos);
}

TEST(ServiceRows, Table) {
  const auto app = ReadApp(kApp);
  ASSERT_TRUE(app.ok());
  const std::string table = ServiceTable({{*app, std::string(80, 'x')}});
  EXPECT_THAT(table, HasSubstr("/web  1/2        1        0.1   32   2026-01-02T00:00:00.000Z  0e471174"));
  EXPECT_THAT(table, HasSubstr(std::string(kMaxReason, 'x') + "...\n"));
}

TEST(ServiceRows, ForeignAnswersAreNoCrash) {
  EXPECT_FALSE(ReadApp("[]").ok());
  EXPECT_FALSE(ReadApps("{}").ok());
  EXPECT_FALSE(ReadDeployments("{}").ok());
  EXPECT_FALSE(ReadStarted("{}").ok());
  EXPECT_FALSE(ReadWhy("<html>").ok());
  EXPECT_EQ(ReadApp(R"({"app":{"instances":-4,"tasks":7}})")->wanted, 0);
}

TEST(ServiceRows, Instances) {
  const auto app = ReadApp(kApp);
  ASSERT_TRUE(app.ok());
  EXPECT_EQ(ChooseInstance(*app, "")->id, "web.instance-a._app.1") << "the newest that runs";
  EXPECT_EQ(ChooseInstance(*app, "web.instance-b")->id, "web.instance-b._app.1");
  EXPECT_FALSE(ChooseInstance(*app, "web.instance").ok());
  EXPECT_EQ(ChooseInstance(ServiceApp(), "").status().code(), StatusCode::kNotFound);
}

TEST(ServiceRows, Versions) {
  EXPECT_EQ(*ChooseVersion("/a", {"3", "2", "1"}, ""), "2");
  EXPECT_EQ(*ChooseVersion("/a", {"3", "2", "1"}, "1"), "1");
  EXPECT_EQ(ChooseVersion("/a", {"3"}, "").status().code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(ChooseVersion("/a", {"3"}, "9").status().message(), HasSubstr("service versions /a"));
}

TEST(ServiceRows, Problems) {
  EXPECT_EQ(ApiProblem(R"({"message":"Object is not valid","details":[{"path":"/cpus","errors":["a","b"]}]})"),
            "Object is not valid: /cpus a, b");
  EXPECT_EQ(ApiProblem(R"({"message":"Invalid JSON","details":"line 1"})"), "Invalid JSON: line 1");
  EXPECT_EQ(ApiProblem(" plain "), "plain");
}

TEST(ServiceRows, DryRun) {
  EXPECT_EQ(*DryRunText(R"({"steps":[{"actions":[{"action":"StartApplication","app":"/a"}]}]})"),
            "step 1\n  StartApplication /a\n");
  EXPECT_EQ(*DryRunText(R"({"steps":[]})"), "Nothing would change.\n");
}

}  // namespace
}  // namespace meseta::cli
