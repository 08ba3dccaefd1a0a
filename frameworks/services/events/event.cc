#include "frameworks/services/events/event.h"

#include "actors/base/json/json_writer.h"
#include "frameworks/services/deploy/plan.h"
#include "frameworks/services/instances/instance_core.h"
#include "frameworks/services/model/app_json.h"
#include "frameworks/services/model/paths.h"
#include "frameworks/services/view/json_values.h"

namespace meseta::services {
namespace {

// Collects the members of an event's object.
class Members {
 public:
  Members() : writer_(&text_) { writer_.BeginObject(); }
  JsonWriter& writer() { return writer_; }
  Members& Text(std::string_view key, std::string_view value) {
    WriteText(key, value, writer_);
    return *this;
  }
  Members& Time(std::string_view key, int64_t ms) {
    WriteTime(key, ms, writer_);
    return *this;
  }
  ServiceEvent Make(std::string type, int64_t now_ms) {
    ServiceEvent event;
    event.type = std::move(type);
    event.timestamp_ms = now_ms;
    event.members = text_.substr(1);  // Without the brace.
    return event;
  }

 private:
  std::string text_;
  JsonWriter writer_;
};

// The definition of one check, as the app's JSON has it.
void WriteDefinition(const AppSpec& app, uint32_t check, Members* members) {
  members->writer().Key("healthCheck");
  if (check < static_cast<uint32_t>(app.health_checks_size())) {
    WriteHealthCheck(app.health_checks(static_cast<int>(check)), members->writer());
  } else {
    members->writer().Null();
  }
}

}  // namespace

ServiceEvent StatusUpdateEvent(const Instance& instance, const std::string& state,
                               const std::string& message, int64_t now_ms) {
  Members members;
  members.Text("slaveId", instance.agent_id())
      .Text("taskId", instance.task_id())
      .Text("taskStatus", state)
      .Text("message", message)
      .Text("appId", instance.app())
      .Text("host", instance.host());
  JsonWriter& writer = members.writer();
  writer.Key("ipAddresses");
  writer.BeginArray();
  for (const std::string& address : instance.ip_addresses()) {
    writer.BeginObject();
    WriteText("ipAddress", address, writer);
    WriteText("protocol", address.find(':') == std::string::npos ? "IPv4" : "IPv6", writer);
    writer.EndObject();
  }
  writer.EndArray();
  writer.Key("ports");
  writer.BeginArray();
  for (const uint32_t port : instance.host_ports()) writer.UInt(port);
  writer.EndArray();
  members.Time("version", instance.app_version());
  return members.Make("status_update_event", now_ms);
}

ServiceEvent InstanceChangedEvent(const Instance& instance, int64_t now_ms) {
  return Members()
      .Text("instanceId", instance.id())
      .Text("condition", ConditionName(instance.condition()))
      .Text("runSpecId", instance.app())
      .Text("agentId", instance.agent_id())
      .Text("host", instance.host())
      .Time("runSpecVersion", instance.app_version())
      .Make("instance_changed_event", now_ms);
}

ServiceEvent UnknownInstanceTerminatedEvent(const std::string& instance, const Path& app,
                                            Condition condition, int64_t now_ms) {
  return Members()
      .Text("instanceId", instance)
      .Text("runSpecId", app)
      .Text("condition", ConditionName(condition))
      .Make("unknown_instance_terminated_event", now_ms);
}

ServiceEvent InstanceHealthChangedEvent(const Instance& instance, int64_t now_ms) {
  Members members;
  members.Text("instanceId", instance.id()).Text("runSpecId", instance.app());
  if (instance.has_healthy()) WriteBool("healthy", instance.healthy(), members.writer());
  members.Time("runSpecVersion", instance.app_version());
  return members.Make("instance_health_changed_event", now_ms);
}

ServiceEvent HealthStatusChangedEvent(const Instance& instance, int64_t now_ms) {
  Members members;
  members.Text("appId", instance.app())
      .Text("instanceId", instance.id())
      .Time("version", instance.app_version());
  WriteBool("alive", instance.healthy(), members.writer());
  return members.Make("health_status_changed_event", now_ms);
}

ServiceEvent FailedHealthCheckEvent(const AppSpec& app, const Instance& instance, uint32_t check,
                                    int64_t now_ms) {
  Members members;
  members.Text("appId", instance.app())
      .Text("taskId", instance.id())
      .Text("instanceId", instance.id());
  WriteDefinition(app, check, &members);
  return members.Make("failed_health_check_event", now_ms);
}

ServiceEvent UnhealthyInstanceKillEvent(const Instance& instance, const std::string& reason,
                                        int64_t now_ms) {
  return Members()
      .Text("appId", instance.app())
      .Text("taskId", instance.task_id())
      .Text("instanceId", instance.id())
      .Time("version", instance.app_version())
      .Text("reason", reason)
      .Text("host", instance.host())
      .Text("slaveId", instance.agent_id())
      .Make("unhealthy_instance_kill_event", now_ms);
}

ServiceEvent AddHealthCheckEvent(const AppSpec& app, uint32_t check, int64_t now_ms) {
  Members members;
  members.Text("appId", app.id());
  WriteDefinition(app, check, &members);
  members.Time("version", app.version());
  return members.Make("add_health_check_event", now_ms);
}

ServiceEvent RemoveHealthCheckEvent(const Path& app, int64_t now_ms) {
  return Members().Text("appId", app).Make("remove_health_check_event", now_ms);
}

ServiceEvent AppTerminatedEvent(const Path& app, int64_t now_ms) {
  return Members().Text("appId", app).Make("app_terminated_event", now_ms);
}

ServiceEvent ApiPostEvent(const std::string& client_ip, const std::string& uri, const AppSpec& app,
                          int64_t now_ms) {
  Members members;
  members.Text("clientIp", client_ip).Text("uri", uri);
  JsonWriter& writer = members.writer();
  writer.Key("appDefinition");
  writer.BeginObject();
  WriteAppMembers(app, writer);
  writer.EndObject();
  return members.Make("api_post_event", now_ms);
}

ServiceEvent GroupChangeEvent(const Path& group, VersionMs version, const std::string& failure,
                              int64_t now_ms) {
  Members members;
  members.Text("groupId", group).Time("version", version);
  if (!failure.empty()) members.Text("reason", failure);
  return members.Make(failure.empty() ? "group_change_success" : "group_change_failed", now_ms);
}

ServiceEvent DeploymentEvent(const std::string& type, const DeploymentPtr& deployment,
                             const std::string& reason, int64_t now_ms) {
  Members members;
  if (type == "deployment_success" || type == "deployment_failed") {
    members.Text("id", deployment->id());
  } else {
    JsonWriter& writer = members.writer();
    writer.Key("currentStep");
    writer.BeginObject();
    writer.Key("actions");
    writer.BeginArray();
    const int step = static_cast<int>(deployment->current_step());
    if (step < deployment->steps_size()) {
      for (const auto& action : deployment->steps(step).actions()) {
        writer.BeginObject();
        WriteText("action", ActionName(action.kind()), writer);
        WriteText("app", action.app(), writer);
        writer.EndObject();
      }
    }
    writer.EndArray();
    writer.EndObject();
  }
  if (!reason.empty()) members.Text("reason", reason);
  ServiceEvent event = members.Make(type, now_ms);
  event.plan = deployment;
  return event;
}

ServiceEvent SchedulerEvent(const std::string& type, const std::string& framework_id,
                            const std::string& master, int64_t now_ms) {
  Members members;
  if (!framework_id.empty() && type == "scheduler_registered_event") {
    members.Text("frameworkId", framework_id);
  }
  if (!master.empty()) members.Text("master", master);
  return members.Make(type, now_ms);
}

}  // namespace meseta::services
