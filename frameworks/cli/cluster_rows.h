// What the master's JSON endpoints say, as rows, and the tables made of them. Pure.
//
// Reading is tolerant: a field that is missing or of another type is left empty, since masters of
// several versions answer. Only a document without its list is an error.
#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <vector>

#include "actors/base/status.h"
#include "actors/base/time.h"
#include "actors/messages/v1.h"

namespace meseta::cli {

struct Amounts {
  double cpus = 0;
  double mem = 0;   // Megabytes.
  double disk = 0;  // Megabytes.
};

struct TaskRow {
  std::string id;
  std::string name;
  std::string framework;
  std::string executor;  // Empty for a command task.
  std::string agent;
  std::string state;
  std::string role;
  Amounts resources;
  double since = 0;  // Seconds since the epoch of the newest status; 0: none yet.
  boost::json::value raw;

  [[nodiscard]] bool terminal() const;
};

struct AgentRow {
  std::string id;
  std::string hostname;
  std::string pid;
  std::string version;
  bool active = false;
  bool deactivated = false;
  Amounts total;
  Amounts used;
  double registered = 0;
  boost::json::value raw;
};

struct FrameworkRow {
  std::string id;
  std::string name;
  std::string user;
  std::string roles;  // "a, b"
  std::string state;  // "active", "inactive", "disconnected", "completed".
  Amounts used;
  size_t tasks = 0;  // Not yet terminal.
  std::string webui_url;
  int run_instances = 0;  // Of a `meseta run`; 0: it is none.
  double registered = 0;
  boost::json::value raw;
};

[[nodiscard]] Result<std::vector<TaskRow>> ReadTasks(std::string_view json);
[[nodiscard]] Result<std::vector<AgentRow>> ReadAgents(std::string_view json);
// With `all` the completed ones follow.
[[nodiscard]] Result<std::vector<FrameworkRow>> ReadFrameworks(std::string_view json, bool all);

// The task that someone named.
struct TaskChoice {
  size_t index = 0;       // In the list.
  size_t candidates = 1;  // Tasks of exactly this name.
  size_t running = 0;     // Of those, not ended.
};
// An exact id wins, then an exact name (one that has not ended, else the newest), then the unique
// beginning of an id. `tasks` are newest first.
[[nodiscard]] Result<TaskChoice> ChooseTask(const std::string& typed,
                                            const std::vector<TaskRow>& tasks);

// `now`: for ages.
[[nodiscard]] std::string TaskTable(const std::vector<TaskRow>& rows, WallTime now);
[[nodiscard]] std::string AgentTable(const std::vector<AgentRow>& rows, WallTime now);
[[nodiscard]] std::string FrameworkTable(const std::vector<FrameworkRow>& rows, WallTime now);
// Several lines about one task; `agent` may be null.
[[nodiscard]] std::string TaskDetails(const TaskRow& task, const AgentRow* agent, WallTime now);

// The JSON of /tasks says nothing of why; this adds "message" and "reason" to the statuses of
// `task` where `tasks` knows them.
void AddStatusMessages(const v1::master::Response::GetTasks& tasks, TaskRow* task);

// The rows as the master gave them: a JSON array and a newline.
template <class Row>
[[nodiscard]] std::string RawArray(const std::vector<Row>& rows);

// One JSON value, with a newline.
[[nodiscard]] std::string RawText(const boost::json::value& value);

template <class Row>
std::string RawArray(const std::vector<Row>& rows) {
  std::string out = "[";
  for (const Row& row : rows) {
    if (out.size() > 1) out += ",\n";
    std::string text = RawText(row.raw);
    text.pop_back();
    out += text;
  }
  return out + "]\n";
}

}  // namespace meseta::cli
