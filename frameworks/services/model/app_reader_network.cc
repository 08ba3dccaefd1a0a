// Networks and ports. Marathon has had four ways to say them: `ports`, `ipAddress`,
// `container.docker.network` with its `portMappings`, and today's `networks`. All become the last.
#include <optional>
#include <set>
#include <utility>

#include "frameworks/services/model/app_reader.h"

namespace meseta::services {
namespace {

using internal::AppContainer;
using internal::AppNetwork;
using internal::AppPort;

constexpr char kBridgeName[] = "mesos-bridge";  // As an `ipAddress.networkName`.
constexpr char kDefaultPortName[] = "default";
constexpr size_t kMaxPorts = 1'000;  // Of one app.

using Labels = std::map<std::string, std::string>;

AppNetwork Network(AppNetwork::Mode mode, const std::string& name, const Labels& labels) {
  AppNetwork network;
  network.set_mode(mode);
  if (!name.empty()) network.set_name(name);
  for (const auto& [key, value] : labels) (*network.mutable_labels())[key] = value;
  return network;
}

void ReadNetworks(const Fields& fields, AppSpec* app) {
  fields.ForEachObject("networks", [&](const Fields& network) {
    const std::string mode =
        network.Word("mode", {"container", "container/bridge", "host"}).value_or("container");
    *app->add_networks() =
        Network(mode == "host"        ? AppNetwork::HOST
                : mode == "container" ? AppNetwork::CONTAINER
                                      : AppNetwork::CONTAINER_BRIDGE,
                network.String("name").value_or(""), network.Strings("labels").value_or(Labels{}));
  });
}

// `container.docker.network`, if it is given.
std::optional<std::string> DockerNetwork(const Fields& fields) {
  const boost::json::value* container = fields.Find("container");
  if (container == nullptr || !container->is_object()) return std::nullopt;
  const boost::json::value* docker = container->get_object().if_contains("docker");
  if (docker == nullptr || !docker->is_object()) return std::nullopt;
  const Fields members(docker->get_object(), "/container/docker", fields.errors());
  return members.Word("network", {"BRIDGE", "HOST", "NONE", "USER"});
}

// The network that the deprecated members ask for.
void TranslateNetwork(const Fields& fields, const std::optional<std::string>& docker_network,
                      const boost::json::object* ip_address, AppSpec* app) {
  std::string name;
  Labels labels;
  if (ip_address != nullptr) {
    const Fields members(*ip_address, fields.PathOf("ipAddress"), fields.errors());
    name = members.String("networkName").value_or("");
    labels = members.Strings("labels").value_or(Labels{});
  }
  if (docker_network == "NONE") {
    return fields.errors()->rules.Add("/container/docker/network",
                                      "unsupported docker network type NONE");
  }
  if (docker_network == "HOST") {
    *app->add_networks() = Network(AppNetwork::HOST, "", {});
  } else if (docker_network == "BRIDGE" || (!docker_network && name == kBridgeName)) {
    *app->add_networks() = Network(AppNetwork::CONTAINER_BRIDGE, "", labels);
  } else {
    *app->add_networks() = Network(AppNetwork::CONTAINER, name, labels);
  }
}

// Ports of `ipAddress.discovery`: mappings of a Mesos container.
void ReadDiscovery(const boost::json::object& ip_address, const Fields& fields, AppSpec* app) {
  const Fields address(ip_address, fields.PathOf("ipAddress"), fields.errors());
  const boost::json::object* discovery = address.Object("discovery");
  if (discovery == nullptr) return;
  AppContainer* container = app->mutable_container();
  if (container->type() == AppContainer::DOCKER) {
    return fields.Broken("ipAddress", "ipAddress/discovery is not allowed for Docker containers");
  }
  const bool mapped = container->port_mappings_size() > 0;
  const Fields members(*discovery, address.PathOf("discovery"), fields.errors());
  members.ForEachObject("ports", [&](const Fields& port) {
    AppPort mapping = ReadPortMapping(port);
    mapping.set_container_port(
        static_cast<uint32_t>(port.IntIn("number", 0, kMaxPort).value_or(0)));
    mapping.set_name(port.RequiredString("name"));
    mapping.clear_host_port();
    mapping.set_service_port(0);
    *container->add_port_mappings() = std::move(mapping);
  });
  if (mapped && container->port_mappings_size() > 0 && members.Has("ports")) {
    fields.Broken("ipAddress",
                  "container.portMappings and ipAddress.discovery.ports must not both be set");
  }
}

// portDefinitions, or what `ports` means. nullopt: neither was given.
std::optional<std::vector<AppPort>> GivenPorts(const Fields& fields) {
  std::optional<std::vector<AppPort>> definitions;
  if (fields.Array("portDefinitions") != nullptr) {
    definitions.emplace();
    fields.ForEachObject("portDefinitions", [&](const Fields& port) {
      definitions->push_back(ReadPortDefinition(port));
    });
  }
  const boost::json::array* ports = fields.Array("ports");
  if (ports == nullptr) return definitions;
  std::vector<AppPort> old;
  std::set<int64_t> seen;
  for (size_t i = 0; i < ports->size(); ++i) {
    const std::string path = Indexed(fields.PathOf("ports"), i);
    const boost::json::value& port = (*ports)[i];
    if (!port.is_int64()) {
      fields.errors()->types.Add(
          path, port.is_number() ? "error.expected.int" : "error.expected.jsnumber");
      continue;
    }
    const int64_t number = port.get_int64();
    if (number < 0 || number > kMaxPort) {
      fields.errors()->rules.Add(
          path, "got " + std::to_string(number) + ", expected between 0 and 65535");
    }
    if (number != 0 && !seen.insert(number).second) {
      fields.errors()->rules.Add("/ports", "ports must be unique");
    }
    AppPort definition;
    definition.set_port(static_cast<uint32_t>(number));
    definition.set_protocol("tcp");
    old.push_back(std::move(definition));
  }
  if (!definitions) return old;
  bool same = old.size() == definitions->size();
  for (size_t i = 0; same && i < old.size(); ++i) same = old[i].port() == (*definitions)[i].port();
  if (!same) {
    fields.errors()->rules.Add("/", "cannot specify both ports and port definitions");
  }
  return definitions;
}

AppPort DefaultMapping() {
  AppPort mapping;
  mapping.set_container_port(0);
  mapping.set_protocol("tcp");
  mapping.set_service_port(0);
  return mapping;
}

bool MappingsGiven(const Fields& fields) {
  const boost::json::value* container = fields.Find("container");
  if (container == nullptr || !container->is_object()) return false;
  const Fields members(container->get_object(), "/container", fields.errors());
  if (members.Has("portMappings")) return true;
  const boost::json::value* docker = members.Find("docker");
  return docker != nullptr && docker->is_object() &&
         Fields(docker->get_object(), "/container/docker", fields.errors()).Has("portMappings");
}

void UseHostPorts(std::optional<std::vector<AppPort>> given, AppSpec* app) {
  if (app->has_container()) app->mutable_container()->clear_port_mappings();
  if (!given) {
    AppPort port;
    port.set_port(0);
    port.set_protocol("tcp");
    port.set_name(kDefaultPortName);
    given.emplace();
    given->push_back(std::move(port));
  }
  for (AppPort& port : *given) *app->add_port_definitions() = std::move(port);
}

// Definitions of ports count only as a number of mappings.
void UseMappings(const std::vector<AppPort>& definitions, bool mappings_given, AppSpec* app) {
  const bool had_container = app->has_container();
  AppContainer* container = app->mutable_container();
  if (!had_container) container->set_type(AppContainer::MESOS);
  if (!mappings_given && container->port_mappings_size() == 0) {
    AppPort mapping = DefaultMapping();
    mapping.set_name(kDefaultPortName);
    *container->add_port_mappings() = std::move(mapping);
  }
  while (had_container &&
         static_cast<size_t>(container->port_mappings_size()) < definitions.size()) {
    *container->add_port_mappings() = DefaultMapping();
  }
  if (app->networks(0).mode() != AppNetwork::CONTAINER_BRIDGE) return;
  for (AppPort& mapping : *container->mutable_port_mappings()) {
    if (!mapping.has_host_port()) mapping.set_host_port(0);
  }
}

// What is said about networks in more than one way, or not at all.
void SettleNetworks(const Fields& fields, const Defaults& defaults, AppSpec* app) {
  ReadNetworks(fields, app);
  const std::optional<std::string> docker_network = DockerNetwork(fields);
  const boost::json::object* ip_address = fields.Object("ipAddress");
  if (docker_network && app->networks_size() > 0) {
    fields.errors()->rules.Add("/", "must not specify both container.docker.network and networks");
  } else if (ip_address != nullptr && app->networks_size() > 0) {
    fields.errors()->rules.Add("/", "must not specify both networks and ipAddress");
  } else if (docker_network || ip_address != nullptr) {
    TranslateNetwork(fields, docker_network, ip_address, app);
  }
  if (app->networks_size() == 0) *app->add_networks() = Network(AppNetwork::HOST, "", {});
  for (AppNetwork& network : *app->mutable_networks()) {
    if (network.mode() == AppNetwork::CONTAINER && !network.has_name() &&
        !defaults.default_network_name.empty()) {
      network.set_name(defaults.default_network_name);
    }
  }
}

}  // namespace

AppPort ReadPortDefinition(const Fields& fields) {
  AppPort port;
  port.set_port(static_cast<uint32_t>(fields.IntIn("port", 0, kMaxPort).value_or(0)));
  port.set_protocol(fields.Word("protocol", {"tcp", "udp", "udp,tcp"}).value_or("tcp"));
  if (const auto name = fields.String("name")) port.set_name(*name);
  if (const auto labels = fields.Strings("labels")) {
    for (const auto& [key, value] : *labels) (*port.mutable_labels())[key] = value;
  }
  return port;
}

void ReadNetworking(const Fields& fields, const Defaults& defaults, AppSpec* app) {
  if (const boost::json::object* container = fields.Object("container")) {
    ReadContainer(Fields(*container, fields.PathOf("container"), fields.errors()),
                  app->mutable_container());
  }
  SettleNetworks(fields, defaults, app);
  std::optional<std::vector<AppPort>> given = GivenPorts(fields);
  if (given && given->size() > kMaxPorts) {
    return fields.Broken("portDefinitions", "must not be more than " + std::to_string(kMaxPorts));
  }
  if (const boost::json::object* ip_address = fields.Object("ipAddress")) {
    if (!app->has_container()) app->mutable_container()->set_type(AppContainer::MESOS);
    ReadDiscovery(*ip_address, fields, app);
    if (given && !given->empty()) {
      fields.errors()->rules.Add("/", "cannot specify both an IP address and port");
    }
  }
  const bool require = fields.Bool("requirePorts").value_or(false);
  app->set_require_ports(require && UsesHostNetwork(*app));
  if (UsesHostNetwork(*app)) {
    UseHostPorts(std::move(given), app);
  } else {
    UseMappings(given.value_or(std::vector<AppPort>{}), MappingsGiven(fields), app);
  }
}

}  // namespace meseta::services
