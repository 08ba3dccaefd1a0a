#include "master/api/state_json.h"

#include <algorithm>
#include <array>
#include <vector>

#include "actors/base/json/json_codec.h"
#include "actors/base/json/json_writer.h"
#include "state/model/endpoint_json.h"

namespace meseta::master {
namespace {

using model::Resources;

Resources Sum(const std::map<FrameworkId, Resources>& parts) {
  Resources sum;
  for (const auto& [framework, resources] : parts) sum += resources;
  return sum;
}

void Field(JsonWriter& json, std::string_view key, std::string_view value) {
  json.Key(key);
  json.String(value);
}

void Flag(JsonWriter& json, std::string_view key, bool value) {
  json.Key(key);
  json.Bool(value);
}

void Number(JsonWriter& json, std::string_view key, double value) {
  json.Key(key);
  json.Double(value);
}

void Summary(JsonWriter& json, std::string_view key, const Resources& resources) {
  json.Key(key);
  model::WriteResourceSummary(resources, json);
}

// ---- agents

void AgentFields(const AgentRecord& agent, JsonWriter& json) {
  const v1::AgentInfo& info = *agent.info;
  Field(json, "id", info.id().value());
  Field(json, "hostname", info.hostname());
  json.Key("port");
  json.Int(info.port());
  json.Key("attributes");
  model::WriteAttributes(info.attributes(), json);
  if (info.has_domain()) {
    json.Key("domain");
    AppendJson(info.domain(), json);
  }
  Field(json, "pid", agent.pid);
  Number(json, "registered_time", model::EpochSeconds(agent.registered));
  if (agent.reregistered) {
    Number(json, "reregistered_time", model::EpochSeconds(*agent.reregistered));
  }
  Summary(json, "resources", agent.total);
  Summary(json, "used_resources", Sum(agent.used));
  Summary(json, "offered_resources", Sum(agent.offered));
  json.Key("reserved_resources");
  model::WriteResourceSummaryByRole(agent.total.ReservedByRole(), json);
  Summary(json, "unreserved_resources", agent.total.Unreserved());
  Flag(json, "active", agent.active);
  Flag(json, "deactivated", agent.deactivated);
  Field(json, "version", agent.version);
  json.Key("capabilities");
  json.BeginArray();
  for (const auto& capability : agent.capabilities) {
    json.String(v1::AgentInfo::Capability::Type_Name(capability.type()));
  }
  json.EndArray();
}

void WriteAgent(const AgentRecord& agent, JsonWriter& json) {
  json.BeginObject();
  AgentFields(agent, json);
  json.EndObject();
}

void WriteAgentFull(const AgentRecord& agent, JsonWriter& json) {
  json.BeginObject();
  AgentFields(agent, json);
  json.Key("reserved_resources_full");
  model::WriteResourcesFullByRole(agent.total.ReservedByRole(), json);
  json.Key("unreserved_resources_full");
  model::WriteResourcesFull(agent.total.Unreserved(), json);
  json.Key("used_resources_full");
  model::WriteResourcesFull(Sum(agent.used), json);
  json.Key("offered_resources_full");
  model::WriteResourcesFull(Sum(agent.offered), json);
  json.EndObject();
}

void WriteRecoveredAgents(const Snapshot& view, const std::optional<AgentId>& only,
                          JsonWriter& json) {
  json.Key("recovered_slaves");
  json.BeginArray();
  view.recovered_agents.ForEach([&](const AgentId& id, const auto& info) {
    if (only && id != *only) return;
    json.BeginObject();
    Field(json, "id", info->id().value());
    Field(json, "hostname", info->hostname());
    json.Key("port");
    json.Int(info->port());
    json.Key("attributes");
    model::WriteAttributes(info->attributes(), json);
    const auto total = Resources::FromProto(info->resources());
    Summary(json, "resources", total.value_or(Resources()));
    json.EndObject();
  });
  json.EndArray();
}

// ---- frameworks

void WriteOffer(const v1::Offer& offer, JsonWriter& json) {
  json.BeginObject();
  Field(json, "id", offer.id().value());
  Field(json, "framework_id", offer.framework_id().value());
  json.Key("allocation_info");
  AppendJson(offer.allocation_info(), json);
  Field(json, "slave_id", offer.agent_id().value());
  const auto resources = Resources::FromProto(offer.resources());
  Summary(json, "resources", resources.value_or(Resources()));
  json.EndObject();
}

void FrameworkSummaryFields(const FrameworkRecord& framework, JsonWriter& json) {
  const v1::FrameworkInfo& info = *framework.info;
  Field(json, "id", info.id().value());
  Field(json, "name", info.name());
  Summary(json, "used_resources", framework.used);
  Summary(json, "offered_resources", framework.offered);
  json.Key("capabilities");
  json.BeginArray();
  for (const auto& capability : info.capabilities()) {
    json.String(v1::FrameworkInfo::Capability::Type_Name(capability.type()));
  }
  json.EndArray();
  Field(json, "hostname", info.hostname());
  Field(json, "webui_url", info.webui_url());
  Flag(json, "active", framework.active);
  Flag(json, "connected", framework.connected);
  Flag(json, "recovered", framework.recovered);
}

bool IsMultiRole(const v1::FrameworkInfo& info) {
  return std::any_of(info.capabilities().begin(), info.capabilities().end(), [](const auto& c) {
    return c.type() == v1::FrameworkInfo::Capability::MULTI_ROLE;
  });
}

void FrameworkInfoFields(const FrameworkRecord& framework, JsonWriter& json) {
  const v1::FrameworkInfo& info = *framework.info;
  Field(json, "user", info.user());
  Number(json, "failover_timeout", info.failover_timeout());
  Flag(json, "checkpoint", info.checkpoint());
  Number(json, "registered_time", model::EpochSeconds(framework.registered));
  Number(json, "unregistered_time",
         framework.unregistered ? model::EpochSeconds(*framework.unregistered) : 0);
  if (framework.reregistered) {
    Number(json, "reregistered_time", model::EpochSeconds(*framework.reregistered));
  }
  if (info.has_principal()) Field(json, "principal", info.principal());
  Summary(json, "resources", framework.used + framework.offered);
  if (IsMultiRole(info)) {
    json.Key("roles");
    json.BeginArray();
    for (const auto& role : info.roles()) json.String(role);
    json.EndArray();
  } else {
    Field(json, "role", info.role());
  }
  if (info.has_labels()) {
    json.Key("labels");
    model::WriteLabels(info.labels(), json);
  }
  json.Key("offer_constraints");
  json.BeginObject();
  json.EndObject();
}

template <class Key>
void WriteTasks(std::string_view name, const SharedMap<Key, TaskPtr>& tasks, JsonWriter& json) {
  json.Key(name);
  json.BeginArray();
  tasks.ForEach([&](const Key&, const TaskPtr& task) { model::WriteTask(*task, json); });
  json.EndArray();
}

using OffersByFramework = std::map<std::string, std::vector<OfferPtr>>;

OffersByFramework GroupOffers(const Snapshot& view) {
  OffersByFramework groups;
  view.offers.ForEach([&](const OfferId&, const OfferPtr& offer) {
    groups[offer->framework_id().value()].push_back(offer);
  });
  return groups;
}

void WriteFramework(const FrameworkView& framework, const OffersByFramework& offers,
                    JsonWriter& json) {
  json.BeginObject();
  FrameworkSummaryFields(*framework.record, json);
  FrameworkInfoFields(*framework.record, json);
  WriteTasks("tasks", framework.tasks, json);
  WriteTasks("unreachable_tasks", framework.unreachable_tasks, json);
  WriteTasks("completed_tasks", framework.completed_tasks, json);
  json.Key("offers");
  json.BeginArray();
  const auto mine = offers.find(framework.record->info->id().value());
  if (mine != offers.end()) {
    for (const OfferPtr& offer : mine->second) WriteOffer(*offer, json);
  }
  json.EndArray();
  json.Key("executors");
  json.BeginArray();
  json.EndArray();
  json.EndObject();
}

void WriteFrameworks(const Snapshot& view, const std::optional<FrameworkId>& only,
                     JsonWriter& json) {
  const OffersByFramework offers = GroupOffers(view);
  const auto wanted = [&](const FrameworkView& framework) {
    return !only || framework.record->info->id().value() == only->value();
  };
  json.Key("frameworks");
  json.BeginArray();
  view.frameworks.ForEach([&](const FrameworkId&, const FrameworkViewPtr& framework) {
    if (wanted(*framework)) WriteFramework(*framework, offers, json);
  });
  json.EndArray();
  json.Key("completed_frameworks");
  json.BeginArray();
  view.completed_frameworks.ForEach([&](uint64_t, const FrameworkViewPtr& framework) {
    if (wanted(*framework)) WriteFramework(*framework, {}, json);
  });
  json.EndArray();
  json.Key("unregistered_frameworks");
  json.BeginArray();
  json.EndArray();
}

// ---- the master itself

void WriteLeader(const v1::MasterInfo& info, JsonWriter& json) {
  Field(json, "leader", info.pid());
  json.Key("leader_info");
  json.BeginObject();
  Field(json, "id", info.id());
  Field(json, "pid", info.pid());
  json.Key("port");
  json.Int(info.port());
  Field(json, "hostname", info.hostname());
  if (info.has_domain()) {
    json.Key("domain");
    AppendJson(info.domain(), json);
  }
  json.EndObject();
}

void WriteMaster(const MasterRecord& master, const endpoints::BuildInfo& build, JsonWriter& json) {
  Field(json, "version", build.version);
  Field(json, "build_date", build.build_date);
  Number(json, "build_time", build.build_time);
  Field(json, "build_user", build.build_user);
  Number(json, "start_time", model::EpochSeconds(master.started));
  Number(json, "elected_time", model::EpochSeconds(master.elected));
  Field(json, "id", master.info.id());
  Field(json, "pid", master.info.pid());
  Field(json, "hostname", master.info.hostname());
  json.Key("capabilities");
  json.BeginArray();
  for (const auto& capability : master.info.capabilities()) {
    json.String(v1::MasterInfo::Capability::Type_Name(capability.type()));
  }
  json.EndArray();
  if (master.info.has_domain()) {
    json.Key("domain");
    AppendJson(master.info.domain(), json);
  }
  if (!master.cluster.empty()) Field(json, "cluster", master.cluster);
  WriteLeader(master.info, json);
}

// ---- task counts of /state-summary

constexpr std::array<v1::TaskState, 10> kSummaryStates{
    v1::TASK_STAGING,  v1::TASK_STARTING, v1::TASK_RUNNING, v1::TASK_KILLING, v1::TASK_FINISHED,
    v1::TASK_KILLED,   v1::TASK_FAILED,   v1::TASK_LOST,    v1::TASK_ERROR,   v1::TASK_UNREACHABLE};

struct SummaryCounts {
  std::map<v1::TaskState, int64_t> states;
  std::set<std::string> others;  // Agents of a framework, frameworks of an agent.
};

void WriteCounts(const SummaryCounts& counts, std::string_view others_name, JsonWriter& json) {
  for (const v1::TaskState state : kSummaryStates) {
    const auto it = counts.states.find(state);
    json.Key(v1::TaskState_Name(state));
    json.Int(it == counts.states.end() ? 0 : it->second);
  }
  json.Key(others_name);
  json.BeginArray();
  for (const std::string& id : counts.others) json.String(id);
  json.EndArray();
}

template <class F>
void ForEachTask(const FrameworkView& framework, F f) {
  framework.tasks.ForEach([&](const TaskId&, const TaskPtr& task) { f(task); });
  framework.unreachable_tasks.ForEach([&](const TaskId&, const TaskPtr& task) { f(task); });
  framework.completed_tasks.ForEach([&](uint64_t, const TaskPtr& task) { f(task); });
}

}  // namespace

std::string StateJson(const Snapshot& view, const endpoints::BuildInfo& build,
                      const std::map<std::string, std::string>& flags) {
  std::string out;
  JsonWriter json(&out);
  json.BeginObject();
  WriteMaster(view.master, build, json);
  double activated = 0;
  double deactivated = 0;
  view.agents.ForEach([&](const AgentId&, const AgentPtr& agent) {
    (agent->active ? activated : deactivated) += 1;
  });
  Number(json, "activated_slaves", activated);
  Number(json, "deactivated_slaves", deactivated);
  Number(json, "unreachable_slaves", static_cast<double>(view.unreachable_agents.size()));
  json.Key("flags");
  json.BeginObject();
  for (const auto& [name, value] : flags) Field(json, name, value);
  json.EndObject();
  json.Key("slaves");
  json.BeginArray();
  view.agents.ForEach([&](const AgentId&, const AgentPtr& agent) { WriteAgent(*agent, json); });
  json.EndArray();
  WriteRecoveredAgents(view, std::nullopt, json);
  WriteFrameworks(view, std::nullopt, json);
  json.Key("orphan_tasks");
  json.BeginArray();
  json.EndArray();
  json.EndObject();
  return out;
}

std::string StateSummaryJson(const Snapshot& view) {
  std::map<std::string, SummaryCounts> by_agent;
  std::map<std::string, SummaryCounts> by_framework;
  view.frameworks.ForEach([&](const FrameworkId& id, const FrameworkViewPtr& framework) {
    ForEachTask(*framework, [&](const TaskPtr& task) {
      SummaryCounts& agent = by_agent[task->agent_id().value()];
      ++agent.states[task->state()];
      agent.others.insert(id.value());
      SummaryCounts& mine = by_framework[id.value()];
      ++mine.states[task->state()];
      mine.others.insert(task->agent_id().value());
    });
  });
  std::string out;
  JsonWriter json(&out);
  json.BeginObject();
  Field(json, "hostname", view.master.info.hostname());
  if (!view.master.cluster.empty()) Field(json, "cluster", view.master.cluster);
  json.Key("slaves");
  json.BeginArray();
  view.agents.ForEach([&](const AgentId& id, const AgentPtr& agent) {
    json.BeginObject();
    AgentFields(*agent, json);
    WriteCounts(by_agent[id.value()], "framework_ids", json);
    json.EndObject();
  });
  json.EndArray();
  json.Key("frameworks");
  json.BeginArray();
  view.frameworks.ForEach([&](const FrameworkId& id, const FrameworkViewPtr& framework) {
    json.BeginObject();
    FrameworkSummaryFields(*framework->record, json);
    WriteCounts(by_framework[id.value()], "slave_ids", json);
    json.EndObject();
  });
  json.EndArray();
  json.EndObject();
  return out;
}

std::string AgentsJson(const Snapshot& view, const std::optional<AgentId>& agent) {
  std::string out;
  JsonWriter json(&out);
  json.BeginObject();
  json.Key("slaves");
  json.BeginArray();
  view.agents.ForEach([&](const AgentId& id, const AgentPtr& record) {
    if (!agent || id == *agent) WriteAgentFull(*record, json);
  });
  json.EndArray();
  WriteRecoveredAgents(view, agent, json);
  json.EndObject();
  return out;
}

std::string FrameworksJson(const Snapshot& view, const std::optional<FrameworkId>& framework) {
  std::string out;
  JsonWriter json(&out);
  json.BeginObject();
  WriteFrameworks(view, framework, json);
  json.EndObject();
  return out;
}

std::string TasksJson(const Snapshot& view, const TasksQuery& query) {
  std::vector<TaskPtr> tasks;
  const auto collect = [&](const FrameworkViewPtr& framework) {
    if (query.framework && framework->record->info->id().value() != query.framework->value()) {
      return;
    }
    ForEachTask(*framework, [&](const TaskPtr& task) {
      if (!query.task || task->task_id().value() == query.task->value()) tasks.push_back(task);
    });
  };
  view.frameworks.ForEach([&](const FrameworkId&, const auto& framework) { collect(framework); });
  view.completed_frameworks.ForEach([&](uint64_t, const auto& framework) { collect(framework); });
  const auto first_status = [](const TaskPtr& task) {
    return task->statuses().empty() ? 0.0 : task->statuses(0).timestamp();
  };
  std::stable_sort(tasks.begin(), tasks.end(), [&](const TaskPtr& a, const TaskPtr& b) {
    return query.ascending ? first_status(a) < first_status(b) : first_status(a) > first_status(b);
  });
  std::string out;
  JsonWriter json(&out);
  json.BeginObject();
  json.Key("tasks");
  json.BeginArray();
  for (size_t i = query.offset; i < tasks.size() && i - query.offset < query.limit; ++i) {
    model::WriteTask(*tasks[i], json);
  }
  json.EndArray();
  json.EndObject();
  return out;
}

}  // namespace meseta::master
