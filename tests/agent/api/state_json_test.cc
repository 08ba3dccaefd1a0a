// The agent's JSON documents, metrics and the read model behind them.
#include "agent/api/state_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "actors/base/json/json_parser.h"
#include "agent/api/agent_metrics.h"
#include "agent/api/operator_response.h"
#include "agent/resources_linux.h"

namespace meseta::agent {
namespace {

using ::testing::HasSubstr;
using Stage = ExecutorRecord::Stage;

ExecutorPtr Executor(const std::string& id, Stage stage) {
  auto record = std::make_shared<ExecutorRecord>();
  record->info.mutable_executor_id()->set_value(id);
  record->info.set_name("Command Executor (Task: " + id + ") (Command: sh -c 'true')");
  auto& cpus = *record->info.add_resources();
  cpus.set_name("cpus");
  cpus.set_type(v1::Value::SCALAR);
  cpus.mutable_scalar()->set_value(0.5);
  cpus.mutable_allocation_info()->set_role("*");
  record->task.set_name(id);
  record->task.mutable_task_id()->set_value(id);
  record->task.mutable_framework_id()->set_value("F");
  record->task.mutable_agent_id()->set_value("S0");
  record->task.set_state(v1::TASK_RUNNING);
  *record->task.mutable_resources() = record->info.resources();
  record->container = ContainerId("c-" + id);
  record->sandbox = "/w/" + id;
  record->pid = 42;
  record->stage = stage;
  return record;
}

class StateJsonTest : public ::testing::Test {
 protected:
  StateJsonTest() {
    auto agent = std::make_shared<AgentRecord>();
    agent->info.set_hostname("host");
    agent->info.mutable_id()->set_value("S0");
    *agent->info.mutable_resources() = model::Resources::Parse("cpus:4;mem:1024")->ToProto();
    agent->pid = "slave(1)@127.0.0.1:5051";
    view_.Apply(AgentChanged{agent});
    v1::FrameworkInfo framework;
    framework.set_name("f");
    framework.set_user("u");
    framework.mutable_id()->set_value("F");
    view_.Apply(FrameworkUpserted{std::make_shared<const v1::FrameworkInfo>(framework)});
  }
  boost::json::value State() {
    const std::string text =
        StateJson(*view_.Snapshot(stats_), endpoints::CurrentBuild(), {{"port", "5051"}});
    auto parsed = ParseJson(text);
    EXPECT_TRUE(parsed.ok()) << text;
    return *std::move(parsed);
  }

