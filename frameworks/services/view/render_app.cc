#include <algorithm>

#include "frameworks/services/instances/instance_core.h"
#include "frameworks/services/model/app_json.h"
#include "frameworks/services/view/json_values.h"
#include "frameworks/services/view/render.h"

namespace meseta::services {
namespace {

struct Counts {
  int64_t staged = 0;
  int64_t running = 0;
  int64_t healthy = 0;
  int64_t unhealthy = 0;
};

void Count(const Instance& instance, Counts* counts) {
  switch (instance.condition()) {
    case Instance::PROVISIONED:
    case Instance::STAGING:
    case Instance::STARTING: ++counts->staged; break;
    case Instance::RUNNING:
    case Instance::KILLING: ++counts->running; break;
    default: return;
  }
  if (HealthOf(instance) == Health::kHealthy) ++counts->healthy;
  if (HealthOf(instance) == Health::kUnhealthy) ++counts->unhealthy;
}

Counts CountAll(const std::vector<InstancePtr>& instances) {
  Counts counts;
  for (const InstancePtr& instance : instances) Count(*instance, &counts);
  return counts;
}

void RenderCounts(const Counts& counts, JsonWriter& writer) {
  WriteInt("tasksStaged", counts.staged, writer);
  WriteInt("tasksRunning", counts.running, writer);
  WriteInt("tasksHealthy", counts.healthy, writer);
  WriteInt("tasksUnhealthy", counts.unhealthy, writer);
}

void RenderDeploymentIds(const std::string* id, JsonWriter& writer) {
  writer.Key("deployments");
  writer.BeginArray();
  if (id != nullptr) {
    writer.BeginObject();
    WriteText("id", *id, writer);
    writer.EndObject();
  }
  writer.EndArray();
}

void RenderFailure(const internal::AppFailure& failure, JsonWriter& writer) {
  writer.Key("lastTaskFailure");
  writer.BeginObject();
  WriteText("appId", failure.app(), writer);
  WriteText("host", failure.host(), writer);
  WriteText("message", failure.message(), writer);
  WriteText("state", failure.state(), writer);
  WriteText("taskId", failure.task_id(), writer);
  WriteTime("timestamp", failure.timestamp(), writer);
  WriteTime("version", failure.version(), writer);
  WriteText("slaveId", failure.agent_id(), writer);
  writer.EndObject();
}

void RenderReadiness(const Snapshot& snapshot, const std::vector<InstancePtr>& instances,
                     JsonWriter& writer) {
  writer.Key("readinessCheckResults");
  writer.BeginArray();
  for (const InstancePtr& instance : instances) {
    const auto* health = snapshot.health.Find(instance->id());
    if (health == nullptr) continue;
    for (const Readiness& readiness : (*health)->readiness) {
      writer.BeginObject();
      WriteText("name", readiness.name, writer);
      WriteText("taskId", instance->task_id(), writer);
      WriteBool("ready", readiness.ready, writer);
      if (readiness.status != 0) {
        writer.Key("lastResponse");
        writer.BeginObject();
        WriteInt("status", readiness.status, writer);
        WriteText("contentType", readiness.content_type, writer);
        WriteText("body", readiness.body, writer);
        writer.EndObject();
      }
      writer.EndObject();
    }
  }
  writer.EndArray();
}

// One member of taskStats; absent when no instance counts, as in Marathon.
template <class Select>
void RenderStats(std::string_view key, const std::vector<InstancePtr>& instances, int64_t now_ms,
                 JsonWriter& writer, Select select) {
  Counts counts;
  std::vector<double> life;  // Seconds.
  size_t selected = 0;
  for (const InstancePtr& instance : instances) {
    if (!select(*instance)) continue;
    ++selected;
    Count(*instance, &counts);
    if (instance->started_at() != 0) {
      life.push_back(static_cast<double>(now_ms - instance->started_at()) / 1e3);
    }
  }
  if (selected == 0) return;
  writer.Key(key);
  writer.BeginObject();
  writer.Key("stats");
  writer.BeginObject();
  writer.Key("counts");
  writer.BeginObject();
  WriteInt("staged", counts.staged, writer);
  WriteInt("running", counts.running, writer);
  WriteInt("healthy", counts.healthy, writer);
  WriteInt("unhealthy", counts.unhealthy, writer);
  writer.EndObject();
  if (!life.empty()) {
    std::sort(life.begin(), life.end());
    double sum = 0;
    for (const double seconds : life) sum += seconds;
    writer.Key("lifeTime");
    writer.BeginObject();
    writer.Key("averageSeconds");
    WriteNumber(sum / static_cast<double>(life.size()), writer);
    writer.Key("medianSeconds");
    WriteNumber(life[life.size() / 2], writer);
    writer.EndObject();
  }
  writer.EndObject();
  writer.EndObject();
}

void RenderTaskStats(const AppSpec& app, const std::vector<InstancePtr>& instances, int64_t now_ms,
                     JsonWriter& writer) {
  writer.Key("taskStats");
  writer.BeginObject();
  RenderStats("startedAfterLastScaling", instances, now_ms, writer,
              [&](const Instance& i) { return i.started_at() > app.last_scaling_at(); });
  const auto latest = [&](const Instance& i) {
    return i.config_version() == app.last_config_change_at();
  };
  RenderStats("withLatestConfig", instances, now_ms, writer, latest);
  RenderStats("withOutdatedConfig", instances, now_ms, writer,
              [&](const Instance& i) { return !latest(i); });
  RenderStats("totalSummary", instances, now_ms, writer, [](const Instance&) { return true; });
  writer.EndObject();
}

}  // namespace

void RenderApp(const Snapshot& snapshot, const AppSpec& app, const AppEmbed& embed, int64_t now_ms,
               JsonWriter& writer) {
  writer.BeginObject();
  WriteAppMembers(app, writer);
  const bool wants_instances =
      embed.counts || embed.tasks || embed.readiness || embed.task_stats;
  const auto instances =
      wants_instances ? snapshot.InstancesOf(app.id()) : std::vector<InstancePtr>();
  if (embed.counts) RenderCounts(CountAll(instances), writer);
  if (embed.deployments) RenderDeploymentIds(snapshot.deployment_of.Find(app.id()), writer);
  if (embed.readiness) RenderReadiness(snapshot, instances, writer);
  if (embed.last_task_failure) {
    if (const auto* failure = snapshot.failures.Find(app.id())) RenderFailure(**failure, writer);
  }
  if (embed.tasks) {
    writer.Key("tasks");
    writer.BeginArray();
    for (const InstancePtr& instance : instances) RenderTask(snapshot, *instance, &app, writer);
    writer.EndArray();
  }
  if (embed.task_stats) RenderTaskStats(app, instances, now_ms, writer);
  writer.EndObject();
}

void RenderNewApp(const AppSpec& app, const std::string& deployment_id, JsonWriter& writer) {
  writer.BeginObject();
  WriteAppMembers(app, writer);
  RenderCounts(Counts(), writer);
  RenderDeploymentIds(deployment_id.empty() ? nullptr : &deployment_id, writer);
  writer.Key("tasks");
  writer.BeginArray();
  writer.EndArray();
  writer.EndObject();
}

}  // namespace meseta::services
