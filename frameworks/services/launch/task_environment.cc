#include <algorithm>
#include <charconv>
#include <cmath>
#include <vector>

#include "actors/base/strings.h"
#include "frameworks/services/launch/task_builder.h"

namespace meseta::services {
namespace {

using Variables = std::map<std::string, std::string>;

constexpr size_t kMaxLabelBytes = 512;
constexpr std::string_view kLabelPrefix = "MARATHON_APP_LABEL_";

bool IsWord(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// Every run of other characters becomes one "_".
std::string VariableName(const std::string& label) {
  std::string name;
  bool other = false;
  for (const char c : label) {
    if (IsWord(c))
      name += c;
    else if (!other)
      name += '_';
    other = !IsWord(c);
  }
  return strings::ToUpper(name);
}

void AddLabels(const AppSpec& app, Variables& variables) {
  const std::map<std::string, std::string> sorted(app.labels().begin(), app.labels().end());
  std::vector<std::string> names;
  for (const auto& [key, value] : sorted) {
    if (key.size() >= kMaxLabelBytes - kLabelPrefix.size() || value.size() >= kMaxLabelBytes)
      continue;
    names.push_back(VariableName(key));
    variables[std::string(kLabelPrefix) + names.back()] = value;
  }
  variables["MARATHON_APP_LABELS"] = strings::Join(names, " ");
}

// As PORT, PORT0 ... show it: the host port, or without one the container's.
uint32_t ShownPort(const AppSpec& app, const internal::AppPort& port,
                   const std::optional<uint32_t>& host_port) {
  if (host_port) return *host_port;
  return HasPortMappings(app) ? port.container_port() : port.port();
}

}  // namespace

std::string ShowDouble(double value) {
  if (!std::isfinite(value)) return value > 0 ? "Infinity" : "NaN";
  char buffer[400];
  const auto [end, error] =
      std::to_chars(buffer, buffer + sizeof(buffer), value, std::chars_format::fixed);
  if (error != std::errc()) return "0.0";
  std::string text(buffer, end);
  return text.find('.') == std::string::npos ? text + ".0" : text;
}

std::map<std::string, std::string> PortVariables(const AppSpec& app, const HostPorts& ports) {
  Variables variables;
  if (ports.empty()) return variables;
  std::vector<std::string> assigned;
  for (size_t i = 0; i < ports.size(); ++i) {
    const internal::AppPort& port = PortsOf(app).Get(static_cast<int>(i));
    const uint32_t requested = HasPortMappings(app) ? port.container_port() : port.port();
    const std::string number = std::to_string(ShownPort(app, port, ports[i]));
    variables["PORT" + std::to_string(i)] = number;
    variables["PORT_" + (requested == 0 ? number : std::to_string(requested))] = number;
    if (ports[i]) assigned.push_back(number);
  }
  // Names win over numbers that look alike.
  for (size_t i = 0; i < ports.size(); ++i) {
    const internal::AppPort& port = PortsOf(app).Get(static_cast<int>(i));
    if (port.name().empty()) continue;
    variables["PORT_" + strings::ToUpper(port.name())] =
        std::to_string(ShownPort(app, port, ports[i]));
  }
  if (!assigned.empty()) variables["PORT"] = assigned.front();
  variables["PORTS"] = strings::Join(assigned, ",");
  return variables;
}

std::map<std::string, std::string> EnvironmentOf(const AppSpec& app, const std::string& task_id,
                                                 const std::string& host, const HostPorts& ports,
                                                 const MatchOptions& options) {
  Variables variables;
  AddLabels(app, variables);
  variables["MESOS_TASK_ID"] = task_id;
  variables["MARATHON_APP_ID"] = app.id();
  variables["MARATHON_APP_VERSION"] = ShowTime(app.version());
  if (app.container().type() == internal::AppContainer::DOCKER &&
      !app.container().image().empty()) {
    variables["MARATHON_APP_DOCKER_IMAGE"] = app.container().image();
  }
  variables["MARATHON_APP_RESOURCE_CPUS"] = ShowDouble(app.resources().cpus());
  variables["MARATHON_APP_RESOURCE_MEM"] = ShowDouble(app.resources().mem());
  variables["MARATHON_APP_RESOURCE_DISK"] = ShowDouble(app.resources().disk());
  variables["MARATHON_APP_RESOURCE_GPUS"] = std::to_string(app.resources().gpus());
  const bool enforced = options.enforces_role && options.enforces_role(app.id());
  variables["MARATHON_APP_ENFORCE_GROUP_ROLE"] = enforced ? "TRUE" : "FALSE";
  for (auto& [name, value] : PortVariables(app, ports)) {
    variables[options.env_vars_prefix + name] = value;
  }
  variables[options.env_vars_prefix + "HOST"] = host;
  for (const auto& [name, value] : app.env()) variables[name] = value;
  return variables;
}

}  // namespace meseta::services