  AgentView view_{AgentView::Options{2, 1}};
  AgentStats stats_;
};

TEST_F(StateJsonTest, ATaskMovesThroughItsLists) {
  view_.Apply(ExecutorUpserted{Executor("t", Stage::kQueued)});
  auto state = State();
  auto executor = state.at("frameworks").at(0).at("executors").at(0);
  EXPECT_EQ(executor.at("queued_tasks").as_array().size(), 1u);
  EXPECT_EQ(executor.at("tasks").as_array().size(), 0u);
  EXPECT_EQ(executor.at("container").as_string(), "c-t");
  view_.Apply(ExecutorUpserted{Executor("t", Stage::kLaunched)});
  state = State();
  EXPECT_EQ(state.at("frameworks").at(0).at("executors").at(0).at("tasks").as_array().size(), 1u);
  EXPECT_EQ(state.at("unreserved_resources_allocated").at("cpus").as_double(), 0.5);
  view_.Apply(ExecutorUpserted{Executor("t", Stage::kTerminated)});
  EXPECT_EQ(State().at("unreserved_resources_allocated").at("cpus").as_double(), 0.0);
  view_.Apply(ExecutorCompleted{Executor("t", Stage::kCompleted)});
  view_.Apply(FrameworkIdle{FrameworkId("F")});
  state = State();
  EXPECT_EQ(state.at("frameworks").as_array().size(), 0u);
  const auto completed = state.at("completed_frameworks").at(0).at("completed_executors").at(0);
  EXPECT_EQ(completed.at("completed_tasks").at(0).at("id").as_string(), "t");
}

TEST_F(StateJsonTest, HistoryIsBounded) {
  for (const char* id : {"a", "b", "c"}) {
    view_.Apply(ExecutorUpserted{Executor(id, Stage::kLaunched)});
    view_.Apply(ExecutorCompleted{Executor(id, Stage::kCompleted)});
  }
  const auto completed = State().at("frameworks").at(0).at("completed_executors");
  ASSERT_EQ(completed.as_array().size(), 2u);
  EXPECT_EQ(completed.at(0).at("id").as_string(), "b");
}

TEST_F(StateJsonTest, AFrameworkThatComesBackLeavesTheCompletedOnes) {
  view_.Apply(ExecutorCompleted{Executor("a", Stage::kCompleted)});
  view_.Apply(FrameworkIdle{FrameworkId("F")});
  view_.Apply(ExecutorUpserted{Executor("b", Stage::kLaunched)});
  const auto state = State();
  EXPECT_EQ(state.at("frameworks").as_array().size(), 1u);
  EXPECT_EQ(state.at("completed_frameworks").as_array().size(), 0u);
}

TEST_F(StateJsonTest, ContainersCarryUsageAndLimits) {
  const ExecutorPtr executor = Executor("t", Stage::kLaunched);
  v1::ResourceStatistics sample;
  sample.set_timestamp(1);
  sample.set_mem_rss_bytes(4096);
  AddLimits(*executor, &sample);
  const std::string json = ContainersJson({{executor, sample}, {Executor("u", Stage::kLaunched), {}}});
  EXPECT_THAT(json, HasSubstr("\"mem_rss_bytes\":4096"));
  EXPECT_THAT(json, HasSubstr("\"cpus_soft_limit\":0.5"));
  EXPECT_THAT(json, HasSubstr("\"executor_pid\":42"));
  const auto statistics = ParseJson(StatisticsJson({{executor, sample}, {executor, {}}}));
  ASSERT_TRUE(statistics.ok());
  EXPECT_EQ(statistics->as_array().size(), 1u);
}

TEST_F(StateJsonTest, ListsOfStateCallsArePresentWhenEmpty) {
  OperatorResponse response;
  response.set_type(OperatorResponse::GET_TASKS);
  FillGetTasks(*view_.Snapshot(stats_), response.mutable_get_tasks());
  const std::string json = RenderResponse(response, http::ContentType::kJson);
  for (const char* list : {"pending_tasks", "queued_tasks", "launched_tasks", "terminated_tasks",
                           "completed_tasks"}) {
    EXPECT_THAT(json, HasSubstr("\"" + std::string(list) + "\":[]"));
  }
  OperatorResponse back;
  EXPECT_TRUE(back.ParseFromString(RenderResponse(response, http::ContentType::kProtobuf)));
}

TEST_F(StateJsonTest, MetricsCountResourcesAndTasks) {
  view_.Apply(ExecutorUpserted{Executor("t", Stage::kLaunched)});
  stats_.live_tasks[v1::TASK_RUNNING] = 1;
  stats_.terminal_tasks[v1::TASK_FAILED] = 3;
  const auto metrics = AgentMetrics(*view_.Snapshot(stats_), {}, WallTime::FromNanos(2'000'000'000));
  EXPECT_EQ(metrics.at("slave/cpus_total"), 4);
  EXPECT_EQ(metrics.at("slave/cpus_used"), 0.5);
  EXPECT_EQ(metrics.at("slave/cpus_percent"), 0.125);
  EXPECT_EQ(metrics.at("slave/tasks_running"), 1);
  EXPECT_EQ(metrics.at("slave/tasks_failed"), 3);
  EXPECT_EQ(metrics.at("slave/uptime_secs"), 2);
  EXPECT_THAT(PrometheusText(metrics), HasSubstr("meseta_slave_cpus_total 4\n"));
}

TEST(AgentResources, DetectsWhatTheFlagDoesNotName) {
  Machine machine;
  machine.cpus = 8;
  machine.memory_bytes = uint64_t{16} << 30;
  machine.disk_bytes = uint64_t{6} << 30;
  const auto all = AgentResources("", "*", machine);
  ASSERT_TRUE(all.ok()) << all.status();
  EXPECT_EQ(all->SumOf("cpus").value(), 8);
  EXPECT_EQ(all->SumOf("mem").value(), 15 * 1024);
  EXPECT_EQ(all->SumOf("disk").value(), 3 * 1024);  // Half, as there is less than twice the reserve.
  const auto some = AgentResources("cpus(web):1;ports:[1-2]", "*", machine);
  ASSERT_TRUE(some.ok()) << some.status();
  EXPECT_EQ(some->SumOf("cpus").value(), 1);
  EXPECT_EQ(some->SumOf("mem").value(), 15 * 1024);
  EXPECT_FALSE(AgentResources("cpus:x", "*", machine).ok());
}

}  // namespace
}  // namespace meseta::agent
