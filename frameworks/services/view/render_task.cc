#include "frameworks/services/instances/instance_core.h"
#include "frameworks/services/view/json_values.h"
#include "frameworks/services/view/render.h"

namespace meseta::services {
namespace {

void RenderCheck(const CheckHealth& check, const std::string& instance, JsonWriter& writer) {
  writer.BeginObject();
  WriteBool("alive", check.alive, writer);
  WriteInt("consecutiveFailures", check.consecutive_failures, writer);
  if (check.first_success_ms != 0) WriteTime("firstSuccess", check.first_success_ms, writer);
  if (check.last_failure_ms != 0) WriteTime("lastFailure", check.last_failure_ms, writer);
  if (check.last_success_ms != 0) WriteTime("lastSuccess", check.last_success_ms, writer);
  if (!check.last_failure_cause.empty()) {
    WriteText("lastFailureCause", check.last_failure_cause, writer);
  }
  WriteText("instanceId", instance, writer);
  writer.EndObject();
}

void RenderHealth(const Snapshot& snapshot, const Instance& instance, JsonWriter& writer) {
  const auto* health = snapshot.health.Find(instance.id());
  const bool own = health != nullptr && !(*health)->checks.empty();
  if (!own && !instance.has_healthy()) return;
  writer.Key("healthCheckResults");
  writer.BeginArray();
  if (own) {
    for (const CheckHealth& check : (*health)->checks) RenderCheck(check, instance.id(), writer);
  } else {  // The agent's checks: only what they came to is known.
    CheckHealth check;
    check.alive = instance.healthy();
    check.first_success_ms = instance.first_healthy_at();
    RenderCheck(check, instance.id(), writer);
  }
  writer.EndArray();
}

void RenderAddresses(const Instance& instance, JsonWriter& writer) {
  writer.Key("ipAddresses");
  writer.BeginArray();
  for (const std::string& address : instance.ip_addresses()) {
    writer.BeginObject();
    WriteText("ipAddress", address, writer);
    WriteText("protocol", address.find(':') == std::string::npos ? "IPv4" : "IPv6", writer);
    writer.EndObject();
  }
  writer.EndArray();
}

}  // namespace

Health HealthOf(const Instance& instance) {
  if (!instance.has_healthy()) return Health::kUnknown;
  return instance.healthy() ? Health::kHealthy : Health::kUnhealthy;
}

void RenderTask(const Snapshot& snapshot, const Instance& instance, const AppSpec* app,
                JsonWriter& writer) {
  writer.BeginObject();
  RenderAddresses(instance, writer);
  if (instance.staged_at() != 0) WriteTime("stagedAt", instance.staged_at(), writer);
  WriteText("state", TaskStateName(instance.condition()), writer);
  writer.Key("ports");
  writer.BeginArray();
  for (const uint32_t port : instance.host_ports()) writer.UInt(port);
  writer.EndArray();
  if (instance.started_at() != 0) WriteTime("startedAt", instance.started_at(), writer);
  WriteTime("version", instance.app_version(), writer);
  WriteText("id", instance.task_id(), writer);
  WriteText("appId", instance.app(), writer);
  WriteText("slaveId", instance.agent_id(), writer);
  WriteText("host", instance.host(), writer);
  if (!instance.region().empty()) WriteText("region", instance.region(), writer);
  if (!instance.zone().empty()) WriteText("zone", instance.zone(), writer);
  WriteText("role", instance.role(), writer);
  if (app != nullptr) {
    writer.Key("servicePorts");
    writer.BeginArray();
    for (const uint32_t port : ServicePortsOf(*app)) writer.UInt(port);
    writer.EndArray();
  }
  RenderHealth(snapshot, instance, writer);
  writer.EndObject();
}

}  // namespace meseta::services
