// The master's documents as rows and tables. The texts have the shape that masters answer with.
#include "frameworks/cli/cluster_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "actors/base/json/json_parser.h"

namespace meseta::cli {
namespace {

using testing::HasSubstr;

constexpr WallTime kNow = WallTime::FromNanos(1'000'000'000'000);  // 1000 s.

constexpr char kTasks[] = R"({"tasks":[
  {"id":"a-1","name":"a","framework_id":"F","executor_id":"","slave_id":"S0","role":"*",
   "state":"TASK_RUNNING","resources":{"cpus":0.5,"mem":32.0,"disk":0.0,"gpus":0.0},
   "statuses":[{"state":"TASK_STARTING","timestamp":900.5},{"state":"TASK_RUNNING","timestamp":940.0}]},
  {"id":"b\u001b[31m","name":7,"state":"TASK_LOST"}]})";

TEST(ClusterRows, ReadsTasks) {
  const auto rows = ReadTasks(kTasks);
  ASSERT_TRUE(rows.ok()) << rows.status();
  ASSERT_EQ(rows->size(), 2);
  const TaskRow& task = rows->front();
  EXPECT_EQ(task.id, "a-1");
  EXPECT_EQ(task.agent, "S0");
  EXPECT_EQ(task.resources.cpus, 0.5);
  EXPECT_EQ(task.since, 940);
  EXPECT_FALSE(task.terminal());
  EXPECT_TRUE((*rows)[1].terminal());
  EXPECT_EQ((*rows)[1].name, "");
}

TaskRow Named(const std::string& id, const std::string& name, const std::string& state) {
  TaskRow task;
  task.id = id;
  task.name = name;
  task.state = state;
  return task;
}

TEST(ChooseTask, ExactIdsAndNamesWinOverBeginnings) {
  const std::vector<TaskRow> tasks{Named("lng9-x-0", "lng9", "TASK_RUNNING"),
                                   Named("lng-z-0", "lng", "TASK_FINISHED"),
                                   Named("lng-y-0", "lng", "TASK_RUNNING"),
                                   Named("lng-w-0", "lng", "TASK_RUNNING"),
                                   Named("old-2", "old", "TASK_FAILED"),
                                   Named("old-1", "old", "TASK_FINISHED")};
  const auto running = ChooseTask("lng", tasks);
  ASSERT_TRUE(running.ok()) << running.status();
  EXPECT_EQ(running->index, 2) << "the newest that runs";
  EXPECT_EQ(running->candidates, 3);
  EXPECT_EQ(running->running, 2);
  EXPECT_EQ(ChooseTask("old", tasks)->index, 4) << "the newest";
  EXPECT_EQ(ChooseTask("old-1", tasks)->index, 5);
  EXPECT_EQ(ChooseTask("lng-w", tasks)->index, 3);
  EXPECT_EQ(ChooseTask("ln", tasks).status().code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(ChooseTask("", tasks).status().code(), StatusCode::kFailedPrecondition);
}

TEST(ClusterRows, TablesNeverPassOnControlCharacters) {
  const std::string table = TaskTable(*ReadTasks(kTasks), kNow);
  EXPECT_THAT(table, HasSubstr("ID      NAME  STATE         AGE  CPUS  MEM  FRAMEWORK  AGENT\n"
                               "a-1     a     TASK_RUNNING  60s  0.5   32   F          S0\n"));
  EXPECT_THAT(table, HasSubstr("b?[31m"));
  EXPECT_EQ(table.find('\x1b'), std::string::npos);
}

TEST(ClusterRows, ShowsOneTask) {
  AgentRow agent;
  agent.hostname = "host";
  const std::string text = TaskDetails(ReadTasks(kTasks)->front(), &agent, kNow);
  EXPECT_THAT(text, HasSubstr("agent       S0 (host)\n"));
  EXPECT_THAT(text, HasSubstr("resources   cpus 0.5, mem 32 MB, disk 0 MB\n"));
  EXPECT_THAT(text, HasSubstr("was         TASK_STARTING, 100s ago\n"));
}

TEST(ClusterRows, StatusesGetTheirMessages) {
  TaskRow task = ReadTasks(kTasks)->front();
  v1::master::Response::GetTasks tasks;
  tasks.add_completed_tasks()->mutable_task_id()->set_value("a-1");  // Of another framework.
  v1::Task* same = tasks.add_completed_tasks();
  same->mutable_task_id()->set_value("a-1");
  same->mutable_framework_id()->set_value("F");
  for (const char* message : {"", "Command exited with status 7", "one more than shown"}) {
    same->add_statuses()->set_message(message);
  }
  same->mutable_statuses(1)->set_reason(v1::TaskStatus::REASON_COMMAND_EXECUTOR_FAILED);
  AddStatusMessages(tasks, &task);
  EXPECT_THAT(TaskDetails(task, nullptr, kNow),
              HasSubstr("TASK_RUNNING, 60s ago: Command exited with status 7\n"));
  EXPECT_THAT(RawText(task.raw), HasSubstr("REASON_COMMAND_EXECUTOR_FAILED"));
}

TEST(ClusterRows, ReadsAgents) {
  const auto rows = ReadAgents(
      R"({"slaves":[{"id":"S0","hostname":"h","pid":"slave(1)@127.0.0.1:5051","active":true,
      "resources":{"cpus":4,"mem":1024},"used_resources":{"cpus":1.5},"registered_time":995.0,
      "version":"1.11.0"}],"recovered_slaves":[]})");
  ASSERT_TRUE(rows.ok()) << rows.status();
  EXPECT_THAT(AgentTable(*rows, kNow),
              HasSubstr("S0  h     127.0.0.1:5051  active  1.5/4  0/1024  0/0   5s   1.11.0\n"));
}

