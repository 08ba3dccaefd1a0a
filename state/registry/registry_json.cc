#include "state/registry/registry_json.h"

#include <map>

#include "actors/base/json/json_codec.h"
#include "actors/base/json/json_writer.h"
#include "state/model/resource_format.h"

namespace meseta::registry {
namespace {

void WriteTimestamp(int64_t nanos, JsonWriter& json) {
  json.BeginObject();
  json.Key("nanoseconds");
  json.Int(nanos);
  json.EndObject();
}

template <class Record>
void WriteDrain(const Record& record, JsonWriter& json) {
  if (record.has_drain_info()) {
    json.Key("drain_info");
    AppendJson(record.drain_info(), json);
  }
  json.Key("deactivated");
  json.Bool(record.deactivated());
}

void WriteAdmitted(const internal::AdmittedAgent& record, JsonWriter& json) {
  v1::AgentInfo info = record.info();
  info.set_checkpoint(true);
  for (v1::Resource& resource : *info.mutable_resources()) {
    model::UpgradeReservations(&resource);
    model::WriteReservations(&resource, model::ReservationFormat::kPre);
  }
  json.BeginObject();
  json.Key("info");
  AppendJson(info, json);
  WriteDrain(record, json);
  json.EndObject();
}

// {"<list>":[...]}, one element per record.
template <class Map, class Write>
void WriteList(std::string_view list, const Map& records, Write write, JsonWriter& json) {
  json.BeginObject();
  if (!records.empty()) {
    json.Key(list);
    json.BeginArray();
    for (const auto& [id, record] : records) write(record);
    json.EndArray();
  }
  json.EndObject();
}

template <class Map>
void WriteUnavailable(std::string_view name, const Map& records, JsonWriter& json) {
  if (records.empty()) return;
  json.Key(name);
  WriteList("slaves", records,
            [&](const auto& record) {
              json.BeginObject();
              json.Key("id");
              AppendJson(record.agent_id(), json);
              json.Key("timestamp");
              WriteTimestamp(record.since_ns(), json);
              if constexpr (requires { record.drain_info(); }) {
                WriteDrain(record, json);
              }
              json.EndObject();
            },
            json);
}

void WriteInfoOf(const google::protobuf::Message& info, JsonWriter& json) {
  json.BeginObject();
  json.Key("info");
  AppendJson(info, json);
  json.EndObject();
}

void WriteMachines(const RegistryState& state, JsonWriter& json) {
  json.Key("machines");
  WriteList("machines", state.machines,
            [&](const auto& record) { WriteInfoOf(record.info(), json); }, json);
  if (const auto schedule = ScheduleOf(state)) {
    json.Key("schedules");
    json.BeginArray();
    AppendJson(*schedule, json);
    json.EndArray();
  }
}

void WriteRolesAndCapabilities(const RegistryState& state, JsonWriter& json) {
  if (!state.quotas.empty()) {
    json.Key("quota_configs");
    json.BeginArray();
    for (const auto& [role, record] : state.quotas) AppendJson(record.config(), json);
    json.EndArray();
  }
  if (!state.weights.empty()) {
    json.Key("weights");
    json.BeginArray();
    for (const auto& [role, record] : state.weights) WriteInfoOf(record.info(), json);
    json.EndArray();
  }
  if (!state.minimum_capabilities.empty()) {
    json.Key("minimum_capabilities");
    json.BeginArray();
    for (const auto& [name, record] : state.minimum_capabilities) AppendJson(record, json);
    json.EndArray();
  }
}

void WriteOurs(const RegistryState& state, JsonWriter& json) {
  json.BeginObject();
  json.Key("term");
  json.UInt(state.header.term());
  json.Key("cluster_id");
  json.String(state.header.cluster_id());
  json.Key("frameworks");
  json.BeginArray();
  for (const auto& [id, record] : state.frameworks) {
    json.BeginObject();
    json.Key("info");
    AppendJson(record.info(), json);
    json.Key("registered");
    WriteTimestamp(record.registered_ns(), json);
    json.EndObject();
  }
  json.EndArray();
  json.Key("removed_frameworks");
  json.BeginArray();
  for (const auto& [id, record] : state.removed) {
    json.BeginObject();
    json.Key("id");
    AppendJson(record.framework_id(), json);
    json.Key("timestamp");
    WriteTimestamp(record.since_ns(), json);
    json.EndObject();
  }
  json.EndArray();
  json.EndObject();
}

}  // namespace

std::string RegistryJson(const RegistryState& state, const v1::MasterInfo* leader) {
  std::string out;
  JsonWriter json(&out);
  json.BeginObject();
  if (leader != nullptr) {
    json.Key("master");
    WriteInfoOf(*leader, json);
  }
  json.Key("slaves");
  WriteList("slaves", state.admitted, [&](const auto& record) { WriteAdmitted(record, json); },
            json);
  WriteUnavailable("unreachable", state.unreachable, json);
  WriteUnavailable("gone", state.gone, json);
  WriteMachines(state, json);
  WriteRolesAndCapabilities(state, json);
  json.Key("meseta");
  WriteOurs(state, json);
  json.EndObject();
  return out;
}

}  // namespace meseta::registry
