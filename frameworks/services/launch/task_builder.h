// The task of an instance: everything of TaskInfo but its ids and resources. Pure.
#pragma once

#include <map>
#include <string>

#include "frameworks/services/launch/host_ports.h"
#include "frameworks/services/launch/match.h"

namespace meseta::services {

// "/shop/web" -> "web.shop", the name of tasks and in discovery.
[[nodiscard]] std::string DiscoveryName(const Path& app);

// ---- task_environment.cc
// All variables of the task, the user's own last word (reference: Marathon surface 1.9).
[[nodiscard]] std::map<std::string, std::string> EnvironmentOf(const AppSpec& app,
                                                               const std::string& task_id,
                                                               const std::string& host,
                                                               const HostPorts& ports,
                                                               const MatchOptions& options);
// PORT, PORTS, PORT0 ..., PORT_<requested>, PORT_<NAME>.
[[nodiscard]] std::map<std::string, std::string> PortVariables(const AppSpec& app,
                                                               const HostPorts& ports);
// As the JVM prints a double: "1.0", "0.1", "128.0".
[[nodiscard]] std::string ShowDouble(double value);

// ---- task_container.cc
// Sets task->container() where the app has one.
void SetContainer(const AppSpec& app, const HostPorts& ports, v1::TaskInfo* task);

// ---- task_builder.cc
void SetTask(const AppSpec& app, const std::string& host, const HostPorts& ports,
             const MatchOptions& options, v1::TaskInfo* task);

}  // namespace meseta::services
