#include <utility>

#include "frameworks/services/model/app_reader.h"

namespace meseta::services {
namespace {

using internal::AppContainer;
using internal::AppPort;
using internal::AppVolume;

void ReadVolume(const Fields& fields, AppVolume* volume) {
  volume->set_container_path(fields.RequiredString("containerPath"));
  const boost::json::object* persistent = fields.Object("persistent");
  const boost::json::object* external = fields.Object("external");
  if (const auto secret = fields.String("secret")) {
    volume->set_secret(*secret);
  } else {
    if (!fields.Has("mode")) fields.TypeError("mode", "error.path.missing");
    if (const auto mode = fields.Word("mode", {"RO", "RW"})) volume->set_mode(*mode);
  }
  if (persistent != nullptr) {
    volume->set_persistent_json(ShowValue(*persistent));
    const Fields info(*persistent, fields.PathOf("persistent"), fields.errors());
    if (!info.Has("size")) info.TypeError("size", "error.path.missing");
    if (const auto size = info.Int("size"); size && *size <= 0) {
      info.Broken("size", "got " + std::to_string(*size) + ", expected more than 0");
    }
    (void)info.Word("type", {"root", "path", "mount"});
  } else if (external != nullptr) {
    volume->set_external_json(ShowValue(*external));
  } else if (!volume->has_secret()) {
    volume->set_host_path(fields.RequiredString("hostPath"));
  }
}

// Members that are kept as they were given.
void KeepDockerMembers(const Fields& docker, AppContainer* container) {
  boost::json::object kept;
  boost::json::array parameters;
  docker.ForEachObject("parameters", [&](const Fields& parameter) {
    boost::json::object one;
    one["key"] = parameter.RequiredString("key");
    one["value"] = parameter.RequiredString("value");
    parameters.push_back(std::move(one));
  });
  kept["parameters"] = std::move(parameters);
  if (const boost::json::object* config = docker.Object("pullConfig")) {
    const Fields pull(*config, docker.PathOf("pullConfig"), docker.errors());
    boost::json::object one;
    one["secret"] = pull.RequiredString("secret");
    kept["pullConfig"] = std::move(one);
  }
  container->set_docker_json(ShowValue(kept));
}

void ReadDocker(const Fields& docker, AppContainer* container) {
  container->set_has_docker(true);
  const std::string image = docker.RequiredString("image");
  if (image.empty() && docker.Has("image")) docker.Broken("image", "must not be empty");
  container->set_image(image);
  container->set_force_pull_image(docker.Bool("forcePullImage").value_or(false));
  container->set_privileged(docker.Bool("privileged").value_or(false));
  if (docker.Has("credential")) docker.Broken("credential", "must be empty");
  KeepDockerMembers(docker, container);
  if (docker.Array("portMappings") == nullptr) return;
  if (container->port_mappings_size() > 0) {
    return docker.Broken("portMappings",
                         "cannot specify both portMappings and docker.portMappings");
  }
  docker.ForEachObject("portMappings", [&](const Fields& mapping) {
    *container->add_port_mappings() = ReadPortMapping(mapping);
  });
}

}  // namespace

AppPort ReadPortMapping(const Fields& fields) {
  AppPort port;
  port.set_container_port(
      static_cast<uint32_t>(fields.IntIn("containerPort", 0, kMaxPort).value_or(0)));
  if (const auto host_port = fields.IntIn("hostPort", 0, kMaxPort)) {
    port.set_host_port(static_cast<uint32_t>(*host_port));
  }
  port.set_service_port(
      static_cast<uint32_t>(fields.IntIn("servicePort", 0, kMaxPort).value_or(0)));
  port.set_protocol(fields.Word("protocol", {"tcp", "udp", "udp,tcp"}).value_or("tcp"));
  if (const auto name = fields.String("name")) port.set_name(*name);
  if (const auto labels = fields.Strings("labels")) {
    for (const auto& [key, value] : *labels) (*port.mutable_labels())[key] = value;
  }
  if (const auto names = fields.StringList("networkNames")) {
    port.mutable_network_names()->Add(names->begin(), names->end());
  }
  return port;
}

void ReadContainer(const Fields& fields, AppContainer* container) {
  const std::string type = fields.Word("type", {"MESOS", "DOCKER"}).value_or("DOCKER");
  container->set_type(type == "MESOS" ? AppContainer::MESOS : AppContainer::DOCKER);
  fields.ForEachObject("portMappings", [&](const Fields& mapping) {
    *container->add_port_mappings() = ReadPortMapping(mapping);
  });
  if (const boost::json::object* docker = fields.Object("docker")) {
    ReadDocker(Fields(*docker, fields.PathOf("docker"), fields.errors()), container);
  }
  fields.ForEachObject("volumes",
                       [&](const Fields& volume) { ReadVolume(volume, container->add_volumes()); });
  if (const boost::json::object* linux_info = fields.Object("linuxInfo")) {
    container->set_linux_info_json(ShowValue(*linux_info));
  }
}

}  // namespace meseta::services