TEST(ClusterRows, ReadsFrameworksAndKnowsOurOwn) {
  const std::string text =
      R"({"frameworks":[{"id":"F1","name":"meseta run: x","connected":true,"active":true,
      "roles":["a","b"],"labels":[{"key":"meseta.instances","value":"3"}],"tasks":[{},{}]},
      {"id":"F2","name":"other","connected":false,"active":false,"role":"*",
      "labels":[{"key":"meseta.instances","value":"1"}]}],
      "completed_frameworks":[{"id":"F0","name":"old"}]})";
  const auto rows = ReadFrameworks(text, true);
  ASSERT_TRUE(rows.ok()) << rows.status();
  ASSERT_EQ(rows->size(), 3);
  EXPECT_EQ((*rows)[0].roles, "a, b");
  EXPECT_EQ((*rows)[0].tasks, 2);
  EXPECT_EQ((*rows)[0].run_instances, 3);
  EXPECT_EQ((*rows)[0].state, "active");
  EXPECT_EQ((*rows)[1].run_instances, 0);
  EXPECT_EQ((*rows)[1].state, "disconnected");
  EXPECT_EQ((*rows)[2].state, "completed");
  EXPECT_EQ(ReadFrameworks(text, false)->size(), 2);
}

TEST(ClusterRows, AnotherServerIsNotTakenForAMaster) {
  EXPECT_THAT(ReadTasks("<html>").status().message(), HasSubstr("no JSON"));
  EXPECT_THAT(ReadTasks("[]").status().message(), HasSubstr("no list 'tasks'"));
  EXPECT_THAT(ReadAgents(R"({"slaves":{}})").status().message(), HasSubstr("no list 'slaves'"));
}

TEST(ClusterRows, RawArrayIsJsonOfTheMastersObjects) {
  const std::string text = RawArray(*ReadTasks(kTasks));
  const auto parsed = ParseJson(text);
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(parsed->as_array().size(), 2);
  EXPECT_EQ(parsed->as_array()[0].at("statuses").as_array().size(), 2);
  EXPECT_EQ(RawArray(std::vector<TaskRow>{}), "[]\n");
}

}  // namespace
}  // namespace meseta::cli
