#include "frameworks/services/launch/task_builder.h"

#include <vector>

#include "actors/base/strings.h"
#include "actors/base/time.h"

namespace meseta::services {
namespace {

using AppHealthCheck = internal::AppHealthCheck;

void AddLabel(const std::string& key, const std::string& value, v1::Labels* labels) {
  v1::Label* label = labels->add_labels();
  label->set_key(key);
  label->set_value(value);
}

void AddLabels(const google::protobuf::Map<std::string, std::string>& map, v1::Labels* labels) {
  const std::map<std::string, std::string> sorted(map.begin(), map.end());
  for (const auto& [key, value] : sorted) AddLabel(key, value, labels);
}

void SetCommand(const AppSpec& app, const std::string& host, const HostPorts& ports,
                const MatchOptions& options, v1::TaskInfo* task) {
  v1::CommandInfo* command = task->mutable_command();
  const auto variables = EnvironmentOf(app, task->task_id().value(), host, ports, options);
  for (const auto& [name, value] : variables) {
    auto* variable = command->mutable_environment()->add_variables();
    variable->set_name(name);
    variable->set_value(value);
  }
  if (!app.cmd().empty()) command->set_value(app.cmd());
  command->set_shell(!app.cmd().empty());
  if (app.args_size() > 0) {
    command->set_shell(false);
    *command->mutable_arguments() = app.args();
    // With an image the arguments go to its entrypoint.
    if (app.container().image().empty()) command->set_value(app.args(0));
  }
  for (const internal::AppFetch& fetch : app.fetch()) {
    v1::CommandInfo::URI* uri = command->add_uris();
    uri->set_value(fetch.uri());
    uri->set_extract(fetch.extract());
    uri->set_executable(fetch.executable());
    uri->set_cache(fetch.cache());
    if (!fetch.dest_path().empty()) uri->set_output_file(fetch.dest_path());
  }
  const std::string& user = app.user().empty() ? options.default_user : app.user();
  if (!user.empty()) command->set_user(user);
}

// One entry per protocol; a mapping without a host port is found in each of its networks.
void AddDiscoveryPort(const AppSpec& app, const internal::AppPort& port,
                      const std::optional<uint32_t>& host_port, v1::Ports* ports) {
  std::vector<std::string> networks = {""};
  const bool mapped = HasPortMappings(app);
  if (mapped && !host_port) {
    networks.assign(port.network_names().begin(), port.network_names().end());
    for (const internal::AppNetwork& network : app.networks()) {
      if (port.network_names().empty()) networks.push_back(network.name());
    }
  }
  const std::vector<std::string> protocols = port.protocol().empty()
                                                 ? std::vector<std::string>{"tcp"}
                                                 : strings::SplitList(port.protocol());
  for (const std::string& protocol : protocols) {
    for (const std::string& network : networks) {
      v1::Port* added = ports->add_ports();
      added->set_number(host_port.value_or(port.container_port()));
      added->set_protocol(protocol);
      if (!port.name().empty()) added->set_name(port.name());
      if (!port.labels().empty()) AddLabels(port.labels(), added->mutable_labels());
      if (!mapped) continue;
      AddLabel("network-scope", host_port ? "host" : "container", added->mutable_labels());
      if (!host_port) AddLabel("network-name", network, added->mutable_labels());
    }
  }
}

void SetDiscovery(const AppSpec& app, const HostPorts& ports, v1::DiscoveryInfo* discovery) {
  discovery->set_name(DiscoveryName(app.id()));
  discovery->set_visibility(v1::DiscoveryInfo::FRAMEWORK);
  v1::Ports* list = discovery->mutable_ports();
  for (size_t i = 0; i < ports.size(); ++i) {
    AddDiscoveryPort(app, PortsOf(app).Get(static_cast<int>(i)), ports[i], list);
  }
}

// Agents probe from within the container: its own port counts, if it has one.
std::optional<uint32_t> PortByIndex(const AppSpec& app, const HostPorts& ports, uint32_t index) {
  if (index >= ports.size()) return std::nullopt;
  const internal::AppPort& port = PortsOf(app).Get(static_cast<int>(index));
  if (HasPortMappings(app) && port.container_port() != 0) return port.container_port();
  return ports[index];
}

template <class Check>
std::optional<uint32_t> PortOf(const AppSpec& app, const HostPorts& ports, const Check& check) {
  if (check.has_port()) return check.port();
  return PortByIndex(app, ports, check.port_index());
}

// False: it is a check that the framework does, or one without a port to ask.
bool SetHealthCheck(const AppSpec& app, const HostPorts& ports, const AppHealthCheck& given,
                    v1::HealthCheck* check) {
  const auto protocol = given.ipv6() ? v1::NetworkInfo::IPv6 : v1::NetworkInfo::IPv4;
  const std::optional<uint32_t> port = PortOf(app, ports, given);
  switch (given.protocol()) {
    case AppHealthCheck::HTTP:
    case AppHealthCheck::HTTPS:
    case AppHealthCheck::TCP:
      return false;
    case AppHealthCheck::COMMAND:
      check->set_type(v1::HealthCheck::COMMAND);
      check->mutable_command()->set_value(given.command());
      break;
    case AppHealthCheck::MESOS_HTTP:
    case AppHealthCheck::MESOS_HTTPS: {
      if (!port) return false;
      check->set_type(v1::HealthCheck::HTTP);
      auto* http = check->mutable_http();
      http->set_scheme(given.protocol() == AppHealthCheck::MESOS_HTTP ? "http" : "https");
      http->set_port(*port);
      http->set_protocol(protocol);
      if (!given.path().empty()) http->set_path(given.path());
      break;
    }
    case AppHealthCheck::MESOS_TCP:
      if (!port) return false;
      check->set_type(v1::HealthCheck::TCP);
      check->mutable_tcp()->set_port(*port);
      check->mutable_tcp()->set_protocol(protocol);
      break;
  }
  if (given.has_delay_seconds()) check->set_delay_seconds(given.delay_seconds());
  if (given.has_interval_seconds()) check->set_interval_seconds(given.interval_seconds());
  if (given.has_timeout_seconds()) check->set_timeout_seconds(given.timeout_seconds());
  if (given.has_grace_period_seconds())
    check->set_grace_period_seconds(given.grace_period_seconds());
  if (given.has_max_consecutive_failures()) {
    check->set_consecutive_failures(given.max_consecutive_failures());
  }
  return true;
}

bool SetCheck(const AppSpec& app, const HostPorts& ports, v1::CheckInfo* check) {
  const internal::AppCheck& given = app.check();
  const std::optional<uint32_t> port = PortOf(app, ports, given);
  if (!given.exec_command().empty()) {
    check->set_type(v1::CheckInfo::COMMAND);
    check->mutable_command()->mutable_command()->set_value(given.exec_command());
  } else if (!port) {
    return false;
  } else if (given.tcp()) {
    check->set_type(v1::CheckInfo::TCP);
    check->mutable_tcp()->set_port(*port);
  } else {
    check->set_type(v1::CheckInfo::HTTP);
    check->mutable_http()->set_port(*port);
    if (!given.http_path().empty()) check->mutable_http()->set_path(given.http_path());
  }
  if (given.has_delay_seconds()) check->set_delay_seconds(given.delay_seconds());
  if (given.has_interval_seconds()) check->set_interval_seconds(given.interval_seconds());
  if (given.has_timeout_seconds()) check->set_timeout_seconds(given.timeout_seconds());
  return true;
}

void SetChecks(const AppSpec& app, const HostPorts& ports, v1::TaskInfo* task) {
  for (const AppHealthCheck& given : app.health_checks()) {
    v1::HealthCheck check;
    if (!SetHealthCheck(app, ports, given, &check)) continue;
    *task->mutable_health_check() = std::move(check);
    break;  // Agents do one per task.
  }
  v1::CheckInfo check;
  if (app.has_check() && SetCheck(app, ports, &check)) *task->mutable_check() = std::move(check);
}

}  // namespace

std::string DiscoveryName(const Path& app) {
  std::vector<std::string> parts;
  for (std::string& part : strings::Split(app, '/')) {
    if (!part.empty()) parts.insert(parts.begin(), std::move(part));
  }
  return strings::Join(parts, ".");
}

void SetTask(const AppSpec& app, const std::string& host, const HostPorts& ports,
             const MatchOptions& options, v1::TaskInfo* task) {
  task->set_name(DiscoveryName(app.id()));
  SetCommand(app, host, ports, options, task);
  SetContainer(app, ports, task);
  SetDiscovery(app, ports, task->mutable_discovery());
  if (!app.labels().empty()) AddLabels(app.labels(), task->mutable_labels());
  SetChecks(app, ports, task);
  const double grace = app.has_task_kill_grace_period_seconds()
                           ? app.task_kill_grace_period_seconds()
                           : options.task_kill_grace_seconds;
  if (grace > 0 || app.has_task_kill_grace_period_seconds()) {
    task->mutable_kill_policy()->mutable_grace_period()->set_nanoseconds(
        Duration::FromSecondsDouble(grace).nanos());
  }
  for (const auto& [name, limit] : app.resource_limits()) {
    (*task->mutable_limits())[name].set_value(limit);
  }
}

}  // namespace meseta::services
