// The cluster registry: what a master must remember. Values and pure functions.
//
// A RegistryState is the decoded form of the records in registry.proto, which also documents their
// keys. Operations never change it directly: Evaluate gives the small delta (records put or removed)
// that an operation amounts to, and Apply performs a delta. The same deltas are what is written to
// the store and what the other masters apply, so all of them hold equal states. No delta rewrites
// more than what the operation names.
//
// Invariants: an agent id is in at most one of admitted, unreachable and gone; a framework id in at
// most one of frameworks and removed; every machine of a maintenance window has its record and no
// other has one.
// Failure modes: Evaluate refuses an operation that does not fit the state, with a sentence; Apply
// refuses a record that it cannot decode (kDataLoss).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "actors/base/ids.h"
#include "actors/base/status.h"
#include "actors/messages/internal/registry.pb.h"
#include "actors/messages/v1.h"
#include "state/registry/operations.h"

namespace meseta::registry {

inline constexpr uint32_t kRegistryFormat = 1;
inline constexpr size_t kMaxRecordKey = 4096;  // Longest key, as the store takes it.

struct RegistryState {
  internal::RegistryHeader header;
  std::map<AgentId, internal::AdmittedAgent> admitted;
  std::map<AgentId, internal::UnreachableAgent> unreachable;
  std::map<AgentId, internal::GoneAgent> gone;
  std::map<FrameworkId, internal::RegisteredFramework> frameworks;
  std::map<FrameworkId, internal::RemovedFramework> removed;
  std::map<std::string, internal::RoleQuota> quotas;           // By role.
  std::map<std::string, internal::RoleWeight> weights;         // By role.
  std::map<std::string, internal::ScheduledMachine> machines;  // By MachineKey.
  std::map<std::string, internal::MaintenanceWindow> windows;  // By WindowKey: in order.
  std::map<std::string, internal::MinimumCapability> minimum_capabilities;  // By name.
};

// One record put (value) or removed (no value).
struct RegistryChange {
  std::string key;
  std::optional<std::string> value;
  friend bool operator==(const RegistryChange&, const RegistryChange&) = default;
};
using RegistryDelta = std::vector<RegistryChange>;

// What `op` amounts to in `state`. Empty: nothing changes.
[[nodiscard]] Result<RegistryDelta> Evaluate(const RegistryState& state, const RegistryOp& op);
Status Apply(const RegistryDelta& delta, RegistryState* state);
// One record; no value: it is removed. For loading a store's snapshot without copying it.
Status ApplyRecord(std::string_view key, std::optional<std::string_view> value,
                   RegistryState* state);
// The whole state as puts, in the order of keys.
[[nodiscard]] RegistryDelta Encode(const RegistryState& state);

// May this version lead with this registry? Fails naming the capabilities that it lacks.
Status CheckMinimumCapabilities(const RegistryState& state);

// How machines are told apart: host names do not differ by case.
[[nodiscard]] std::string MachineKey(const v1::MachineID& id);
// The maintenance schedule; none when it has no windows.
[[nodiscard]] std::optional<v1::maintenance::Schedule> ScheduleOf(const RegistryState& state);

}  // namespace meseta::registry
