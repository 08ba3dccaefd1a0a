#include "agent/containerizer/launch_plan.h"

namespace meseta::agent {

Result<ShimSpec> PlanShim(const ContainerSpec& spec) {
  const v1::CommandInfo& command = spec.command;
  ShimSpec shim;
  if (!command.has_value() || (command.value().empty() && !command.shell())) {
    return InvalidArgument(command.shell() ? "Shell command is not specified"
                                           : "Executable of the command is not specified");
  }
  if (command.shell()) {
    shim.executable = "/bin/sh";
    shim.arguments = {"sh", "-c", command.value()};
  } else {
    shim.executable = command.value();
    shim.arguments.assign(command.arguments().begin(), command.arguments().end());
    if (shim.arguments.empty()) shim.arguments.push_back(command.value());
  }
  for (const auto& [name, value] : spec.environment) {
    if (name.empty() || name.find('=') != std::string::npos) {
      return InvalidArgument("'" + name + "' is not the name of an environment variable");
    }
  }
  shim.environment = spec.environment;
  shim.sandbox = spec.sandbox;
  shim.kill_grace = spec.kill_grace;
  shim.max_completion_time = spec.max_completion_time;
  return shim;
}

FetchSpec PlanFetch(const ContainerSpec& spec, const std::optional<UserIds>& user,
                    Duration stall_timeout) {
  FetchSpec fetch;
  fetch.sandbox = spec.sandbox;
  fetch.user = user;
  fetch.stall_timeout = stall_timeout;
  for (const v1::CommandInfo::URI& uri : spec.command.uris()) {
    fetch.uris.push_back({uri.value(), uri.output_file(), uri.executable(), uri.extract()});
  }
  return fetch;
}

}  // namespace meseta::agent
