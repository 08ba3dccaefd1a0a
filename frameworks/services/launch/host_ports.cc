#include "frameworks/services/launch/host_ports.h"

#include <algorithm>
#include <set>

namespace meseta::services {
namespace {

// The number at `index` of all numbers in the ranges.
uint64_t At(const model::Ranges& ranges, uint64_t index) {
  for (const auto& range : ranges.ranges()) {
    const uint64_t size = range.end - range.begin + 1;
    if (index < size) return range.begin + index;
    index -= size;
  }
  return 0;
}

bool IsAny(const AppSpec& app, const internal::AppPort& port) {
  if (HasPortMappings(app)) return port.has_host_port() && port.host_port() == 0;
  return !app.require_ports();
}

std::optional<uint32_t> FixedPort(const AppSpec& app, const internal::AppPort& port) {
  if (IsAny(app, port)) return std::nullopt;
  if (!HasPortMappings(app)) return port.port();
  if (!port.has_host_port()) return std::nullopt;
  return port.host_port();
}

// What is left for ports that may be any, once the fixed ones are taken; nullopt: not enough.
std::optional<model::Ranges> FreePorts(const AppSpec& app, const model::Ranges& offered) {
  std::set<uint32_t> fixed;
  uint64_t any = 0;
  for (const internal::AppPort& port : PortsOf(app)) {
    any += IsAny(app, port) ? 1 : 0;
    const std::optional<uint32_t> number = FixedPort(app, port);
    if (number && (!offered.Contains(*number) || !fixed.insert(*number).second))
      return std::nullopt;
  }
  model::Ranges free = offered;
  for (const uint32_t number : fixed) free -= model::Ranges({{number, number}});
  if (free.Count() < any) return std::nullopt;
  return free;
}

}  // namespace

bool HasPortMappings(const AppSpec& app) { return app.container().port_mappings_size() > 0; }

const google::protobuf::RepeatedPtrField<internal::AppPort>& PortsOf(const AppSpec& app) {
  return HasPortMappings(app) ? app.container().port_mappings() : app.port_definitions();
}

uint32_t HostPortCount(const AppSpec& app) {
  const auto& ports = PortsOf(app);
  if (!HasPortMappings(app)) return static_cast<uint32_t>(ports.size());
  return static_cast<uint32_t>(std::count_if(
      ports.begin(), ports.end(), [](const auto& port) { return port.has_host_port(); }));
}

bool HasFixedPorts(const AppSpec& app) {
  const auto& ports = PortsOf(app);
  return std::any_of(ports.begin(), ports.end(),
                     [&](const auto& port) { return FixedPort(app, port).has_value(); });
}

bool PortsSuffice(const AppSpec& app, const model::Ranges& offered) {
  return FreePorts(app, offered).has_value();
}

std::optional<HostPorts> AssignPorts(const AppSpec& app, const model::Ranges& offered, Rng& rng) {
  if (PortsOf(app).empty()) return HostPorts();
  const std::optional<model::Ranges> free = FreePorts(app, offered);
  if (!free) return std::nullopt;
  const uint64_t count = free->Count();
  uint64_t next = count == 0 ? 0 : rng.Below(count);
  HostPorts assigned;
  for (const internal::AppPort& port : PortsOf(app)) {
    if (!IsAny(app, port)) {
      assigned.push_back(FixedPort(app, port));
      continue;
    }
    assigned.push_back(static_cast<uint32_t>(At(*free, next)));
    next = (next + 1) % count;
  }
  return assigned;
}

}  // namespace meseta::services
