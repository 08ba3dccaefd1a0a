// Operations on what belongs to roles: quota and weights.
#include <cmath>
#include <cstdio>
#include <map>
#include <set>

#include "actors/base/json/json_codec.h"
#include "state/model/roles.h"
#include "state/registry/records.h"

namespace meseta::registry {
namespace {

using v1::quota::QuotaConfig;
using Scalars = google::protobuf::Map<std::string, v1::Value::Scalar>;

constexpr double kExabyteInMegabytes = 1024.0 * 1024.0 * 1024.0 * 1024.0;
constexpr double kMaxScalar = 1e12;

std::string Number(double value) {
  char text[40];
  std::snprintf(text, sizeof(text), "%.15g", value);
  return text;
}

std::string Item(const std::string& name, double value) {
  return "{'" + name + "': " + Number(value) + "}";
}

Status ValidateSize(const std::string& name, double value) {
  if (name == "mem" || name == "disk") {
    if (value <= kExabyteInMegabytes) return OkStatus();
    return InvalidArgument(Item(name, value) +
                           " is invalid: values greater than 1 exabyte (1099511627776) are not "
                           "supported");
  }
  if (value <= kMaxScalar) return OkStatus();
  return InvalidArgument(Item(name, value) +
                         " is invalid: values greater than 1 trillion (1000000000000) are not "
                         "supported");
}

std::string WhyNotScalar(double value) {
  if (std::isinf(value)) return "Infinite values not supported";
  if (std::isnan(value)) return "NaN not supported";
  if (std::fpclassify(value) == FP_SUBNORMAL) return "Subnormal values not supported";
  if (value < 0) return "Negative values not supported";
  return "";
}

// In order of names: the first fault named is always the same one.
std::map<std::string, double> Ordered(const Scalars& scalars) {
  std::map<std::string, double> ordered;
  for (const auto& [name, scalar] : scalars) ordered[name] = scalar.value();
  return ordered;
}

Status ValidateScalars(const std::map<std::string, double>& scalars, const std::string& field,
                       const std::string& kind) {
  for (const auto& [name, value] : scalars) {
    // NaN and infinity have their own sentences.
    if (!std::isfinite(value)) continue;
    const Status size = ValidateSize(name, value);
    if (!size.ok()) return InvalidArgument("Invalid '" + field + "': " + size.message());
  }
  for (const auto& [name, value] : scalars) {
    const std::string why = WhyNotScalar(value);
    if (why.empty()) continue;
    return InvalidArgument("Invalid " + kind + " configuration " + Item(name, value) + ": " + why);
  }
  return OkStatus();
}

Status ValidateQuota(const QuotaConfig& config) {
  if (!config.has_role()) return InvalidArgument("'QuotaConfig.role' must be set");
  const Status role = model::ValidateRole(config.role());
  if (!role.ok()) return InvalidArgument("Invalid 'QuotaConfig.role': " + role.message());
  const std::map<std::string, double> guarantees = Ordered(config.guarantees());
  const std::map<std::string, double> limits = Ordered(config.limits());
  RETURN_IF_ERROR(ValidateScalars(guarantees, "QuotaConfig.guarantees", "guarantee"));
  RETURN_IF_ERROR(ValidateScalars(limits, "QuotaConfig.limits", "limit"));
  for (const auto& [name, value] : guarantees) {
    auto limit = limits.find(name);
    if (limit == limits.end() || value <= limit->second) continue;
    return InvalidArgument("'QuotaConfig.guarantees' " + Item(name, value) +
                           " is not contained within the 'QuotaConfig.limits' " +
                           Item(name, limit->second));
  }
  return OkStatus();
}

// No quota at all: the role has no record.
bool IsDefault(const QuotaConfig& config) {
  if (!config.limits().empty()) return false;
  for (const auto& [name, value] : Ordered(config.guarantees())) {
    if (value != 0) return false;
  }
  return true;
}

Status ValidateWeight(const v1::WeightInfo& info) {
  const Status role = model::ValidateRole(info.role());
  if (!role.ok()) {
    return InvalidArgument("Invalid role '" + info.role() + "': " + role.message());
  }
  if (!std::isfinite(info.weight()) || info.weight() <= 0) {
    return InvalidArgument("Invalid weight '" + Number(info.weight()) + "' for role '" +
                           info.role() + "': Weights must be positive");
  }
  return OkStatus();
}

}  // namespace

Result<RegistryDelta> EvaluateOp(const RegistryState& state, const UpdateQuota& op) {
  std::map<std::string, const QuotaConfig*> last;  // Of a role that is named twice.
  for (const QuotaConfig& config : op.configs) {
    const Status valid = ValidateQuota(config);
    if (!valid.ok()) {
      return InvalidArgument("Invalid quota config '" + ToJson(config) + "': " + valid.message());
    }
    last[config.role()] = &config;
  }
  RegistryDelta delta;
  std::set<std::string> roles;  // With quota, after this.
  for (const auto& [role, record] : state.quotas) roles.insert(role);
  for (const auto& [role, config] : last) {
    auto it = state.quotas.find(role);
    if (IsDefault(*config)) {
      roles.erase(role);
      if (it != state.quotas.end()) delta.push_back(Remove(Key(kQuotaPrefix, role)));
      continue;
    }
    roles.insert(role);
    internal::RoleQuota record;
    *record.mutable_config() = *config;
    if (it != state.quotas.end() && Serialize(it->second) == Serialize(record)) continue;
    delta.push_back(Put(Key(kQuotaPrefix, role), record));
  }
  Require(state, v1::MasterInfo::Capability::QUOTA_V2, !roles.empty(), &delta);
  return delta;
}

Result<RegistryDelta> EvaluateOp(const RegistryState& state, const UpdateWeights& op) {
  std::map<std::string, const v1::WeightInfo*> last;
  for (const v1::WeightInfo& info : op.weights) {
    RETURN_IF_ERROR(ValidateWeight(info));
    last[info.role()] = &info;
  }
  RegistryDelta delta;
  for (const auto& [role, info] : last) {
    auto it = state.weights.find(role);
    if (it != state.weights.end() && it->second.info().weight() == info->weight()) continue;
    internal::RoleWeight record;
    *record.mutable_info() = *info;
    delta.push_back(Put(Key(kWeightPrefix, role), record));
  }
  return delta;
}

}  // namespace meseta::registry
