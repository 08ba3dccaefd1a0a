// Keys of records and how changes of them are made. For the files of this folder.
#pragma once

#include <string>
#include <string_view>

#include "actors/base/ids.h"
#include "state/registry/registry.h"

namespace meseta::registry {

inline constexpr std::string_view kHeaderKey = "header";
inline constexpr std::string_view kAgentPrefix = "agent/";
inline constexpr std::string_view kUnreachablePrefix = "unreachable/";
inline constexpr std::string_view kGonePrefix = "gone/";
inline constexpr std::string_view kFrameworkPrefix = "framework/";
inline constexpr std::string_view kRemovedPrefix = "removed/";
inline constexpr std::string_view kQuotaPrefix = "quota/";
inline constexpr std::string_view kWeightPrefix = "weight/";
inline constexpr std::string_view kMachinePrefix = "machine/";
inline constexpr std::string_view kWindowPrefix = "window/";
inline constexpr std::string_view kCapabilityPrefix = "capability/";

// Windows of one schedule: their keys have six digits.
inline constexpr size_t kMaxWindows = 1'000'000;

[[nodiscard]] inline std::string Key(std::string_view prefix, std::string_view rest) {
  return std::string(prefix).append(rest);
}
template <class Tag>
[[nodiscard]] std::string Key(std::string_view prefix, const Id<Tag>& id) {
  return Key(prefix, id.value());
}

// The same record is the same bytes everywhere (maps in order of their keys).
[[nodiscard]] std::string Serialize(const google::protobuf::MessageLite& record);
[[nodiscard]] RegistryChange Put(std::string key, const google::protobuf::MessageLite& record);
[[nodiscard]] RegistryChange Remove(std::string key);

// Adds the minimum capability, or removes it, unless that is how it is.
void Require(const RegistryState& state, v1::MasterInfo::Capability::Type capability, bool needed,
             RegistryDelta* delta);

// One function per operation, in the file of its subject.
Result<RegistryDelta> EvaluateOp(const RegistryState& state, const AdmitAgent& op);
Result<RegistryDelta> EvaluateOp(const RegistryState& state, const UpdateAgent& op);
Result<RegistryDelta> EvaluateOp(const RegistryState& state, const RemoveAgent& op);
Result<RegistryDelta> EvaluateOp(const RegistryState& state, const MarkAgentUnreachable& op);
Result<RegistryDelta> EvaluateOp(const RegistryState& state, const MarkAgentReachable& op);
Result<RegistryDelta> EvaluateOp(const RegistryState& state, const MarkAgentGone& op);
Result<RegistryDelta> EvaluateOp(const RegistryState& state, const Prune& op);
Result<RegistryDelta> EvaluateOp(const RegistryState& state, const StartTerm& op);
Result<RegistryDelta> EvaluateOp(const RegistryState& state, const DrainAgent& op);
Result<RegistryDelta> EvaluateOp(const RegistryState& state, const MarkAgentDrained& op);
Result<RegistryDelta> EvaluateOp(const RegistryState& state, const DeactivateAgent& op);
Result<RegistryDelta> EvaluateOp(const RegistryState& state, const ReactivateAgent& op);
Result<RegistryDelta> EvaluateOp(const RegistryState& state, const AddFramework& op);
Result<RegistryDelta> EvaluateOp(const RegistryState& state, const UpdateFramework& op);
Result<RegistryDelta> EvaluateOp(const RegistryState& state, const RemoveFramework& op);
Result<RegistryDelta> EvaluateOp(const RegistryState& state, const UpdateSchedule& op);
Result<RegistryDelta> EvaluateOp(const RegistryState& state, const StartMaintenance& op);
Result<RegistryDelta> EvaluateOp(const RegistryState& state, const StopMaintenance& op);
Result<RegistryDelta> EvaluateOp(const RegistryState& state, const UpdateQuota& op);
Result<RegistryDelta> EvaluateOp(const RegistryState& state, const UpdateWeights& op);

}  // namespace meseta::registry
