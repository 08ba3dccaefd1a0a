#include "frameworks/cli/cluster_commands.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <optional>
#include <thread>
#include <utility>

#include "actors/http/url.h"
#include "actors/messages/v1.h"
#include "frameworks/cli/id_prefix.h"
#include "frameworks/cli/master_list.h"
#include "frameworks/cli/sandbox_file.h"

namespace meseta::cli {
namespace {

constexpr char kProtobuf[] = "application/x-protobuf";
constexpr auto kPollPause = std::chrono::milliseconds(250);
constexpr int kPollsPerState = 4;    // Polls of a log between two looks at the task's state.
constexpr int kMaxKillPolls = 60;    // 15 s until a kill shows.
constexpr int kMaxFailedReads = 40;  // 10 s without an answer end a followed log.

WallTime WallNow() {
  return WallTime::FromNanos(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                 std::chrono::system_clock::now().time_since_epoch())
                                 .count());
}

Status Print(const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) {
    return Internal("cannot write to stdout");
  }
  return OkStatus();
}

std::string Printable(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return text;
}

// `only`: several that have not ended are a failure, rather than the newest of them taken.
Result<TaskRow> FindTask(const std::string& typed, ClusterClient& client, bool only = false) {
  ASSIGN_OR_RETURN(std::vector<TaskRow> tasks, client.Tasks());
  ASSIGN_OR_RETURN(const TaskChoice choice, ChooseTask(typed, tasks));
  if (only && choice.running > 1) {
    return FailedPrecondition(std::to_string(choice.running) + " running tasks are named " + typed +
                              "; give the id of one, which meseta task ls lists");
  }
  TaskRow& task = tasks[choice.index];
  if (choice.candidates > 1) {
    std::fprintf(stderr, "%zu tasks are named %s; taking %s (%s)\n", choice.candidates,
                 Printable(typed).c_str(), Printable(task.id).c_str(),
                 Printable(task.state).c_str());
  }
  return std::move(task);
}

Result<AgentRow> FindAgent(const std::string& id, ClusterClient& client) {
  ASSIGN_OR_RETURN(const std::vector<AgentRow> agents, client.Agents());
  for (const AgentRow& agent : agents) {
    if (agent.id == id) return agent;
  }
  return NotFound("The agent " + id + " is not registered any more; its files are out of reach");
}

Status TaskLs(const CommandLine& line, ClusterClient& client) {
  ASSIGN_OR_RETURN(std::vector<TaskRow> tasks, client.Tasks());
  if (!line.options.framework.empty()) {
    ASSIGN_OR_RETURN(const auto frameworks, client.Frameworks(true));
    std::vector<std::string> ids;
    for (const FrameworkRow& framework : frameworks) ids.push_back(framework.id);
    ASSIGN_OR_RETURN(const std::string id, ResolveId(line.options.framework, ids, "framework"));
    std::erase_if(tasks, [&](const TaskRow& task) { return task.framework != id; });
  }
  if (line.options.active) {
    std::erase_if(tasks, [](const TaskRow& task) { return task.terminal(); });
  }
  return Print(line.options.json ? RawArray(tasks) : TaskTable(tasks, WallNow()));
}

// Why a task is as it is; a master that does not tell spoils nothing.
void AddMessages(ClusterClient& client, TaskRow* task) {
  v1::master::Call call;
  call.set_type(v1::master::Call::GET_TASKS);
  const auto answer = client.Post("/api/v1", kProtobuf, call.SerializeAsString(), kProtobuf);
  v1::master::Response tasks;
  if (answer.ok() && tasks.ParseFromString(answer->body))
    AddStatusMessages(tasks.get_tasks(), task);
}

Status TaskShow(const CommandLine& line, ClusterClient& client) {
  ASSIGN_OR_RETURN(TaskRow task, FindTask(line.arguments[0], client));
  AddMessages(client, &task);
  if (line.options.json) return Print(RawText(task.raw));
  const auto agent = FindAgent(task.agent, client);
  return Print(TaskDetails(task, agent.ok() ? &*agent : nullptr, WallNow()));
}

// ---- kill

// Nothing, when removing the framework kills this task and nothing else.
Status MayTearDown(const TaskRow& task, const FrameworkRow& framework) {
  if (framework.run_instances == 1) return OkStatus();
  const std::string whose =
      "Task " + task.id + " belongs to framework " + framework.id + " (" + framework.name + ")";
  if (framework.run_instances > 1) {
    return FailedPrecondition(whose + ", which has " + std::to_string(framework.run_instances) +
                              " instances: press Ctrl-C in that meseta run, which kills them all");
  }
  const std::string where =
      framework.webui_url.empty() ? "" : " (it is at " + framework.webui_url + ")";
  return FailedPrecondition(whose +
                            ", and the master's API lets only a framework kill its single "
                            "tasks: ask that framework to" +
                            where);
}

Status AwaitEnd(const TaskRow& task, ClusterClient& client) {
  const std::string target = "/tasks?task_id=" + http::UrlEncode(task.id) +
                             "&framework_id=" + http::UrlEncode(task.framework);
  for (int i = 0; i < kMaxKillPolls; ++i) {
    ASSIGN_OR_RETURN(const http::Response response, client.Get(target));
    ASSIGN_OR_RETURN(const std::vector<TaskRow> rows, ReadTasks(response.body));
    for (const TaskRow& row : rows) {
      if (row.id == task.id && row.framework == task.framework && row.terminal()) {
        return Print(row.id + " " + row.state + "\n");
      }
    }
    std::this_thread::sleep_for(kPollPause);
  }
  return FailedPrecondition("The kill of " + task.id +
                            " was sent, but the task has not ended yet; meseta task show tells");
}

