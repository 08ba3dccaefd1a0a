#include "frameworks/services/health/probe_target.h"

namespace meseta::services {
namespace {

using AppNetwork = internal::AppNetwork;

const google::protobuf::RepeatedPtrField<internal::AppPort>& PortsOf(const AppSpec& app) {
  return app.container().port_mappings_size() > 0 ? app.container().port_mappings()
                                                  : app.port_definitions();
}

bool HasOwnAddress(const AppSpec& app) {
  for (const AppNetwork& network : app.networks()) {
    if (network.mode() == AppNetwork::CONTAINER) return true;
  }
  return false;
}

std::string OwnAddress(const AppSpec& app, const Instance& instance) {
  const bool own = HasOwnAddress(app) && instance.ip_addresses_size() > 0;
  return own ? instance.ip_addresses(0) : instance.host();
}

// A port of the app: on the agent if it has one there, else on the instance's own address.
void SetPort(const AppSpec& app, const Instance& instance, int index, ProbeTarget* target) {
  const auto& ports = PortsOf(app);
  target->host = instance.host();
  target->port = 0;
  if (index < 0 || index >= ports.size()) return;
  const bool mapped = app.container().port_mappings_size() > 0;
  int host_port = 0;  // Among the instance's host ports.
  for (int i = 0; i < index; ++i) host_port += !mapped || ports.Get(i).has_host_port() ? 1 : 0;
  if (mapped && !ports.Get(index).has_host_port()) {
    target->host = OwnAddress(app, instance);
    target->port = ports.Get(index).container_port();
  } else if (host_port < instance.host_ports_size()) {
    target->port = instance.host_ports(host_port);
  }
}

std::string AbsolutePath(const std::string& path) {
  return path.empty() || path.front() != '/' ? "/" + path : path;
}

}  // namespace

bool IsOurs(const internal::AppHealthCheck& check) {
  return check.protocol() == internal::AppHealthCheck::HTTP ||
         check.protocol() == internal::AppHealthCheck::HTTPS ||
         check.protocol() == internal::AppHealthCheck::TCP;
}

ProbeTarget TargetOf(const AppSpec& app, const Instance& instance,
                     const internal::AppHealthCheck& check) {
  ProbeTarget target;
  switch (check.protocol()) {
    case internal::AppHealthCheck::HTTPS:
      target.kind = ProbeTarget::Kind::kHttps;
      break;
    case internal::AppHealthCheck::TCP:
      target.kind = ProbeTarget::Kind::kTcp;
      break;
    default:
      target.kind = ProbeTarget::Kind::kHttp;
      break;
  }
  if (check.has_port()) {
    target.host = OwnAddress(app, instance);
    target.port = check.port();
  } else {
    SetPort(app, instance, static_cast<int>(check.port_index()), &target);
  }
  target.path = AbsolutePath(check.path());
  target.timeout = Duration::FromSecondsDouble(check.timeout_seconds());
  return target;
}

ProbeTarget TargetOf(const AppSpec& app, const Instance& instance,
                     const internal::AppReadinessCheck& check) {
  ProbeTarget target;
  target.kind = check.https() ? ProbeTarget::Kind::kHttps : ProbeTarget::Kind::kHttp;
  const auto& ports = PortsOf(app);
  int index = 0;
  while (index < ports.size() && ports.Get(index).name() != check.port_name()) ++index;
  SetPort(app, instance, index, &target);
  target.path = AbsolutePath(check.path());
  target.timeout = Duration::FromSecondsDouble(check.timeout_seconds());
  target.keep_body = check.preserve_last_response();
  return target;
}

}  // namespace meseta::services
