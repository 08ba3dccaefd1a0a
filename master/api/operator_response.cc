#include "master/api/operator_response.h"

#include <google/protobuf/descriptor.pb.h>

#include <set>

#include "actors/base/json/json_codec.h"

namespace meseta::master {
namespace {

using google::protobuf::RepeatedPtrField;
using model::ReservationFormat;
using model::Resources;
using Response = v1::master::Response;

void SetTime(WallTime time, v1::TimeInfo* out) { out->set_nanoseconds(time.nanos()); }

void SetResources(const Resources& resources, RepeatedPtrField<v1::Resource>* out) {
  *out = resources.ToProto(ReservationFormat::kEndpoint);
}

Resources Sum(const std::map<FrameworkId, Resources>& parts) {
  Resources sum;
  for (const auto& [framework, resources] : parts) sum += resources;
  return sum;
}

void FillFramework(const FrameworkView& view, Response::GetFrameworks::Framework* out) {
  const FrameworkRecord& record = *view.record;
  *out->mutable_framework_info() = *record.info;
  out->set_active(record.active);
  out->set_connected(record.connected);
  out->set_recovered(record.recovered);
  SetTime(record.registered, out->mutable_registered_time());
  // Unlike /state, the v1 API of Mesos always has it.
  SetTime(record.reregistered.value_or(record.registered), out->mutable_reregistered_time());
  if (record.unregistered) SetTime(*record.unregistered, out->mutable_unregistered_time());
  SetResources(record.used, out->mutable_allocated_resources());
  SetResources(record.offered, out->mutable_offered_resources());
  out->mutable_offer_constraints();
}

template <class Key>
void AddTasks(const SharedMap<Key, TaskPtr>& tasks, RepeatedPtrField<v1::Task>* out) {
  tasks.ForEach([&](const Key&, const TaskPtr& task) { *out->Add() = *task; });
}

// Writes a message whose repeated fields are printed also when empty, except deprecated ones.
void AppendWithEmptyLists(const google::protobuf::Message& message, JsonWriter& json) {
  const auto* reflection = message.GetReflection();
  const auto* descriptor = message.GetDescriptor();
  json.BeginObject();
  for (int i = 0; i < descriptor->field_count(); ++i) {
    const auto* field = descriptor->field(i);
    if (!field->is_repeated() || field->options().deprecated()) continue;
    json.Key(field->name());
    json.BeginArray();
    for (int k = 0; k < reflection->FieldSize(message, field); ++k) {
      AppendJson(reflection->GetRepeatedMessage(message, field, k), json);
    }
    json.EndArray();
  }
  json.EndObject();
}

void AppendState(const Response::GetState& state, JsonWriter& json) {
  json.BeginObject();
  json.Key("get_tasks");
  AppendWithEmptyLists(state.get_tasks(), json);
  json.Key("get_executors");
  AppendWithEmptyLists(state.get_executors(), json);
  json.Key("get_frameworks");
  AppendWithEmptyLists(state.get_frameworks(), json);
  json.Key("get_agents");
  AppendWithEmptyLists(state.get_agents(), json);
  json.EndObject();
}

}  // namespace

void FillGetAgents(const Snapshot& view, Response::GetAgents* out) {
  view.agents.ForEach([&](const AgentId&, const AgentPtr& record) {
    auto* agent = out->add_agents();
    *agent->mutable_agent_info() = *record->info;
    agent->mutable_agent_info()->set_checkpoint(true);  // Every agent of ours does.
    agent->set_active(record->active);
    agent->set_deactivated(record->deactivated);
    agent->set_version(record->version);
    agent->set_pid(record->pid);
    SetTime(record->registered, agent->mutable_registered_time());
    if (record->reregistered) SetTime(*record->reregistered, agent->mutable_reregistered_time());
    SetResources(record->total, agent->mutable_total_resources());
    SetResources(Sum(record->used), agent->mutable_allocated_resources());
    SetResources(Sum(record->offered), agent->mutable_offered_resources());
    for (const auto& capability : record->capabilities) *agent->add_capabilities() = capability;
  });
  view.recovered_agents.ForEach(
      [&](const AgentId&, const auto& info) { *out->add_recovered_agents() = *info; });
}

void FillGetFrameworks(const Snapshot& view, Response::GetFrameworks* out) {
  std::map<FrameworkId, Response::GetFrameworks::Framework*> by_id;
  view.frameworks.ForEach([&](const FrameworkId& id, const FrameworkViewPtr& framework) {
    auto* added = out->add_frameworks();
    FillFramework(*framework, added);
    by_id[id] = added;
  });
  // Pointers stay valid: RepeatedPtrField does not move its elements.
  view.offers.ForEach([&](const OfferId&, const OfferPtr& offer) {
    const auto it = by_id.find(FrameworkId(offer->framework_id().value()));
    if (it != by_id.end()) *it->second->add_offers() = *offer;
  });
  view.completed_frameworks.ForEach([&](uint64_t, const FrameworkViewPtr& framework) {
    FillFramework(*framework, out->add_completed_frameworks());
  });
}

void FillGetTasks(const Snapshot& view, Response::GetTasks* out) {
  const auto add = [&](const FrameworkViewPtr& framework) {
    AddTasks(framework->tasks, out->mutable_tasks());
    AddTasks(framework->unreachable_tasks, out->mutable_unreachable_tasks());
    AddTasks(framework->completed_tasks, out->mutable_completed_tasks());
  };
  view.frameworks.ForEach([&](const FrameworkId&, const auto& framework) { add(framework); });
  view.completed_frameworks.ForEach([&](uint64_t, const auto& framework) { add(framework); });
}

void FillGetState(const Snapshot& view, Response::GetState* out) {
  FillGetTasks(view, out->mutable_get_tasks());
  out->mutable_get_executors();
  FillGetFrameworks(view, out->mutable_get_frameworks());
  FillGetAgents(view, out->mutable_get_agents());
}

void FillGetRoles(const Snapshot& view, Response::GetRoles* out) {
  struct RoleSums {
    std::set<std::string> frameworks;
    Resources resources;
  };
  std::map<std::string, RoleSums> roles;
  view.frameworks.ForEach([&](const FrameworkId& id, const FrameworkViewPtr& framework) {
    const FrameworkRecord& record = *framework->record;
    if (record.info->roles().empty()) {
      roles[record.info->role()].frameworks.insert(id.value());
    }
    for (const std::string& role : record.info->roles()) roles[role].frameworks.insert(id.value());
    for (const auto& held : {record.used, record.offered}) {
      for (const auto& [role, resources] : held.ByAllocationRole()) {
        roles[role].resources += resources.Unallocated();
      }
    }
  });
  for (const auto& [name, sums] : roles) {
    auto* role = out->add_roles();
    role->set_name(name);
    role->set_weight(1.0);
    for (const std::string& id : sums.frameworks) role->add_frameworks()->set_value(id);
    *role->mutable_resources() = sums.resources.ToProto(ReservationFormat::kPost);
  }
}

void FillGetMaster(const Snapshot& view, Response::GetMaster* out) {
  *out->mutable_master_info() = view.master.info;
  out->set_start_time(view.master.started.seconds());
  out->set_elected_time(view.master.elected.seconds());
}

std::string OperatorResponseJson(const Response& response) {
  std::string out;
  JsonWriter json(&out);
  json.BeginObject();
  json.Key("type");
  json.String(Response::Type_Name(response.type()));
  const auto lists = [&](std::string_view key, const google::protobuf::Message& message) {
    json.Key(key);
    AppendWithEmptyLists(message, json);
  };
  if (response.has_get_agents()) {
    lists("get_agents", response.get_agents());
  } else if (response.has_get_frameworks()) {
    lists("get_frameworks", response.get_frameworks());
  } else if (response.has_get_executors()) {
    lists("get_executors", response.get_executors());
  } else if (response.has_get_tasks()) {
    lists("get_tasks", response.get_tasks());
  } else if (response.has_get_state()) {
    json.Key("get_state");
    AppendState(response.get_state(), json);
  } else {
    return ToJson(response);
  }
  json.EndObject();
  return out;
}

}  // namespace meseta::master
