// Operations on agents.
#include <utility>

#include "state/registry/records.h"

namespace meseta::registry {
namespace {

AgentId IdOf(const v1::AgentInfo& info) { return AgentId(info.id().value()); }

Status NotAdmitted(const AgentId& id) {
  return FailedPrecondition("Agent " + id.value() + " is not in the list of admitted agents");
}

Status IsGone(const AgentId& id) {
  return FailedPrecondition("Agent " + id.value() + " has been marked gone");
}

// What outlives a transition between admitted and unreachable.
template <class From, class To>
void CopyDrain(const From& from, To* to) {
  if (from.has_drain_info()) *to->mutable_drain_info() = from.drain_info();
  if (from.deactivated()) to->set_deactivated(true);
  if (from.has_drain_started_ns()) to->set_drain_started_ns(from.drain_started_ns());
}

internal::AdmittedAgent Admitted(const v1::AgentInfo& info, const std::string& registration_id,
                                 WallTime at) {
  internal::AdmittedAgent record;
  *record.mutable_info() = info;
  record.set_registration_id(registration_id);
  record.set_admitted_ns(at.nanos());
  return record;
}

// The delta of changing the agent's record, admitted or unreachable. `change` takes either and
// returns a Status.
template <class Change>
Result<RegistryDelta> ChangeRecord(const RegistryState& state, const AgentId& id, Change change) {
  if (auto it = state.admitted.find(id); it != state.admitted.end()) {
    internal::AdmittedAgent record = it->second;
    RETURN_IF_ERROR(change(&record));
    return RegistryDelta{Put(Key(kAgentPrefix, id), record)};
  }
  if (auto it = state.unreachable.find(id); it != state.unreachable.end()) {
    internal::UnreachableAgent record = it->second;
    RETURN_IF_ERROR(change(&record));
    return RegistryDelta{Put(Key(kUnreachablePrefix, id), record)};
  }
  return NotFound("Unknown agent");
}

bool OthersAreDeactivated(const RegistryState& state, const AgentId& id) {
  for (const auto& [other, record] : state.admitted) {
    if (other != id && record.deactivated()) return true;
  }
  for (const auto& [other, record] : state.unreachable) {
    if (other != id && record.deactivated()) return true;
  }
  return false;
}

}  // namespace

Result<RegistryDelta> EvaluateOp(const RegistryState& state, const AdmitAgent& op) {
  const AgentId id = IdOf(op.info);
  if (id.empty()) return InvalidArgument("An agent without id cannot be admitted");
  if (state.admitted.count(id) || state.unreachable.count(id) || state.gone.count(id)) {
    return AlreadyExists("Agent " + id.value() + " is in the registry already");
  }
  return RegistryDelta{
      Put(Key(kAgentPrefix, id), Admitted(op.info, op.registration_id, op.at))};
}

Result<RegistryDelta> EvaluateOp(const RegistryState& state, const UpdateAgent& op) {
  const AgentId id = IdOf(op.info);
  auto it = state.admitted.find(id);
  if (it == state.admitted.end()) return NotAdmitted(id);
  internal::AdmittedAgent record = it->second;
  *record.mutable_info() = op.info;
  return RegistryDelta{Put(Key(kAgentPrefix, id), record)};
}

Result<RegistryDelta> EvaluateOp(const RegistryState& state, const RemoveAgent& op) {
  if (!state.admitted.count(op.id)) return NotAdmitted(op.id);
  return RegistryDelta{Remove(Key(kAgentPrefix, op.id))};
}

Result<RegistryDelta> EvaluateOp(const RegistryState& state, const MarkAgentUnreachable& op) {
  auto it = state.admitted.find(op.id);
  if (it == state.admitted.end()) return NotAdmitted(op.id);
  internal::UnreachableAgent record;
  record.mutable_agent_id()->set_value(op.id.value());
  record.set_registration_id(it->second.registration_id());
  record.set_since_ns(op.at.nanos());
  CopyDrain(it->second, &record);
  return RegistryDelta{Remove(Key(kAgentPrefix, op.id)),
                       Put(Key(kUnreachablePrefix, op.id), record)};
}

Result<RegistryDelta> EvaluateOp(const RegistryState& state, const MarkAgentReachable& op) {
  const AgentId id = IdOf(op.info);
  if (id.empty()) return InvalidArgument("An agent without id cannot be marked reachable");
  if (state.gone.count(id)) return IsGone(id);
  internal::AdmittedAgent record = Admitted(op.info, op.registration_id, op.at);
  RegistryDelta delta;
  if (auto it = state.unreachable.find(id); it != state.unreachable.end()) {
    CopyDrain(it->second, &record);
    delta.push_back(Remove(Key(kUnreachablePrefix, id)));
  } else if (auto old = state.admitted.find(id); old != state.admitted.end()) {
    CopyDrain(old->second, &record);
  }
  delta.push_back(Put(Key(kAgentPrefix, id), record));
  return delta;
}

Result<RegistryDelta> EvaluateOp(const RegistryState& state, const MarkAgentGone& op) {
  RegistryDelta delta;
  if (state.gone.count(op.id)) return IsGone(op.id);
  if (state.admitted.count(op.id)) {
    delta.push_back(Remove(Key(kAgentPrefix, op.id)));
  } else if (state.unreachable.count(op.id)) {
    delta.push_back(Remove(Key(kUnreachablePrefix, op.id)));
  } else {
    return NotFound("Agent '" + op.id.value() + "' not found");
  }
  internal::GoneAgent record;
  record.mutable_agent_id()->set_value(op.id.value());
  record.set_since_ns(op.at.nanos());
  delta.push_back(Put(Key(kGonePrefix, op.id), record));
  return delta;
}

Result<RegistryDelta> EvaluateOp(const RegistryState& state, const DrainAgent& op) {
  Result<RegistryDelta> delta = ChangeRecord(state, op.id, [&](auto* record) {
    record->mutable_drain_info()->set_state(v1::DRAINING);
    *record->mutable_drain_info()->mutable_config() = op.config;
    record->set_deactivated(true);
    record->set_drain_started_ns(op.at.nanos());
    return OkStatus();
  });
  if (delta.ok()) Require(state, v1::MasterInfo::Capability::AGENT_DRAINING, true, &*delta);
  return delta;
}

Result<RegistryDelta> EvaluateOp(const RegistryState& state, const MarkAgentDrained& op) {
  return ChangeRecord(state, op.id, [&](auto* record) -> Status {
    if (!record->has_drain_info() || record->drain_info().state() != v1::DRAINING) {
      return FailedPrecondition("Agent " + op.id.value() + " is not DRAINING");
    }
    record->mutable_drain_info()->set_state(v1::DRAINED);
    return OkStatus();
  });
}

Result<RegistryDelta> EvaluateOp(const RegistryState& state, const DeactivateAgent& op) {
  Result<RegistryDelta> delta = ChangeRecord(state, op.id, [](auto* record) {
    record->set_deactivated(true);
    return OkStatus();
  });
  if (delta.ok()) Require(state, v1::MasterInfo::Capability::AGENT_DRAINING, true, &*delta);
  return delta;
}

Result<RegistryDelta> EvaluateOp(const RegistryState& state, const ReactivateAgent& op) {
  Result<RegistryDelta> delta = ChangeRecord(state, op.id, [](auto* record) -> Status {
    if (!record->deactivated()) return FailedPrecondition("Agent is not deactivated");
    if (record->has_drain_info() && record->drain_info().state() == v1::DRAINING) {
      return FailedPrecondition("Agent is still in the DRAINING state");
    }
    record->clear_drain_info();
    record->clear_deactivated();
    record->clear_drain_started_ns();
    return OkStatus();
  });
  if (delta.ok() && !OthersAreDeactivated(state, op.id)) {
    Require(state, v1::MasterInfo::Capability::AGENT_DRAINING, false, &*delta);
  }
  return delta;
}

Result<RegistryDelta> EvaluateOp(const RegistryState& state, const Prune& op) {
  RegistryDelta delta;
  for (const AgentId& id : op.ids) {
    if (state.unreachable.count(id)) delta.push_back(Remove(Key(kUnreachablePrefix, id)));
    if (state.gone.count(id)) delta.push_back(Remove(Key(kGonePrefix, id)));
  }
  for (const FrameworkId& id : op.frameworks) {
    if (state.removed.count(id)) delta.push_back(Remove(Key(kRemovedPrefix, id)));
  }
  return delta;
}

}  // namespace meseta::registry
