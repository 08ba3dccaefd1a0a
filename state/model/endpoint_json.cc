#include "state/model/endpoint_json.h"

#include <string>

#include "actors/base/json/json_codec.h"

namespace meseta::model {
namespace {

std::string RangesText(const v1::Value::Ranges& ranges) {
  std::string text = "[";
  for (const auto& range : ranges.range()) {
    if (text.size() > 1) text += ", ";
    text += std::to_string(range.begin()) + "-" + std::to_string(range.end());
  }
  return text + "]";
}

std::string SetText(const v1::Value::Set& set) {
  std::string text = "{";
  for (const auto& item : set.item()) {
    if (text.size() > 1) text += ", ";
    text += item;
  }
  return text + "}";
}

// One name's worth of a summary: scalars add up, ranges and sets join.
struct SummaryValue {
  v1::Value::Type type = v1::Value::SCALAR;
  Scalar scalar;
  v1::Value::Ranges ranges;
  v1::Value::Set set;
};

void WriteSummaryValue(const SummaryValue& value, JsonWriter& json) {
  switch (value.type) {
    case v1::Value::RANGES: json.String(RangesText(value.ranges)); break;
    case v1::Value::SET: json.String(SetText(value.set)); break;
    default: json.Double(value.scalar.value()); break;
  }
}

void WriteStatus(const v1::TaskStatus& status, JsonWriter& json) {
  json.BeginObject();
  json.Key("state");
  json.String(v1::TaskState_Name(status.state()));
  json.Key("timestamp");
  json.Double(status.timestamp());
  if (status.has_labels()) {
    json.Key("labels");
    WriteLabels(status.labels(), json);
  }
  if (status.has_container_status()) {
    v1::ContainerStatus shown = status.container_status();
    shown.clear_executor_pid();  // Mesos leaves it out here.
    json.Key("container_status");
    AppendJson(shown, json);
  }
  if (status.has_healthy()) {
    json.Key("healthy");
    json.Bool(status.healthy());
  }
  json.EndObject();
}

void WriteTaskExtras(const v1::Task& task, JsonWriter& json) {
  if (task.has_user()) {
    json.Key("user");
    json.String(task.user());
  }
  if (task.has_labels()) {
    json.Key("labels");
    WriteLabels(task.labels(), json);
  }
  if (task.has_discovery()) {
    json.Key("discovery");
    AppendJson(task.discovery(), json);
  }
  if (task.has_container()) {
    json.Key("container");
    AppendJson(task.container(), json);
  }
  if (task.has_health_check()) {
    json.Key("health_check");
    AppendJson(task.health_check(), json);
  }
}

}  // namespace

void WriteResourceSummary(const Resources& resources, JsonWriter& json) {
  std::map<std::string, SummaryValue> values{{"cpus", {}}, {"disk", {}}, {"gpus", {}}, {"mem", {}}};
  for (const Resources::Entry& entry : resources.entries()) {
    const v1::Resource& resource = entry.resource;
    SummaryValue& value =
        values[resource.has_revocable() ? resource.name() + "_revocable" : resource.name()];
    value.type = resource.type();
    if (resource.type() == v1::Value::SCALAR) {
      value.scalar = Scalar::FromThousandths(
          value.scalar.thousandths() + Scalar::FromDouble(resource.scalar().value()).thousandths());
    } else if (resource.type() == v1::Value::RANGES) {
      value.ranges.MergeFrom(resource.ranges());
    } else {
      value.set.MergeFrom(resource.set());
    }
  }
  json.BeginObject();
  for (const auto& [name, value] : values) {
    json.Key(name);
    WriteSummaryValue(value, json);
  }
  json.EndObject();
}

void WriteResourceSummaryByRole(const std::map<std::string, Resources>& by_role, JsonWriter& json) {
  json.BeginObject();
  for (const auto& [role, resources] : by_role) {
    json.Key(role);
    WriteResourceSummary(resources, json);
  }
  json.EndObject();
}

void WriteResourcesFull(const Resources& resources, JsonWriter& json) {
  json.BeginArray();
  for (const auto& resource : resources.ToProto(ReservationFormat::kEndpoint)) {
    AppendJson(resource, json);
  }
  json.EndArray();
}

void WriteResourcesFullByRole(const std::map<std::string, Resources>& by_role, JsonWriter& json) {
  json.BeginObject();
  for (const auto& [role, resources] : by_role) {
    json.Key(role);
    WriteResourcesFull(resources, json);
  }
  json.EndObject();
}

void WriteAttributes(const google::protobuf::RepeatedPtrField<v1::Attribute>& attributes,
                     JsonWriter& json) {
  json.BeginObject();
  for (const auto& attribute : attributes) {
    json.Key(attribute.name());
    switch (attribute.type()) {
      case v1::Value::SCALAR: json.Double(attribute.scalar().value()); break;
      case v1::Value::RANGES: json.String(RangesText(attribute.ranges())); break;
      case v1::Value::SET: json.String(SetText(attribute.set())); break;
      default: json.String(attribute.text().value()); break;
    }
  }
  json.EndObject();
}

void WriteLabels(const v1::Labels& labels, JsonWriter& json) {
  json.BeginArray();
  for (const auto& label : labels.labels()) AppendJson(label, json);
  json.EndArray();
}

void WriteTask(const v1::Task& task, JsonWriter& json) {
  json.BeginObject();
  json.Key("id");
  json.String(task.task_id().value());
  json.Key("name");
  json.String(task.name());
  json.Key("framework_id");
  json.String(task.framework_id().value());
  json.Key("executor_id");
  json.String(task.executor_id().value());
  json.Key("slave_id");
  json.String(task.agent_id().value());
  json.Key("state");
  json.String(v1::TaskState_Name(task.state()));
  const auto resources = Resources::FromProto(task.resources());
  json.Key("resources");
  WriteResourceSummary(resources.value_or(Resources()), json);
  if (!task.limits().empty()) {
    json.Key("limits");
    json.BeginObject();
    std::map<std::string, double> limits;
    for (const auto& [name, limit] : task.limits()) limits[name] = limit.value();
    for (const auto& [name, limit] : limits) {
      json.Key(name);
      json.Double(limit);
    }
    json.EndObject();
  }
  if (!task.resources().empty() && task.resources(0).has_allocation_info()) {
    json.Key("role");
    json.String(task.resources(0).allocation_info().role());
  }
  json.Key("statuses");
  json.BeginArray();
  for (const auto& status : task.statuses()) WriteStatus(status, json);
  json.EndArray();
  WriteTaskExtras(task, json);
  json.EndObject();
}

}  // namespace meseta::model
