#include "agent/api/operator_response.h"

#include "actors/base/json/json_codec.h"

namespace meseta::agent {
namespace {

using Stage = ExecutorRecord::Stage;

template <class Visit>
void ForEachFramework(const AgentSnapshot& view, Visit visit) {
  for (const auto& [id, framework] : view.frameworks) visit(*framework);
  for (const auto& framework : view.completed_frameworks) visit(*framework);
}

// Repeated fields are printed also when empty.
void AppendWithEmptyLists(const google::protobuf::Message& message, JsonWriter& json) {
  const auto* reflection = message.GetReflection();
  const auto* descriptor = message.GetDescriptor();
  json.BeginObject();
  for (int i = 0; i < descriptor->field_count(); ++i) {
    const auto* field = descriptor->field(i);
    json.Key(field->name());
    json.BeginArray();
    for (int k = 0; k < reflection->FieldSize(message, field); ++k) {
      AppendJson(reflection->GetRepeatedMessage(message, field, k), json);
    }
    json.EndArray();
  }
  json.EndObject();
}

// {"type":"GET_TASKS","get_tasks":{...}}
void AppendStateCall(const OperatorResponse& response, JsonWriter& json) {
  json.Key("type");
  json.String(OperatorResponse::Type_Name(response.type()));
  if (response.has_get_tasks()) {
    json.Key("get_tasks");
    AppendWithEmptyLists(response.get_tasks(), json);
  } else if (response.has_get_executors()) {
    json.Key("get_executors");
    AppendWithEmptyLists(response.get_executors(), json);
  } else if (response.has_get_frameworks()) {
    json.Key("get_frameworks");
    AppendWithEmptyLists(response.get_frameworks(), json);
  } else {
    json.Key("get_state");
    json.BeginObject();
    json.Key("get_tasks");
    AppendWithEmptyLists(response.get_state().get_tasks(), json);
    json.Key("get_executors");
    AppendWithEmptyLists(response.get_state().get_executors(), json);
    json.Key("get_frameworks");
    AppendWithEmptyLists(response.get_state().get_frameworks(), json);
    json.EndObject();
  }
}

}  // namespace

void FillGetFrameworks(const AgentSnapshot& view, OperatorResponse::GetFrameworks* out) {
  for (const auto& [id, framework] : view.frameworks) {
    *out->add_frameworks()->mutable_framework_info() = *framework->info;
  }
  for (const auto& framework : view.completed_frameworks) {
    *out->add_completed_frameworks()->mutable_framework_info() = *framework->info;
  }
}

void FillGetExecutors(const AgentSnapshot& view, OperatorResponse::GetExecutors* out) {
  ForEachFramework(view, [out](const FrameworkView& framework) {
    for (const ExecutorPtr& executor : framework.executors) {
      *out->add_executors()->mutable_executor_info() = executor->info;
    }
    for (const ExecutorPtr& executor : framework.completed) {
      *out->add_completed_executors()->mutable_executor_info() = executor->info;
    }
  });
}

void FillGetTasks(const AgentSnapshot& view, OperatorResponse::GetTasks* out) {
  ForEachFramework(view, [out](const FrameworkView& framework) {
    for (const ExecutorPtr& executor : framework.executors) {
      switch (executor->stage) {
        case Stage::kQueued: *out->add_queued_tasks() = executor->task; break;
        case Stage::kLaunched: *out->add_launched_tasks() = executor->task; break;
        case Stage::kTerminated: *out->add_terminated_tasks() = executor->task; break;
        case Stage::kCompleted: *out->add_completed_tasks() = executor->task; break;
      }
    }
    for (const ExecutorPtr& executor : framework.completed) {
      *out->add_completed_tasks() = executor->task;
    }
  });
}

void FillGetContainers(const std::vector<ExecutorUsage>& usages,
                       OperatorResponse::GetContainers* out) {
  for (const ExecutorUsage& usage : usages) {
    auto* container = out->add_containers();
    *container->mutable_framework_id() = usage.executor->task.framework_id();
    *container->mutable_executor_id() = usage.executor->info.executor_id();
    container->set_executor_name(usage.executor->info.name());
    container->mutable_container_id()->set_value(usage.executor->container.value());
    *container->mutable_container_status() = ContainerStatusOf(*usage.executor);
    if (usage.statistics) *container->mutable_resource_statistics() = *usage.statistics;
  }
}

std::string RenderResponse(const OperatorResponse& response, http::ContentType type) {
  if (type == http::ContentType::kProtobuf) return response.SerializeAsString();
  if (response.has_get_tasks() || response.has_get_executors() || response.has_get_frameworks() ||
      response.has_get_state()) {
    std::string out;
    JsonWriter json(&out);
    json.BeginObject();
    AppendStateCall(response, json);
    json.EndObject();
    return out;
  }
  return ToJson(response);
}

}  // namespace meseta::agent
