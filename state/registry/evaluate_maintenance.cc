// Operations on the maintenance schedule and the modes of its machines.
#include <arpa/inet.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <map>

#include "actors/base/json/json_codec.h"
#include "state/registry/records.h"

namespace meseta::registry {
namespace {

std::string WindowKey(size_t place) {
  char text[24];
  std::snprintf(text, sizeof(text), "%06zu", place);
  return text;
}

std::string Name(const v1::MachineID& id) { return "Machine '" + ToJson(id) + "'"; }

Status ValidateMachine(const v1::MachineID& id) {
  if (id.hostname().empty() && id.ip().empty()) {
    return InvalidArgument("Both 'hostname' and 'ip' for a machine are empty");
  }
  in_addr address{};
  if (!id.ip().empty() && ::inet_pton(AF_INET, id.ip().c_str(), &address) != 1) {
    return InvalidArgument("Failed to parse IPv4: " + id.ip());
  }
  return OkStatus();
}

// The machines by key; each valid and named once.
using Machines = std::map<std::string, v1::MachineInfo>;

Status Collect(const v1::MachineID& id, const v1::Unavailability& unavailability,
               Machines* machines) {
  RETURN_IF_ERROR(ValidateMachine(id));
  v1::MachineInfo info;
  *info.mutable_id() = id;
  info.set_mode(v1::MachineInfo::DRAINING);
  *info.mutable_unavailability() = unavailability;
  if (!machines->emplace(MachineKey(id), std::move(info)).second) {
    return InvalidArgument(Name(id) + " appears more than once in the schedule");
  }
  return OkStatus();
}

Result<Machines> CollectSchedule(const v1::maintenance::Schedule& schedule) {
  if (static_cast<size_t>(schedule.windows_size()) > kMaxWindows) {
    return InvalidArgument("The schedule has more than " + std::to_string(kMaxWindows) +
                           " windows");
  }
  Machines machines;
  for (const v1::maintenance::Window& window : schedule.windows()) {
    if (window.machine_ids().empty()) {
      return InvalidArgument("List of machines in the maintenance window is empty");
    }
    if (window.unavailability().duration().nanoseconds() < 0) {
      return InvalidArgument("Unavailability 'duration' is negative");
    }
    for (const v1::MachineID& id : window.machine_ids()) {
      RETURN_IF_ERROR(Collect(id, window.unavailability(), &machines));
    }
  }
  return machines;
}

Result<Machines> CollectList(const std::vector<v1::MachineID>& ids) {
  if (ids.empty()) return InvalidArgument("List of machines is empty");
  Machines machines;
  for (const v1::MachineID& id : ids) {
    RETURN_IF_ERROR(Collect(id, v1::Unavailability(), &machines));
  }
  return machines;
}

RegistryChange PutMachine(const std::string& key, const v1::MachineInfo& info) {
  internal::ScheduledMachine record;
  *record.mutable_info() = info;
  return Put(Key(kMachinePrefix, key), record);
}

// Every machine is scheduled and in this mode.
Status CheckModes(const RegistryState& state, const Machines& machines, v1::MachineInfo::Mode mode,
                  const std::string& what) {
  for (const auto& [key, info] : machines) {
    auto it = state.machines.find(key);
    if (it == state.machines.end()) {
      return InvalidArgument(Name(info.id()) + " is not part of a maintenance schedule");
    }
    if (it->second.info().mode() != mode) {
      return InvalidArgument(Name(info.id()) + " is not in " + v1::MachineInfo::Mode_Name(mode) +
                             " mode and cannot be brought " + what);
    }
  }
  return OkStatus();
}

// The windows of the schedule that differ from those of the state.
void PutWindows(const RegistryState& state, const v1::maintenance::Schedule& schedule,
                RegistryDelta* delta) {
  size_t place = 0;
  for (const v1::maintenance::Window& window : schedule.windows()) {
    const std::string key = WindowKey(place++);
    internal::MaintenanceWindow record;
    *record.mutable_window() = window;
    auto it = state.windows.find(key);
    if (it != state.windows.end() && Serialize(it->second) == Serialize(record)) continue;
    delta->push_back(Put(Key(kWindowPrefix, key), record));
  }
  for (auto it = state.windows.lower_bound(WindowKey(place)); it != state.windows.end(); ++it) {
    delta->push_back(Remove(Key(kWindowPrefix, it->first)));
  }
}

}  // namespace

std::string MachineKey(const v1::MachineID& id) {
  std::string key = id.hostname() + "/" + id.ip();
  std::transform(key.begin(), key.end(), key.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return key;
}

std::optional<v1::maintenance::Schedule> ScheduleOf(const RegistryState& state) {
  if (state.windows.empty()) return std::nullopt;
  v1::maintenance::Schedule schedule;
  for (const auto& [key, record] : state.windows) *schedule.add_windows() = record.window();
  return schedule;
}

Result<RegistryDelta> EvaluateOp(const RegistryState& state, const UpdateSchedule& op) {
  ASSIGN_OR_RETURN(Machines machines, CollectSchedule(op.schedule));
  RegistryDelta delta;
  for (const auto& [key, record] : state.machines) {
    auto it = machines.find(key);
    if (it == machines.end()) {
      if (record.info().mode() == v1::MachineInfo::DOWN) {
        return InvalidArgument(Name(record.info().id()) +
                               " is deactivated and cannot be removed from the schedule");
      }
      delta.push_back(Remove(Key(kMachinePrefix, key)));
      continue;
    }
    it->second.set_mode(record.info().mode());
    if (Serialize(it->second) == Serialize(record.info())) {
      machines.erase(it);  // As it was.
    }
  }
  for (const auto& [key, info] : machines) delta.push_back(PutMachine(key, info));
  PutWindows(state, op.schedule, &delta);
  return delta;
}

Result<RegistryDelta> EvaluateOp(const RegistryState& state, const StartMaintenance& op) {
  ASSIGN_OR_RETURN(const Machines machines, CollectList(op.machines));
  RETURN_IF_ERROR(CheckModes(state, machines, v1::MachineInfo::DRAINING, "down"));
  RegistryDelta delta;
  for (const auto& [key, unused] : machines) {
    v1::MachineInfo info = state.machines.at(key).info();
    info.set_mode(v1::MachineInfo::DOWN);
    delta.push_back(PutMachine(key, info));
  }
  return delta;
}

Result<RegistryDelta> EvaluateOp(const RegistryState& state, const StopMaintenance& op) {
  ASSIGN_OR_RETURN(const Machines machines, CollectList(op.machines));
  RETURN_IF_ERROR(CheckModes(state, machines, v1::MachineInfo::DOWN, "up"));
  RegistryDelta delta;
  for (const auto& [key, unused] : machines) delta.push_back(Remove(Key(kMachinePrefix, key)));
  // Only windows that lose machines are touched; the others keep their place.
  for (const auto& [key, record] : state.windows) {
    internal::MaintenanceWindow left = record;
    auto* ids = left.mutable_window()->mutable_machine_ids();
    ids->erase(std::remove_if(ids->begin(), ids->end(),
                              [&](const v1::MachineID& id) {
                                return machines.count(MachineKey(id)) > 0;
                              }),
               ids->end());
    if (ids->size() == record.window().machine_ids_size()) continue;
    delta.push_back(ids->empty() ? Remove(Key(kWindowPrefix, key))
                                 : Put(Key(kWindowPrefix, key), left));
  }
  return delta;
}

}  // namespace meseta::registry
