// In the order of Marathon's own documents.
#include <cmath>
#include <map>

#include "actors/base/json/json_parser.h"
#include "frameworks/services/model/app_reader.h"

namespace meseta::services {
namespace {

using internal::AppPort;

void WriteText(const char* name, const std::string& text, JsonWriter& writer) {
  writer.Key(name);
  writer.String(text);
}

void WriteBool(const char* name, bool value, JsonWriter& writer) {
  writer.Key(name);
  writer.Bool(value);
}

void WriteAmount(const char* name, double value, JsonWriter& writer) {
  writer.Key(name);
  WriteNumber(value, writer);
}

// Maps of messages have no order of their own.
template <class Map>
void WriteMap(const char* name, const Map& map, JsonWriter& writer) {
  writer.Key(name);
  writer.BeginObject();
  for (const auto& [key, value] : std::map<std::string, std::string>(map.begin(), map.end())) {
    writer.Key(key);
    writer.String(value);
  }
  writer.EndObject();
}

template <class Texts>
void WriteTexts(const char* name, const Texts& texts, JsonWriter& writer) {
  writer.Key(name);
  writer.BeginArray();
  for (const std::string& text : texts) writer.String(text);
  writer.EndArray();
}

// Calls write(element) for each; nothing is written when there is none.
template <class Elements, class Write>
void WriteList(const char* name, const Elements& elements, JsonWriter& writer, const Write& write) {
  if (elements.empty()) return;
  writer.Key(name);
  writer.BeginArray();
  for (const auto& element : elements) write(element);
  writer.EndArray();
}

void WriteConstraint(const internal::AppConstraint& constraint, JsonWriter& writer) {
  writer.BeginArray();
  writer.String(constraint.field());
  writer.String(internal::AppConstraint::Operator_Name(constraint.op()));
  if (constraint.has_value()) writer.String(constraint.value());
  writer.EndArray();
}

void WriteMapping(const AppPort& port, JsonWriter& writer) {
  writer.BeginObject();
  WriteAmount("containerPort", port.container_port(), writer);
  if (port.has_host_port()) WriteAmount("hostPort", port.host_port(), writer);
  WriteMap("labels", port.labels(), writer);
  if (port.has_name()) WriteText("name", port.name(), writer);
  WriteText("protocol", port.protocol(), writer);
  WriteAmount("servicePort", port.service_port(), writer);
  if (port.network_names_size() > 0) WriteTexts("networkNames", port.network_names(), writer);
  writer.EndObject();
}

void WriteDefinition(const AppPort& port, JsonWriter& writer) {
  writer.BeginObject();
  WriteAmount("port", port.port(), writer);
  if (!port.labels().empty()) WriteMap("labels", port.labels(), writer);
  if (port.has_name()) WriteText("name", port.name(), writer);
  WriteText("protocol", port.protocol(), writer);
  writer.EndObject();
}

void WriteVolume(const internal::AppVolume& volume, JsonWriter& writer) {
  writer.BeginObject();
  WriteText("containerPath", volume.container_path(), writer);
  if (volume.has_host_path()) WriteText("hostPath", volume.host_path(), writer);
  if (volume.has_mode()) WriteText("mode", volume.mode(), writer);
  if (volume.has_secret()) WriteText("secret", volume.secret(), writer);
  if (volume.has_persistent_json()) {
    writer.Key("persistent");
    writer.Raw(volume.persistent_json());
  }
  if (volume.has_external_json()) {
    writer.Key("external");
    writer.Raw(volume.external_json());
  }
  writer.EndObject();
}

void WriteDocker(const internal::AppContainer& container, JsonWriter& writer) {
  writer.Key("docker");
  writer.BeginObject();
  WriteBool("forcePullImage", container.force_pull_image(), writer);
  WriteText("image", container.image(), writer);
  const auto kept = ParseJson(container.docker_json());
  if (kept.ok() && kept->is_object()) {
    for (const auto& member : kept->get_object()) {
      writer.Key({member.key().data(), member.key().size()});
      WriteValue(member.value(), writer);
    }
  }
  WriteBool("privileged", container.privileged(), writer);
  writer.EndObject();
}

void WriteContainer(const AppSpec& app, JsonWriter& writer) {
  if (!app.has_container()) return;
  const internal::AppContainer& container = app.container();
  writer.Key("container");
  writer.BeginObject();
  WriteText("type", internal::AppContainer::Type_Name(container.type()), writer);
  if (container.has_docker()) WriteDocker(container, writer);
  if (container.has_linux_info_json()) {
    writer.Key("linuxInfo");
    writer.Raw(container.linux_info_json());
  }
  writer.Key("volumes");
  writer.BeginArray();
  for (const auto& volume : container.volumes()) WriteVolume(volume, writer);
  writer.EndArray();
  if (!UsesHostNetwork(app)) {
    writer.Key("portMappings");
    writer.BeginArray();
    for (const AppPort& port : container.port_mappings()) WriteMapping(port, writer);
    writer.EndArray();
  }
  writer.EndObject();
}

void WriteEnv(const AppSpec& app, JsonWriter& writer) {
  std::map<std::string, std::pair<std::string, bool>> variables;  // To text, and whether a secret.
  for (const auto& [name, value] : app.env()) variables[name] = {value, false};
  for (const auto& [name, secret] : app.env_secrets()) variables[name] = {secret, true};
  if (variables.empty()) return;
  writer.Key("env");
  writer.BeginObject();
  for (const auto& [name, value] : variables) {
    writer.Key(name);
    if (value.second) {
      writer.BeginObject();
      WriteText("secret", value.first, writer);
      writer.EndObject();
    } else {
      writer.String(value.first);
    }
  }
  writer.EndObject();
}

void WriteSecrets(const AppSpec& app, JsonWriter& writer) {
  if (app.secrets().empty()) return;
  writer.Key("secrets");
  writer.BeginObject();
  for (const auto& [name, source] :
       std::map<std::string, std::string>(app.secrets().begin(), app.secrets().end())) {
    writer.Key(name);
    writer.BeginObject();
    WriteText("source", source, writer);
    writer.EndObject();
  }
  writer.EndObject();
}

void WriteFetch(const internal::AppFetch& fetch, JsonWriter& writer) {
  writer.BeginObject();
  WriteText("uri", fetch.uri(), writer);
  WriteBool("extract", fetch.extract(), writer);
  WriteBool("executable", fetch.executable(), writer);
  WriteBool("cache", fetch.cache(), writer);
  if (fetch.has_dest_path()) WriteText("destPath", fetch.dest_path(), writer);
  writer.EndObject();
}

void WriteLimits(const AppSpec& app, JsonWriter& writer) {
  if (app.resource_limits().empty()) return;
  writer.Key("resourceLimits");
  writer.BeginObject();
  for (const auto& [name, limit] :
       std::map<std::string, double>(app.resource_limits().begin(), app.resource_limits().end())) {
    writer.Key(name);
    if (std::isinf(limit)) {
      writer.String("unlimited");
    } else {
      WriteNumber(limit, writer);
    }
  }
  writer.EndObject();
}

void WriteNetworks(const AppSpec& app, JsonWriter& writer) {
  static constexpr const char* kModes[] = {"host", "container", "container/bridge"};
  writer.Key("networks");
  writer.BeginArray();
  for (const internal::AppNetwork& network : app.networks()) {
    writer.BeginObject();
    if (network.has_name()) WriteText("name", network.name(), writer);
    WriteText("mode", kModes[network.mode()], writer);
    if (!network.labels().empty()) WriteMap("labels", network.labels(), writer);
    writer.EndObject();
  }
  writer.EndArray();
  if (!UsesHostNetwork(app)) return;
  writer.Key("portDefinitions");
  writer.BeginArray();
  for (const AppPort& port : app.port_definitions()) WriteDefinition(port, writer);
  writer.EndArray();
}

void WriteStrategies(const AppSpec& app, JsonWriter& writer) {
  writer.Key("upgradeStrategy");
  writer.BeginObject();
  WriteAmount("maximumOverCapacity", app.upgrade_strategy().maximum_over_capacity(), writer);
  WriteAmount("minimumHealthCapacity", app.upgrade_strategy().minimum_health_capacity(), writer);
  writer.EndObject();
  if (app.has_user()) WriteText("user", app.user(), writer);
  WriteText("killSelection", AppSpec::KillSelection_Name(app.kill_selection()), writer);
  writer.Key("unreachableStrategy");
  const internal::AppUnreachableStrategy& unreachable = app.unreachable_strategy();
  if (unreachable.disabled()) return writer.String("disabled");
  writer.BeginObject();
  WriteAmount("inactiveAfterSeconds", unreachable.inactive_after_seconds(), writer);
  WriteAmount("expungeAfterSeconds", unreachable.expunge_after_seconds(), writer);
  writer.EndObject();
}

void WriteVersions(const AppSpec& app, JsonWriter& writer) {
  if (!app.has_version()) return;
  WriteText("version", ShowTime(app.version()), writer);
  if (!app.has_last_config_change_at() && !app.has_last_scaling_at()) return;
  writer.Key("versionInfo");
  writer.BeginObject();
  WriteText("lastScalingAt", ShowTime(app.last_scaling_at()), writer);
  WriteText("lastConfigChangeAt", ShowTime(app.last_config_change_at()), writer);
  writer.EndObject();
}

// What only some apps have, and what strict clients must not see unless it was asked for.
void WriteOptional(const AppSpec& app, JsonWriter& writer) {
  if (app.has_task_kill_grace_period_seconds()) {
    WriteAmount("taskKillGracePeriodSeconds", app.task_kill_grace_period_seconds(), writer);
  }
  if (app.has_tty()) WriteBool("tty", app.tty(), writer);
  if (app.has_executor_resources()) {
    writer.Key("executorResources");
    writer.BeginObject();
    WriteAmount("cpus", app.executor_resources().cpus(), writer);
    WriteAmount("mem", app.executor_resources().mem(), writer);
    WriteAmount("disk", app.executor_resources().disk(), writer);
    writer.EndObject();
  }
  WriteLimits(app, writer);
  if (!(app.progress_deadline_seconds() > 0)) return;
  writer.Key("x-meseta");
  writer.BeginObject();
  WriteAmount("progressDeadlineSeconds", app.progress_deadline_seconds(), writer);
  WriteBool("rollbackOnDeadline", app.rollback_on_deadline(), writer);
  writer.EndObject();
}

}  // namespace

void WriteAppMembers(const AppSpec& app, JsonWriter& writer) {
  WriteText("id", app.id(), writer);
  WriteTexts("acceptedResourceRoles", app.accepted_resource_roles(), writer);
  if (app.args_size() > 0) WriteTexts("args", app.args(), writer);
  WriteAmount("backoffFactor", app.backoff_factor(), writer);
  WriteAmount("backoffSeconds", app.backoff_seconds(), writer);
  if (app.has_cmd()) WriteText("cmd", app.cmd(), writer);
  WriteList("constraints", app.constraints(), writer,
            [&](const auto& constraint) { WriteConstraint(constraint, writer); });
  WriteContainer(app, writer);
  WriteAmount("cpus", app.resources().cpus(), writer);
  if (app.dependencies_size() > 0) WriteTexts("dependencies", app.dependencies(), writer);
  WriteAmount("disk", app.resources().disk(), writer);
  WriteEnv(app, writer);
  WriteText("executor", app.executor(), writer);
  WriteList("fetch", app.fetch(), writer, [&](const auto& fetch) { WriteFetch(fetch, writer); });
  WriteChecks(app, writer);
  WriteAmount("instances", app.instances(), writer);
  WriteMap("labels", app.labels(), writer);
  WriteAmount("maxLaunchDelaySeconds", app.max_launch_delay_seconds(), writer);
  WriteAmount("mem", app.resources().mem(), writer);
  WriteAmount("gpus", app.resources().gpus(), writer);
  WriteNetworks(app, writer);
  WriteBool("requirePorts", app.require_ports(), writer);
  WriteSecrets(app, writer);
  WriteStrategies(app, writer);
  WriteText("role", app.role(), writer);
  WriteOptional(app, writer);
  WriteVersions(app, writer);
}

}  // namespace meseta::services
