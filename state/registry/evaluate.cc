// Evaluate: hands an operation to the file of its subject; what belongs to none is here.
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <array>

#include "state/registry/records.h"

namespace meseta::registry {
namespace {

using Capability = v1::MasterInfo::Capability;

// What this version understands of a registry.
constexpr std::array<Capability::Type, 3> kCapabilities{
    Capability::AGENT_UPDATE, Capability::AGENT_DRAINING, Capability::QUOTA_V2};

bool Has(const std::string& name) {
  for (const Capability::Type type : kCapabilities) {
    if (Capability::Type_Name(type) == name) return true;
  }
  return false;
}

}  // namespace

std::string Serialize(const google::protobuf::MessageLite& record) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    record.SerializePartialToCodedStream(&coded);
  }
  return bytes;
}

RegistryChange Put(std::string key, const google::protobuf::MessageLite& record) {
  RegistryChange change;
  change.key = std::move(key);
  change.value = Serialize(record);
  return change;
}

RegistryChange Remove(std::string key) {
  RegistryChange change;
  change.key = std::move(key);
  return change;
}

void Require(const RegistryState& state, Capability::Type capability, bool needed,
             RegistryDelta* delta) {
  const std::string& name = Capability::Type_Name(capability);
  if (needed == (state.minimum_capabilities.count(name) > 0)) return;
  const std::string key = Key(kCapabilityPrefix, name);
  if (!needed) {
    delta->push_back(Remove(key));
    return;
  }
  internal::MinimumCapability record;
  record.set_capability(name);
  delta->push_back(Put(key, record));
}

Status CheckMinimumCapabilities(const RegistryState& state) {
  std::string missing;
  for (const auto& [name, record] : state.minimum_capabilities) {
    if (!Has(name)) missing += (missing.empty() ? "" : ", ") + name;
  }
  if (missing.empty()) return OkStatus();
  return FailedPrecondition("The registry needs a master with the capabilities " + missing +
                            ", which this version does not have; start a newer version");
}

Result<RegistryDelta> EvaluateOp(const RegistryState& state, const StartTerm& op) {
  RETURN_IF_ERROR(CheckMinimumCapabilities(state));
  if (op.term <= state.header.term()) {
    return FailedPrecondition("Term " + std::to_string(op.term) + " is not newer than term " +
                              std::to_string(state.header.term()) + " of the registry");
  }
  if (state.header.has_cluster_id() && state.header.cluster_id() != op.cluster_id) {
    return FailedPrecondition("The registry belongs to cluster " + state.header.cluster_id() +
                              ", not to " + op.cluster_id);
  }
  internal::RegistryHeader header;
  header.set_format(kRegistryFormat);
  header.set_cluster_id(op.cluster_id);
  header.set_term(op.term);
  return RegistryDelta{Put(std::string(kHeaderKey), header)};
}

Result<RegistryDelta> Evaluate(const RegistryState& state, const RegistryOp& op) {
  ASSIGN_OR_RETURN(RegistryDelta delta,
                   std::visit([&](const auto& typed) { return EvaluateOp(state, typed); }, op));
  // Names of roles and hosts come from users.
  for (const RegistryChange& change : delta) {
    if (change.key.size() > kMaxRecordKey) {
      return InvalidArgument("The name in '" + change.key.substr(0, 40) + "...' is longer than " +
                             std::to_string(kMaxRecordKey) + " bytes");
    }
  }
  return delta;
}

}  // namespace meseta::registry
