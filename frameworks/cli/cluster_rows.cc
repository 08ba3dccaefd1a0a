#include "frameworks/cli/cluster_rows.h"

#include <algorithm>
#include <array>
#include <boost/json/serialize.hpp>
#include <cstdlib>
#include <utility>

#include "actors/base/json/json_parser.h"
#include "frameworks/cli/run_core.h"
#include "frameworks/cli/id_prefix.h"
#include "frameworks/cli/table.h"

namespace meseta::cli {
namespace {

namespace json = boost::json;

const json::value* Get(const json::value& object, std::string_view key) {
  const json::object* fields = object.if_object();
  return fields == nullptr ? nullptr : fields->if_contains(key);
}

std::string Text(const json::value& object, std::string_view key) {
  const json::value* value = Get(object, key);
  if (value == nullptr || !value->is_string()) return "";
  return std::string(value->get_string());
}

double Number(const json::value& object, std::string_view key) {
  const json::value* value = Get(object, key);
  if (value == nullptr || !value->is_number()) return 0;
  return value->to_number<double>();
}

bool Flag(const json::value& object, std::string_view key) {
  const json::value* value = Get(object, key);
  return value != nullptr && value->is_bool() && value->get_bool();
}

Amounts ReadAmounts(const json::value& object, std::string_view key) {
  Amounts amounts;
  if (const json::value* resources = Get(object, key)) {
    amounts.cpus = Number(*resources, "cpus");
    amounts.mem = Number(*resources, "mem");
    amounts.disk = Number(*resources, "disk");
  }
  return amounts;
}

const json::array* List(const json::value& object, std::string_view key) {
  const json::value* value = Get(object, key);
  return value == nullptr ? nullptr : value->if_array();
}

Result<json::value> ReadDocument(std::string_view text, std::string_view list) {
  auto document = ParseJson(text);
  if (!document.ok()) return document.status().WithContext("The master's answer is no JSON");
  if (List(*document, list) == nullptr) {
    return DataLoss("The master's answer has no list '" + std::string(list) +
                    "'; is it a master that --master names?");
  }
  return document;
}

TaskRow ReadTask(const json::value& task) {
  TaskRow row;
  row.id = Text(task, "id");
  row.name = Text(task, "name");
  row.framework = Text(task, "framework_id");
  row.executor = Text(task, "executor_id");
  row.agent = Text(task, "slave_id");
  row.state = Text(task, "state");
  row.role = Text(task, "role");
  row.resources = ReadAmounts(task, "resources");
  if (const json::array* statuses = List(task, "statuses")) {
    for (const json::value& status : *statuses) {
      row.since = std::max(row.since, Number(status, "timestamp"));
    }
  }
  row.raw = task;
  return row;
}

// What a `meseta run` says of itself.
int RunInstances(const json::value& framework) {
  const json::array* labels = List(framework, "labels");
  if (labels == nullptr || !Text(framework, "name").starts_with(kRunFrameworkPrefix)) return 0;
  for (const json::value& label : *labels) {
    if (Text(label, "key") == kInstancesLabel) return std::atoi(Text(label, "value").c_str());
  }
  return 0;
}

FrameworkRow ReadFramework(const json::value& framework, bool completed) {
  FrameworkRow row;
  row.id = Text(framework, "id");
  row.name = Text(framework, "name");
  row.user = Text(framework, "user");
  row.roles = Text(framework, "role");
  if (const json::array* roles = List(framework, "roles")) {
    for (const json::value& role : *roles) {
      if (!role.is_string()) continue;
      if (!row.roles.empty()) row.roles += ", ";
      row.roles += std::string(role.get_string());
    }
  }
  row.state = completed                       ? "completed"
              : !Flag(framework, "connected") ? "disconnected"
              : !Flag(framework, "active")    ? "inactive"
                                              : "active";
  row.used = ReadAmounts(framework, "used_resources");
  if (const json::array* tasks = List(framework, "tasks")) row.tasks = tasks->size();
  row.webui_url = Text(framework, "webui_url");
  row.run_instances = RunInstances(framework);
  row.registered = Number(framework, "registered_time");
  row.raw = framework;
  return row;
}

std::string Age(double since, WallTime now) {
  return since <= 0 ? "" : ShortAge(now.seconds() - since);
}

std::string OfTotal(double used, double total) {
  return ShortNumber(used) + "/" + ShortNumber(total);
}

std::string AgentState(const AgentRow& agent) {
  if (agent.deactivated) return "deactivated";
  return agent.active ? "active" : "inactive";
}

void Line(const char* label, const std::string& value, std::string* out) {
  std::string text = label;
  text.resize(12, ' ');
  for (const char c : value) text += static_cast<unsigned char>(c) < 0x20 ? '?' : c;
  *out += text + "\n";
}

}  // namespace

Result<TaskChoice> ChooseTask(const std::string& typed, const std::vector<TaskRow>& tasks) {
  TaskChoice choice{0, 0, 0};
  std::vector<std::string> ids;
  for (size_t i = 0; i < tasks.size(); ++i) {
    if (tasks[i].id == typed) return TaskChoice{i, 1, 0};
    ids.push_back(tasks[i].id);
    if (typed.empty() || tasks[i].name != typed) continue;
    const bool first_running = !tasks[i].terminal() && choice.running++ == 0;
    if (choice.candidates++ == 0 || first_running) choice.index = i;
  }
  if (choice.candidates > 0) return choice;
  ASSIGN_OR_RETURN(const std::string id, ResolveId(typed, ids, "task"));
  // Of equal ids of several frameworks the newest task.
  const auto found = std::find(ids.begin(), ids.end(), id);
  return TaskChoice{static_cast<size_t>(found - ids.begin()), 1, 0};
}

bool TaskRow::terminal() const {
  static constexpr std::array<const char*, 8> kStates = {
      "TASK_FINISHED", "TASK_FAILED",  "TASK_KILLED", "TASK_ERROR",
      "TASK_LOST",     "TASK_DROPPED", "TASK_GONE",   "TASK_GONE_BY_OPERATOR"};
  for (const char* terminal : kStates) {
    if (state == terminal) return true;
  }
  return false;
}

Result<std::vector<TaskRow>> ReadTasks(std::string_view text) {
  ASSIGN_OR_RETURN(const json::value document, ReadDocument(text, "tasks"));
  std::vector<TaskRow> rows;
  for (const json::value& task : *List(document, "tasks")) rows.push_back(ReadTask(task));
  return rows;
}

Result<std::vector<AgentRow>> ReadAgents(std::string_view text) {
  ASSIGN_OR_RETURN(const json::value document, ReadDocument(text, "slaves"));
  std::vector<AgentRow> rows;
  for (const json::value& agent : *List(document, "slaves")) {
    AgentRow row;
    row.id = Text(agent, "id");
    row.hostname = Text(agent, "hostname");
    row.pid = Text(agent, "pid");
    row.version = Text(agent, "version");
    row.active = Flag(agent, "active");
    row.deactivated = Flag(agent, "deactivated");
    row.total = ReadAmounts(agent, "resources");
    row.used = ReadAmounts(agent, "used_resources");
    row.registered = Number(agent, "registered_time");
    row.raw = agent;
    rows.push_back(std::move(row));
  }
  return rows;
}

Result<std::vector<FrameworkRow>> ReadFrameworks(std::string_view text, bool all) {
  ASSIGN_OR_RETURN(const json::value document, ReadDocument(text, "frameworks"));
  std::vector<FrameworkRow> rows;
  for (const json::value& framework : *List(document, "frameworks")) {
    rows.push_back(ReadFramework(framework, false));
  }
  const json::array* completed = List(document, "completed_frameworks");
  if (all && completed != nullptr) {
    for (const json::value& framework : *completed) rows.push_back(ReadFramework(framework, true));
  }
  return rows;
}

std::string TaskTable(const std::vector<TaskRow>& rows, WallTime now) {
  Table table({"ID", "NAME", "STATE", "AGE", "CPUS", "MEM", "FRAMEWORK", "AGENT"});
  for (const TaskRow& row : rows) {
    table.AddRow({row.id, row.name, row.state, Age(row.since, now), ShortNumber(row.resources.cpus),
                  ShortNumber(row.resources.mem), row.framework, row.agent});
  }
  return table.ToString();
}

std::string AgentTable(const std::vector<AgentRow>& rows, WallTime now) {
  Table table({"ID", "HOST", "ADDRESS", "STATE", "CPUS", "MEM", "DISK", "AGE", "VERSION"});
  for (const AgentRow& row : rows) {
    const size_t at = row.pid.find('@');
    table.AddRow({row.id, row.hostname, at == std::string::npos ? row.pid : row.pid.substr(at + 1),
                  AgentState(row), OfTotal(row.used.cpus, row.total.cpus),
                  OfTotal(row.used.mem, row.total.mem), OfTotal(row.used.disk, row.total.disk),
                  Age(row.registered, now), row.version});
  }
  return table.ToString();
}

std::string FrameworkTable(const std::vector<FrameworkRow>& rows, WallTime now) {
  Table table({"ID", "NAME", "USER", "ROLES", "STATE", "TASKS", "CPUS", "MEM", "AGE"});
  for (const FrameworkRow& row : rows) {
    table.AddRow({row.id, row.name, row.user, row.roles, row.state, std::to_string(row.tasks),
                  ShortNumber(row.used.cpus), ShortNumber(row.used.mem), Age(row.registered, now)});
  }
  return table.ToString();
}

std::string TaskDetails(const TaskRow& task, const AgentRow* agent, WallTime now) {
  std::string out;
  Line("id", task.id, &out);
  Line("name", task.name, &out);
  Line("state", task.state, &out);
  Line("framework", task.framework, &out);
  if (!task.executor.empty()) Line("executor", task.executor, &out);
  Line("agent", task.agent + (agent == nullptr ? "" : " (" + agent->hostname + ")"), &out);
  Line("role", task.role, &out);
  Line("resources",
       "cpus " + ShortNumber(task.resources.cpus) + ", mem " + ShortNumber(task.resources.mem) +
           " MB, disk " + ShortNumber(task.resources.disk) + " MB",
       &out);
  const json::array* statuses = List(task.raw, "statuses");
  if (statuses == nullptr) return out;
  for (const json::value& status : *statuses) {
    const std::string age = Age(Number(status, "timestamp"), now);
    std::string text = Text(status, "state") + (age.empty() ? "" : ", " + age + " ago");
    const std::string message = Text(status, "message");
    Line("was", text + (message.empty() ? "" : ": " + message), &out);
  }
  return out;
}

void AddStatusMessages(const v1::master::Response::GetTasks& tasks, TaskRow* row) {
  json::object* fields = row->raw.if_object();
  json::value* list = fields == nullptr ? nullptr : fields->if_contains("statuses");
  if (list == nullptr || !list->is_array()) return;
  json::array& statuses = list->get_array();
  for (const auto* group : {&tasks.tasks(), &tasks.completed_tasks(), &tasks.unreachable_tasks()}) {
    for (const v1::Task& task : *group) {
      if (task.task_id().value() != row->id || task.framework_id().value() != row->framework) {
        continue;
      }
      const size_t count = std::min(statuses.size(), static_cast<size_t>(task.statuses_size()));
      for (size_t i = 0; i < count; ++i) {
        const v1::TaskStatus& status = task.statuses(static_cast<int>(i));
        json::object* shown = statuses[i].if_object();
        if (shown == nullptr) continue;
        if (!status.message().empty()) (*shown)["message"] = status.message();
        if (status.has_reason()) (*shown)["reason"] = v1::TaskStatus::Reason_Name(status.reason());
      }
      return;
    }
  }
}

std::string RawText(const json::value& value) { return json::serialize(value) + "\n"; }

}  // namespace meseta::cli
