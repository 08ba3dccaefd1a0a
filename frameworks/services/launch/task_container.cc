// The container of a task, for apps that have one or use a network other than the host's.
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>

#include "frameworks/services/launch/task_builder.h"

namespace meseta::services {
namespace {

using AppNetwork = internal::AppNetwork;

bool OnHostNetwork(const AppSpec& app) {
  for (const AppNetwork& network : app.networks()) {
    if (network.mode() != AppNetwork::HOST) return false;
  }
  return true;
}

void SetLabels(const google::protobuf::Map<std::string, std::string>& map, v1::Labels* labels) {
  const std::map<std::string, std::string> sorted(map.begin(), map.end());
  for (const auto& [key, value] : sorted) {
    v1::Label* label = labels->add_labels();
    label->set_key(key);
    label->set_value(value);
  }
}

// Calls add(host port, container port, protocol) for each protocol of each mapping with a host
// port.
template <class Add>
void ForEachMapping(const AppSpec& app, const HostPorts& ports, Add add) {
  if (!HasPortMappings(app)) return;
  for (size_t i = 0; i < ports.size(); ++i) {
    if (!ports[i]) continue;
    const internal::AppPort& port = app.container().port_mappings(static_cast<int>(i));
    const uint32_t container_port = port.container_port() == 0 ? *ports[i] : port.container_port();
    if (port.protocol() != "udp") add(*ports[i], container_port, "tcp");
    if (port.protocol().find("udp") != std::string::npos) add(*ports[i], container_port, "udp");
  }
}

void AddNetworks(const AppSpec& app, const HostPorts& ports, v1::ContainerInfo* container) {
  for (const AppNetwork& network : app.networks()) {
    if (network.mode() == AppNetwork::HOST) continue;
    v1::NetworkInfo* info = container->add_network_infos();
    if (!network.name().empty()) info->set_name(network.name());
    if (!network.labels().empty()) SetLabels(network.labels(), info->mutable_labels());
    ForEachMapping(app, ports,
                   [&](uint32_t host_port, uint32_t container_port, const char* protocol) {
                     v1::NetworkInfo::PortMapping* mapping = info->add_port_mappings();
                     mapping->set_host_port(host_port);
                     mapping->set_container_port(container_port);
                     mapping->set_protocol(protocol);
                   });
  }
}

void AddVolumes(const AppSpec& app, v1::ContainerInfo* container) {
  for (const internal::AppVolume& volume : app.container().volumes()) {
    if (volume.host_path().empty()) continue;
    v1::Volume* added = container->add_volumes();
    added->set_container_path(volume.container_path());
    added->set_host_path(volume.host_path());
    added->set_mode(volume.mode() == "RO" ? v1::Volume::RO : v1::Volume::RW);
  }
}

// `parameters` of container.docker, as they were given.
void AddParameters(const std::string& docker_json, v1::ContainerInfo::DockerInfo* docker) {
  if (docker_json.empty()) return;
  boost::json::error_code error;
  const boost::json::value parsed = boost::json::parse(docker_json, error);
  if (error || !parsed.is_object()) return;
  const boost::json::value* list = parsed.as_object().if_contains("parameters");
  if (list == nullptr || !list->is_array()) return;
  for (const boost::json::value& item : list->as_array()) {
    if (!item.is_object()) continue;
    const auto* key = item.as_object().if_contains("key");
    const auto* value = item.as_object().if_contains("value");
    if (key == nullptr || value == nullptr || !key->is_string() || !value->is_string()) continue;
    v1::Parameter* parameter = docker->add_parameters();
    parameter->set_key(std::string(key->as_string()));
    parameter->set_value(std::string(value->as_string()));
  }
}

void SetDocker(const AppSpec& app, const HostPorts& ports, const std::string& task_id,
               v1::ContainerInfo::DockerInfo* docker) {
  docker->set_image(app.container().image());
  docker->set_privileged(app.container().privileged());
  docker->set_force_pull_image(app.container().force_pull_image());
  AddParameters(app.container().docker_json(), docker);
  v1::Parameter* label = docker->add_parameters();
  label->set_key("label");
  label->set_value("MESOS_TASK_ID=" + task_id);
  if (OnHostNetwork(app)) {
    docker->set_network(v1::ContainerInfo::DockerInfo::HOST);
    return;
  }
  const bool bridge = app.networks(0).mode() == AppNetwork::CONTAINER_BRIDGE;
  docker->set_network(bridge ? v1::ContainerInfo::DockerInfo::BRIDGE
                             : v1::ContainerInfo::DockerInfo::USER);
  ForEachMapping(app, ports,
                 [&](uint32_t host_port, uint32_t container_port, const char* protocol) {
                   auto* mapping = docker->add_port_mappings();
                   mapping->set_host_port(host_port);
                   mapping->set_container_port(container_port);
                   mapping->set_protocol(protocol);
                 });
}

}  // namespace

void SetContainer(const AppSpec& app, const HostPorts& ports, v1::TaskInfo* task) {
  if (!app.has_container() && OnHostNetwork(app) && !app.tty()) return;
  v1::ContainerInfo* container = task->mutable_container();
  const internal::AppContainer& given = app.container();
  AddVolumes(app, container);
  if (app.has_container() && given.type() == internal::AppContainer::DOCKER) {
    container->set_type(v1::ContainerInfo::DOCKER);
    SetDocker(app, ports, task->task_id().value(), container->mutable_docker());
  } else {
    container->set_type(v1::ContainerInfo::MESOS);
    container->mutable_mesos();
    if (!given.image().empty()) {
      v1::Image* image = container->mutable_mesos()->mutable_image();
      image->set_type(v1::Image::DOCKER);
      image->mutable_docker()->set_name(given.image());
      image->set_cached(!given.force_pull_image());
    }
  }
  AddNetworks(app, ports, container);
  if (app.tty()) container->mutable_tty_info();
}

}  // namespace meseta::services
