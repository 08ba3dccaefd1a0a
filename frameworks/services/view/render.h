// What GETs answer, from a snapshot (reference: Marathon surface 1.1). Each appends one JSON value; none
// emits keys that strict clients do not know. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "actors/base/json/json_writer.h"
#include "frameworks/services/view/snapshot.h"

namespace meseta::services {

// What is added to an app's definition.
struct AppEmbed {
  bool counts = true;
  bool deployments = true;
  bool tasks = false;
  bool readiness = false;
  bool last_task_failure = false;
  bool task_stats = false;
};
void RenderApp(const Snapshot& snapshot, const AppSpec& app, const AppEmbed& embed, int64_t now_ms,
               JsonWriter& writer);
// The answer to POST /v2/apps: no instance yet, one deployment.
void RenderNewApp(const AppSpec& app, const std::string& deployment_id, JsonWriter& writer);

// `service_ports`: of the app, when it is known. `with_health`: also results of its checks.
void RenderTask(const Snapshot& snapshot, const Instance& instance, const AppSpec* app,
                JsonWriter& writer);

struct GroupEmbed {
  bool groups = true;
  bool apps = true;
  AppEmbed app{false, false, false, false, false, false};
};
// REQUIRES: the group exists.
void RenderGroup(const Snapshot& snapshot, const Path& group, const GroupEmbed& embed,
                 int64_t now_ms, JsonWriter& writer);

void RenderDeployment(const Snapshot& snapshot, const internal::DeploymentRecord& deployment,
                      JsonWriter& writer);
// As in events and in the answer to a dry run. `full`: with `original` and `target`, which hold what
// the deployment changes and its groups.
void RenderPlan(const internal::DeploymentRecord& deployment, bool full, JsonWriter& writer);
void RenderSteps(const internal::DeploymentRecord& deployment, JsonWriter& writer);

void RenderQueueItem(const Snapshot& snapshot, const WaitingApp& waiting, bool last_unused_offers,
                     int64_t now_ms, JsonWriter& writer);

// Health as Marathon counts it: results of the app's own checks, or of the agent's.
enum class Health { kUnknown, kHealthy, kUnhealthy };
[[nodiscard]] Health HealthOf(const Instance& instance);

}  // namespace meseta::services
