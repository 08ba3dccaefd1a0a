// Operations on frameworks. Beyond Mesos, which forgets them with its leader.
#include "state/registry/records.h"

namespace meseta::registry {
namespace {

FrameworkId IdOf(const v1::FrameworkInfo& info) { return FrameworkId(info.id().value()); }

Status NotRegistered(const FrameworkId& id) {
  return FailedPrecondition("Framework " + id.value() + " is not in the registry");
}

}  // namespace

Result<RegistryDelta> EvaluateOp(const RegistryState& state, const AddFramework& op) {
  const FrameworkId id = IdOf(op.info);
  if (id.empty()) return InvalidArgument("A framework without id cannot be added");
  if (state.removed.count(id)) return FailedPrecondition("Framework has been removed");
  if (state.frameworks.count(id)) {
    return AlreadyExists("Framework " + id.value() + " is in the registry already");
  }
  internal::RegisteredFramework record;
  *record.mutable_info() = op.info;
  record.set_registered_ns(op.at.nanos());
  if (op.term > 0) record.set_term(op.term);
  return RegistryDelta{Put(Key(kFrameworkPrefix, id), record)};
}

Result<RegistryDelta> EvaluateOp(const RegistryState& state, const UpdateFramework& op) {
  const FrameworkId id = IdOf(op.info);
  auto it = state.frameworks.find(id);
  if (it == state.frameworks.end()) return NotRegistered(id);
  const bool newer = op.term > it->second.term();
  if (!newer && Serialize(it->second.info()) == Serialize(op.info)) return RegistryDelta();
  internal::RegisteredFramework record = it->second;
  *record.mutable_info() = op.info;
  if (newer) record.set_term(op.term);
  return RegistryDelta{Put(Key(kFrameworkPrefix, id), record)};
}

Result<RegistryDelta> EvaluateOp(const RegistryState& state, const RemoveFramework& op) {
  if (!state.frameworks.count(op.id)) return NotRegistered(op.id);
  internal::RemovedFramework record;
  record.mutable_framework_id()->set_value(op.id.value());
  record.set_since_ns(op.at.nanos());
  return RegistryDelta{Remove(Key(kFrameworkPrefix, op.id)), Put(Key(kRemovedPrefix, op.id), record)};
}

}  // namespace meseta::registry
