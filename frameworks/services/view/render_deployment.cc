#include "frameworks/services/deploy/plan.h"
#include "frameworks/services/view/json_values.h"
#include "frameworks/services/view/render.h"

namespace meseta::services {
namespace {

void WriteAction(const internal::DeploymentAction& action, const Snapshot* snapshot,
                 JsonWriter& writer) {
  writer.BeginObject();
  WriteText("action", ActionName(action.kind()), writer);
  WriteText("app", action.app(), writer);
  if (snapshot != nullptr) {
    writer.Key("readinessCheckResults");
    writer.BeginArray();
    for (const InstancePtr& instance : snapshot->InstancesOf(action.app())) {
      const auto* health = snapshot->health.Find(instance->id());
      if (health == nullptr) continue;
      for (const Readiness& readiness : (*health)->readiness) {
        writer.BeginObject();
        WriteText("name", readiness.name, writer);
        WriteText("taskId", instance->task_id(), writer);
        WriteBool("ready", readiness.ready, writer);
        writer.EndObject();
      }
    }
    writer.EndArray();
  }
  writer.EndObject();
}

}  // namespace

void RenderSteps(const internal::DeploymentRecord& deployment, JsonWriter& writer) {
  writer.BeginArray();
  for (const internal::DeploymentStep& step : deployment.steps()) {
    writer.BeginObject();
    writer.Key("actions");
    writer.BeginArray();
    for (const auto& action : step.actions()) WriteAction(action, nullptr, writer);
    writer.EndArray();
    writer.EndObject();
  }
  writer.EndArray();
}

void RenderDeployment(const Snapshot& snapshot, const internal::DeploymentRecord& deployment,
                      JsonWriter& writer) {
  writer.BeginObject();
  WriteText("id", deployment.id(), writer);
  WriteTime("version", deployment.version(), writer);
  writer.Key("affectedApps");
  writer.BeginArray();
  for (const auto& change : deployment.changes()) writer.String(change.app());
  writer.EndArray();
  writer.Key("affectedPods");
  writer.BeginArray();
  writer.EndArray();
  writer.Key("steps");
  RenderSteps(deployment, writer);
  writer.Key("currentActions");
  writer.BeginArray();
  const int step = static_cast<int>(deployment.current_step());
  if (step < deployment.steps_size()) {
    for (const auto& action : deployment.steps(step).actions()) {
      WriteAction(action, &snapshot, writer);
    }
  }
  writer.EndArray();
  WriteInt("currentStep", step + 1, writer);
  WriteInt("totalSteps", deployment.steps_size(), writer);
  writer.EndObject();
}

}  // namespace meseta::services