Status TaskKill(const CommandLine& line, ClusterClient& client) {
  ASSIGN_OR_RETURN(const TaskRow task, FindTask(line.arguments[0], client, true));
  if (task.terminal()) {
    return FailedPrecondition("Task " + task.id + " has ended already: " + task.state);
  }
  ASSIGN_OR_RETURN(const auto frameworks, client.Frameworks(false));
  const auto framework =
      std::find_if(frameworks.begin(), frameworks.end(),
                   [&](const FrameworkRow& row) { return row.id == task.framework; });
  if (framework == frameworks.end()) {
    return NotFound("The framework " + task.framework + " of task " + task.id + " is gone");
  }
  RETURN_IF_ERROR(MayTearDown(task, *framework));
  v1::master::Call call;
  call.set_type(v1::master::Call::TEARDOWN);
  call.mutable_teardown()->mutable_framework_id()->set_value(framework->id);
  const auto answer = client.Post("/api/v1", kProtobuf, call.SerializeAsString(), kProtobuf);
  if (!answer.ok()) return answer.status();
  return AwaitEnd(task, client);
}

// ---- logs

// Whether the task has ended; tasks that the master forgot have.
Result<bool> HasEnded(const TaskRow& task, ClusterClient& client) {
  ASSIGN_OR_RETURN(const http::Response response,
                   client.Get("/tasks?task_id=" + http::UrlEncode(task.id) +
                              "&framework_id=" + http::UrlEncode(task.framework)));
  ASSIGN_OR_RETURN(const std::vector<TaskRow> rows, ReadTasks(response.body));
  for (const TaskRow& row : rows) {
    if (row.id == task.id && row.framework == task.framework) return row.terminal();
  }
  return true;
}

class LogReader {
 public:
  LogReader(ClusterClient& client, std::string agent, std::string path)
      : client_(client), agent_(std::move(agent)), path_(std::move(path)) {}

  // Prints what there is up to the end of the file.
  Status PrintRest() {
    for (;;) {
      const auto response =
          client_.Send(ReadFileRequest(agent_, path_, offset_, client_.access().authorization));
      if (!response.ok()) {
        return Unavailable("cannot reach the agent at " + ShownAddress(agent_) + ": " +
                           response.status().message());
      }
      ASSIGN_OR_RETURN(const std::string data, ReadFileAnswer(agent_, *response));
      if (data.empty()) return OkStatus();
      offset_ += data.size();
      RETURN_IF_ERROR(Print(data));
    }
  }

 private:
  ClusterClient& client_;
  const std::string agent_;  // Base URL.
  const std::string path_;
  uint64_t offset_ = 0;
};

Status FollowLog(const TaskRow& task, LogReader& reader, ClusterClient& client) {
  bool ended = task.terminal();
  int failed = 0;
  for (int i = 1;; ++i) {
    const Status read = reader.PrintRest();
    const bool missing = read.code() == StatusCode::kNotFound && !ended;  // Not started yet.
    const bool lost = read.code() == StatusCode::kUnavailable && ++failed < kMaxFailedReads;
    if (!read.ok() && !missing && !lost) return read;
    if (read.ok()) failed = 0;
    if (ended && read.ok()) return OkStatus();
    std::this_thread::sleep_for(kPollPause);
    if (ended || i % kPollsPerState != 0) continue;
    const auto state = HasEnded(task, client);
    if (state.ok()) ended = *state;
  }
}

// ---- lists

Status AgentLs(const CommandLine& line, ClusterClient& client) {
  ASSIGN_OR_RETURN(const std::vector<AgentRow> agents, client.Agents());
  return Print(line.options.json ? RawArray(agents) : AgentTable(agents, WallNow()));
}

Status FrameworkLs(const CommandLine& line, ClusterClient& client) {
  ASSIGN_OR_RETURN(const std::vector<FrameworkRow> rows, client.Frameworks(line.options.all));
  return Print(line.options.json ? RawArray(rows) : FrameworkTable(rows, WallNow()));
}

}  // namespace

Status PrintTaskLogs(const std::string& task_id, const Options& options, ClusterClient& client) {
  ASSIGN_OR_RETURN(const TaskRow task, FindTask(task_id, client));
  ASSIGN_OR_RETURN(const AgentRow agent, FindAgent(task.agent, client));
  ASSIGN_OR_RETURN(const std::string url, BaseOfPid(client.master(), agent.pid));
  LogReader reader(client, url,
                   SandboxPath(task.framework, task.executor, task.id,
                               options.stderr_stream ? "stderr" : "stdout"));
  const Status status = options.follow ? FollowLog(task, reader, client) : reader.PrintRest();
  if (status.code() != StatusCode::kNotFound) return status;
  return NotFound("Task " + task.id + " (" + task.state + ") has no such file on its agent " +
                  agent.hostname + ": it was not started there, or its sandbox was removed");
}

Status RunClusterCommand(const CommandLine& line, ClusterClient& client) {
  switch (line.id) {
    case CommandId::kTaskLs:
      return TaskLs(line, client);
    case CommandId::kTaskShow:
      return TaskShow(line, client);
    case CommandId::kTaskKill:
      return TaskKill(line, client);
    case CommandId::kTaskLogs:
      return PrintTaskLogs(line.arguments[0], line.options, client);
    case CommandId::kAgentLs:
      return AgentLs(line, client);
    case CommandId::kFrameworkLs:
      return FrameworkLs(line, client);
    default:
      return Internal("no command of the cluster");
  }
}

}  // namespace meseta::cli
