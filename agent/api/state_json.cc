#include "agent/api/state_json.h"

#include <algorithm>

#include "actors/base/json/json_codec.h"
#include "actors/base/json/json_writer.h"
#include "state/model/endpoint_json.h"

namespace meseta::agent {
namespace {

using model::Resources;

void Field(JsonWriter& json, std::string_view key, std::string_view value) {
  json.Key(key);
  json.String(value);
}

void Summary(JsonWriter& json, std::string_view key, const Resources& resources) {
  json.Key(key);
  model::WriteResourceSummary(resources, json);
}

Resources ToResources(const google::protobuf::RepeatedPtrField<v1::Resource>& protos) {
  return Resources::FromProto(protos).value_or(Resources());
}

std::string AllocationRole(const Resources& resources) {
  const auto by_role = resources.ByAllocationRole();
  return by_role.empty() ? "*" : by_role.begin()->first;
}

void EmptyArray(JsonWriter& json, std::string_view key) {
  json.Key(key);
  json.BeginArray();
  json.EndArray();
}

// A task not yet started, as /state lists it.
void WriteQueuedTask(const ExecutorRecord& executor, JsonWriter& json) {
  const v1::Task& task = executor.task;
  json.BeginObject();
  Field(json, "id", task.task_id().value());
  Field(json, "name", task.name());
  Field(json, "slave_id", task.agent_id().value());
  const Resources resources = ToResources(task.resources());
  Summary(json, "resources", resources);
  Field(json, "role", AllocationRole(resources));
  Field(json, "data", "");
  if (task.has_labels()) {
    json.Key("labels");
    model::WriteLabels(task.labels(), json);
  }
  if (task.has_discovery()) {
    json.Key("discovery");
    AppendJson(task.discovery(), json);
  }
  json.EndObject();
}

void WriteTaskList(std::string_view key, const ExecutorRecord& executor, bool here,
                   JsonWriter& json) {
  json.Key(key);
  json.BeginArray();
  if (here) model::WriteTask(executor.task, json);
  json.EndArray();
}

void WriteExecutor(const ExecutorRecord& executor, JsonWriter& json) {
  using Stage = ExecutorRecord::Stage;
  json.BeginObject();
  Field(json, "id", executor.info.executor_id().value());
  Field(json, "name", executor.info.name());
  Field(json, "source", executor.task.task_id().value());
  Field(json, "container", executor.container.value());
  Field(json, "directory", executor.sandbox);
  const Resources resources = ToResources(executor.info.resources());
  Summary(json, "resources", resources);
  Field(json, "role", AllocationRole(resources));
  if (executor.info.has_labels()) {
    json.Key("labels");
    model::WriteLabels(executor.info.labels(), json);
  }
  WriteTaskList("tasks", executor, executor.stage == Stage::kLaunched, json);
  json.Key("queued_tasks");
  json.BeginArray();
  if (executor.stage == Stage::kQueued) WriteQueuedTask(executor, json);
  json.EndArray();
  WriteTaskList("completed_tasks", executor,
                executor.stage == Stage::kTerminated || executor.stage == Stage::kCompleted, json);
  json.EndObject();
}

void WriteFramework(const FrameworkView& framework, JsonWriter& json) {
  const v1::FrameworkInfo& info = *framework.info;
  json.BeginObject();
  Field(json, "id", info.id().value());
  Field(json, "name", info.name());
  Field(json, "user", info.user());
  json.Key("failover_timeout");
  json.Double(info.failover_timeout());
  json.Key("checkpoint");
  json.Bool(true);  // Whatever was asked for: every task outlives the agent.
  Field(json, "hostname", info.hostname());
  if (info.has_principal()) Field(json, "principal", info.principal());
  const bool multi_role =
      std::any_of(info.capabilities().begin(), info.capabilities().end(), [](const auto& c) {
        return c.type() == v1::FrameworkInfo::Capability::MULTI_ROLE;
      });
  if (multi_role) {
    json.Key("roles");
    json.BeginArray();
    for (const std::string& role : info.roles()) json.String(role);
    json.EndArray();
  } else {
    Field(json, "role", info.role());
  }
  json.Key("executors");
  json.BeginArray();
  for (const ExecutorPtr& executor : framework.executors) WriteExecutor(*executor, json);
  json.EndArray();
  json.Key("completed_executors");
  json.BeginArray();
  for (const ExecutorPtr& executor : framework.completed) WriteExecutor(*executor, json);
  json.EndArray();
  json.EndObject();
}

void WriteResources(const AgentSnapshot& view, JsonWriter& json) {
  Summary(json, "resources", view.total);
  json.Key("reserved_resources");
  model::WriteResourceSummaryByRole(view.total.ReservedByRole(), json);
  Summary(json, "unreserved_resources", view.total.Unreserved());
  json.Key("reserved_resources_full");
  model::WriteResourcesFullByRole(view.total.ReservedByRole(), json);
  json.Key("unreserved_resources_full");
  model::WriteResourcesFull(view.total.Unreserved(), json);
  json.Key("reserved_resources_allocated");
  model::WriteResourceSummaryByRole(view.used.ReservedByRole(), json);
  Summary(json, "unreserved_resources_allocated", view.used.Unreserved());
  EmptyArray(json, "resource_providers");
}

void WriteIdentity(const AgentSnapshot& view, const endpoints::BuildInfo& build,
                   JsonWriter& json) {
  const AgentRecord& agent = *view.agent;
  Field(json, "version", build.version);
  Field(json, "build_date", build.build_date);
  json.Key("build_time");
  json.Double(build.build_time);
  Field(json, "build_user", build.build_user);
  json.Key("start_time");
  json.Double(model::EpochSeconds(agent.started));
  Field(json, "id", agent.info.id().value());
  Field(json, "pid", agent.pid);
  Field(json, "hostname", agent.info.hostname());
  json.Key("capabilities");
  json.BeginArray();
  for (const auto& capability : AgentCapabilities()) {
    json.String(v1::AgentInfo::Capability::Type_Name(capability.type()));
  }
  json.EndArray();
  if (agent.info.has_domain()) {
    json.Key("domain");
    AppendJson(agent.info.domain(), json);
  }
}

void WriteFrameworks(const AgentSnapshot& view, JsonWriter& json) {
  json.Key("frameworks");
  json.BeginArray();
  for (const auto& [id, framework] : view.frameworks) WriteFramework(*framework, json);
  json.EndArray();
  json.Key("completed_frameworks");
  json.BeginArray();
  for (const auto& framework : view.completed_frameworks) WriteFramework(*framework, json);
  json.EndArray();
}

void ExecutorFields(const ExecutorRecord& executor, JsonWriter& json) {
  Field(json, "framework_id", executor.task.framework_id().value());
  Field(json, "executor_id", executor.info.executor_id().value());
  Field(json, "executor_name", executor.info.name());
  Field(json, "source", executor.task.task_id().value());
}

}  // namespace

std::vector<v1::AgentInfo::Capability> AgentCapabilities() {
  using Capability = v1::AgentInfo::Capability;
  std::vector<Capability> list;
  for (const auto type : {Capability::MULTI_ROLE, Capability::HIERARCHICAL_ROLE,
                          Capability::RESERVATION_REFINEMENT}) {
    list.emplace_back().set_type(type);
  }
  return list;
}

std::string StateJson(const AgentSnapshot& view, const endpoints::BuildInfo& build,
                      const std::map<std::string, std::string>& flags) {
  std::string out;
  JsonWriter json(&out);
  json.BeginObject();
  WriteIdentity(view, build, json);
  WriteResources(view, json);
  json.Key("attributes");
  model::WriteAttributes(view.agent->info.attributes(), json);
  if (!view.agent->master_hostname.empty()) {
    Field(json, "master_hostname", view.agent->master_hostname);
  }
  if (const auto log_dir = flags.find("log_dir"); log_dir != flags.end()) {
    Field(json, "log_dir", log_dir->second);
  }
  if (const auto log = flags.find("external_log_file"); log != flags.end()) {
    Field(json, "external_log_file", log->second);
  }
  json.Key("flags");
  json.BeginObject();
  for (const auto& [name, value] : flags) Field(json, name, value);
  json.EndObject();
  WriteFrameworks(view, json);
  json.EndObject();
  return out;
}

std::string ContainersJson(const std::vector<ExecutorUsage>& usages) {
  std::string out;
  JsonWriter json(&out);
  json.BeginArray();
  for (const ExecutorUsage& usage : usages) {
    json.BeginObject();
    ExecutorFields(*usage.executor, json);
    Field(json, "container_id", usage.executor->container.value());
    if (usage.statistics) {
      json.Key("statistics");
      AppendJson(*usage.statistics, json);
    }
    json.Key("status");
    AppendJson(ContainerStatusOf(*usage.executor), json);
    json.EndObject();
  }
  json.EndArray();
  return out;
}

std::string StatisticsJson(const std::vector<ExecutorUsage>& usages) {
  std::string out;
  JsonWriter json(&out);
  json.BeginArray();
  for (const ExecutorUsage& usage : usages) {
    if (!usage.statistics) continue;
    json.BeginObject();
    ExecutorFields(*usage.executor, json);
    json.Key("statistics");
    AppendJson(*usage.statistics, json);
    json.EndObject();
  }
  json.EndArray();
  return out;
}

void AddLimits(const ExecutorRecord& executor, v1::ResourceStatistics* statistics) {
  const Resources given = ToResources(executor.info.resources());
  const double cpus = given.SumOf("cpus").value();
  const double megabytes = given.SumOf("mem").value();
  if (!statistics->has_cpus_soft_limit() && cpus > 0) statistics->set_cpus_soft_limit(cpus);
  const auto bytes = static_cast<uint64_t>(megabytes * 1024 * 1024);
  if (bytes == 0) return;
  if (!statistics->has_mem_limit_bytes()) statistics->set_mem_limit_bytes(bytes);
  if (!statistics->has_mem_soft_limit_bytes()) statistics->set_mem_soft_limit_bytes(bytes);
}

v1::ContainerStatus ContainerStatusOf(const ExecutorRecord& executor) {
  v1::ContainerStatus status;
  status.mutable_container_id()->set_value(executor.container.value());
  if (executor.pid != 0) status.set_executor_pid(static_cast<uint32_t>(executor.pid));
  return status;
}

}  // namespace meseta::agent
