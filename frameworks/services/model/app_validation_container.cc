// Rules of networks, ports, containers and checks, and what agents cannot do yet.
#include <algorithm>
#include <map>
#include <set>

#include "frameworks/services/model/app_reader.h"
#include "frameworks/services/model/app_validation.h"

namespace meseta::services {
namespace {

using internal::AppContainer;
using internal::AppHealthCheck;
using internal::AppNetwork;
using internal::AppPort;
using internal::AppVolume;
using Ports = google::protobuf::RepeatedPtrField<AppPort>;

// Marathon's pattern of port names and of networks: [a-z0-9]([-a-z0-9]*[a-z0-9])?
bool IsName(const std::string& name, bool underscores) {
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  if (name.empty() || !plain(name.front()) || !plain(name.back())) return false;
  return std::all_of(name.begin(), name.end(),
                     [&](char c) { return plain(c) || c == '-' || (underscores && c == '_'); });
}

int CountNetworks(const AppSpec& app, AppNetwork::Mode mode) {
  return static_cast<int>(
      std::count_if(app.networks().begin(), app.networks().end(),
                    [&](const auto& network) { return network.mode() == mode; }));
}

void CheckNames(const Ports& ports, const std::string& path, ErrorList* errors) {
  std::set<std::string> names;
  for (int i = 0; i < ports.size(); ++i) {
    if (!ports[i].has_name()) continue;
    if (!names.insert(ports[i].name()).second) errors->Add(path, "Port names must be unique.");
    if (IsName(ports[i].name(), false)) continue;
    errors->Add(Indexed(path, static_cast<size_t>(i)) + "/name",
                "must fully match regular expression '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$'");
  }
}

void CheckMappings(const AppSpec& app, ErrorList* errors) {
  const std::string path = "/container/portMappings";
  const Ports& mappings = app.container().port_mappings();
  CheckNames(mappings, path, errors);
  std::set<uint32_t> host_ports;
  for (int i = 0; i < mappings.size(); ++i) {
    const AppPort& mapping = mappings[i];
    const std::string at = Indexed(path, static_cast<size_t>(i));
    if (mapping.host_port() != 0 && !host_ports.insert(mapping.host_port()).second) {
      errors->Add(path, "Host ports must be unique.");
    }
    if (CountNetworks(app, AppNetwork::CONTAINER) > 1 && mapping.has_host_port() &&
        mapping.network_names_size() != 1) {
      errors->Add(
          at,
          "networkNames must be a single item list when hostPort is specified and more than 1 "
          "container network is defined");
    }
    for (int n = 0; n < mapping.network_names_size(); ++n) {
      const std::string& name = mapping.network_names(n);
      const bool known = std::any_of(app.networks().begin(), app.networks().end(),
                                     [&](const auto& network) { return network.name() == name; });
      if (!known) {
        errors->Add(Indexed(at + "/networkNames", static_cast<size_t>(n)),
                    "is not one of the app's networks");
      }
    }
  }
}

bool IsMesosLevel(AppHealthCheck::Protocol protocol) {
  return protocol == AppHealthCheck::MESOS_HTTP || protocol == AppHealthCheck::MESOS_HTTPS ||
         protocol == AppHealthCheck::MESOS_TCP;
}

void CheckOneHealthCheck(const AppSpec& app, int index, ErrorList* errors) {
  const AppHealthCheck& check = app.health_checks(index);
  const std::string path = Indexed("/healthChecks", static_cast<size_t>(index));
  const int ports = PortCount(app);
  if (check.protocol() != AppHealthCheck::COMMAND && !check.has_port() &&
      static_cast<int>(check.port_index()) >= ports) {
    errors->Add(path,
                "Health check port indices must address an element of the ports array or container "
                "port mappings.");
  }
  const bool docker = app.has_container() && app.container().type() == AppContainer::DOCKER;
  if (check.ipv6() && !(IsMesosLevel(check.protocol()) && docker)) {
    errors->Add(
        path,
        "IPv6 can only be used for container type DOCKER and Mesos http/https/tcp health checks");
  }
  if (check.protocol() != AppHealthCheck::COMMAND) return;
  if (!check.has_command()) {
    errors->Add(path + "/command", "not defined");
  } else if (check.command().empty()) {
    errors->Add(path + "/command/value", "must not be empty");
  }
}

void CheckReadiness(const AppSpec& app, ErrorList* errors) {
  if (app.readiness_checks_size() > 1) {
    errors->Add("/readinessChecks",
                "got " + std::to_string(app.readiness_checks_size()) + ", expected 1 or less");
  }
  const Ports& ports = app.container().port_mappings_size() > 0 ? app.container().port_mappings()
                                                                : app.port_definitions();
  for (int i = 0; i < app.readiness_checks_size(); ++i) {
    const auto& check = app.readiness_checks(i);
    const std::string path = Indexed("/readinessChecks", static_cast<size_t>(i));
    const bool known = std::any_of(ports.begin(), ports.end(), [&](const AppPort& port) {
      return port.has_name() && port.name() == check.port_name();
    });
    if (!known) {
      errors->Add(path + "/portName",
                  "No port definition reference for portName " + check.port_name());
    }
    if (check.timeout_seconds() >= check.interval_seconds()) {
      errors->Add(path + "/timeoutSeconds", "got " + ShowNumber(check.timeout_seconds()) +
                                                ", expected less than " +
                                                ShowNumber(check.interval_seconds()));
    }
  }
}

// Why agents cannot provide a volume; empty: they can.
std::string WhyNoVolume(const AppVolume& volume, const Defaults& defaults) {
  if (volume.has_host_path() && !defaults.host_volumes) return "host volumes";
  if (volume.has_persistent_json() && !defaults.persistent_volumes) return "persistent volumes";
  if (volume.has_external_json() && !defaults.external_volumes) return "external volumes";
  if (volume.has_secret() && !defaults.secrets) return "secret volumes";
  return "";
}

}  // namespace

void CheckNetworks(const AppSpec& app, ErrorList* errors) {
  const int host = CountNetworks(app, AppNetwork::HOST);
  const int bridge = CountNetworks(app, AppNetwork::CONTAINER_BRIDGE);
  const int container = CountNetworks(app, AppNetwork::CONTAINER);
  if ((host > 0) + (bridge > 0) + (container > 0) != 1 || host > 1 || bridge > 1) {
    errors->Add(
        "/networks",
        "May specify a single host network, single bridge network, or else 1-to-n container "
        "networks");
  }
  std::set<std::string> names;
  for (int i = 0; i < app.networks_size(); ++i) {
    const AppNetwork& network = app.networks(i);
    const std::string path = Indexed("/networks", static_cast<size_t>(i));
    if (network.mode() == AppNetwork::HOST && (network.has_name() || !network.labels().empty())) {
      errors->Add("/networks", "Host networks may not have names or labels");
    }
    if (network.mode() == AppNetwork::CONTAINER_BRIDGE && network.has_name()) {
      errors->Add("/networks", "Bridge networks may not have names");
    }
    if (network.mode() != AppNetwork::CONTAINER) continue;
    if (!network.has_name()) {
      errors->Add("/networks",
                  "Network name must be specified when container network is selected.");
    } else if (!IsName(network.name(), true) || network.name().size() > 63) {
      errors->Add(path + "/name",
                  "must fully match regular expression '^[a-z0-9]([-a-z0-9_]*[a-z0-9])?$'");
    }
    if (!names.insert(network.name()).second) {
      errors->Add("/networks", "Duplicate networks are not allowed");
    }
  }
  if (container > 1 && app.has_container() && app.container().type() == AppContainer::DOCKER) {
    errors->Add(
        "/", "may only specify a single container network when using the Docker container engine");
  }
}

void CheckPorts(const AppSpec& app, ErrorList* errors) {
  CheckNames(app.port_definitions(), "/portDefinitions", errors);
  std::set<uint32_t> ports;
  for (const AppPort& definition : app.port_definitions()) {
    if (definition.port() != 0 && !ports.insert(definition.port()).second) {
      errors->Add("/portDefinitions", "Ports must be unique.");
    }
  }
  if (UsesHostNetwork(app)) {
    if (app.container().port_mappings_size() > 0) {
      errors->Add("/", "portMappings are not allowed with host-networking");
    }
  } else if (app.port_definitions_size() > 0) {
    errors->Add("/", "portDefinitions are only allowed with host-networking");
  }
  CheckMappings(app, errors);
}

void CheckContainer(const AppSpec& app, const Defaults& defaults, ErrorList* errors) {
  if (!app.has_container()) return;
  const AppContainer& container = app.container();
  if (container.type() == AppContainer::DOCKER && !container.has_docker()) {
    errors->Add("/container/docker", "not defined");
  }
  if (container.type() == AppContainer::DOCKER && app.resources().gpus() > 0) {
    errors->Add("/", "GPU resources only work with the Mesos containerizer");
  }
  for (int i = 0; i < container.volumes_size(); ++i) {
    const AppVolume& volume = container.volumes(i);
    const std::string path = Indexed("/container/volumes", static_cast<size_t>(i));
    if (volume.container_path().empty()) errors->Add(path + "/containerPath", "must not be empty");
    if (volume.has_host_path() && volume.host_path().empty()) {
      errors->Add(path + "/hostPath", "must not be empty");
    }
    if (volume.has_persistent_json()) {
      const std::string& at = volume.container_path();
      if (at == "." || at == "..") errors->Add(path + "/containerPath", "can not be one of (.,..)");
      if (at.find('/') != std::string::npos) {
        errors->Add(path + "/containerPath", "value must not contain \"/\"");
      }
      if (volume.mode() != "RW") errors->Add(path + "/mode", "must be RW for a persistent volume");
    }
    if (defaults.secrets && volume.has_secret() && app.secrets().count(volume.secret()) == 0) {
      errors->Add(path, "volume.secret must refer to an existing secret");
    }
  }
}

void CheckHealth(const AppSpec& app, ErrorList* errors) {
  int mesos_level = 0;
  for (int i = 0; i < app.health_checks_size(); ++i) {
    CheckOneHealthCheck(app, i, errors);
    const AppHealthCheck::Protocol protocol = app.health_checks(i).protocol();
    if (IsMesosLevel(protocol) || protocol == AppHealthCheck::COMMAND) ++mesos_level;
  }
  if (mesos_level > 1) errors->Add("/", "AppDefinition can contain at most one Mesos health check");
  const auto& check = app.check();
  if (app.has_check() && !check.has_exec_command() && !check.has_port() &&
      static_cast<int>(check.port_index()) >= PortCount(app)) {
    errors->Add("/check",
                "portIndex must address an element of the ports array or container port mappings.");
  }
  CheckReadiness(app, errors);
}

void CheckAbilities(const AppSpec& app, const Defaults& defaults, ErrorList* errors) {
  const auto refuse = [&](const std::string& path, const std::string& what) {
    errors->Add(path, what + " are not supported: agents of this release cannot provide them");
  };
  const AppContainer& container = app.container();
  if (!defaults.docker_images && app.has_container() &&
      (container.has_docker() || container.type() == AppContainer::DOCKER)) {
    refuse("/container/docker", "container images");
  }
  for (int i = 0; !defaults.container_networks && i < app.networks_size(); ++i) {
    if (app.networks(i).mode() == AppNetwork::HOST) continue;
    refuse(Indexed("/networks", static_cast<size_t>(i)), "networks other than the host's");
  }
  for (int i = 0; i < container.volumes_size(); ++i) {
    const std::string what = WhyNoVolume(container.volumes(i), defaults);
    if (!what.empty()) refuse(Indexed("/container/volumes", static_cast<size_t>(i)), what);
  }
  if (container.has_linux_info_json() && !defaults.linux_info) {
    refuse("/container/linuxInfo", "Linux settings of containers");
  }
  if (app.resources().gpus() > 0 && !defaults.gpu_resources) {
    errors->Add(
        "/", "Feature gpu_resources is not enabled. Enable with --enable_features gpu_resources)");
  }
  if (!app.executor().empty() && app.executor() != "//cmd" && !defaults.custom_executors) {
    refuse("/executor", "executors other than //cmd");
  }
  if (!app.resource_limits().empty() && !defaults.resource_limits) {
    refuse("/resourceLimits", "resource limits");
  }
  if (app.tty() && !defaults.terminals) refuse("/tty", "terminals");
}

}  // namespace meseta::services
