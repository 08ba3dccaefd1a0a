#include "state/registry/registry.h"

#include <string_view>

namespace meseta::registry {
namespace {

constexpr std::string_view kHeaderKey = "header";
constexpr std::string_view kAgentPrefix = "agent/";
constexpr std::string_view kUnreachablePrefix = "unreachable/";
constexpr std::string_view kGonePrefix = "gone/";

std::string Key(std::string_view prefix, const AgentId& id) {
  return std::string(prefix) + id.value();
}

AgentId IdOf(const v1::AgentInfo& info) { return AgentId(info.id().value()); }

template <class Record>
RegistryChange Put(std::string key, const Record& record) {
  RegistryChange change;
  change.key = std::move(key);
  change.value = record.SerializeAsString();
  return change;
}

RegistryChange Remove(std::string key) {
  RegistryChange change;
  change.key = std::move(key);
  return change;
}

RegistryChange PutAdmitted(const v1::AgentInfo& info, const std::string& registration_id,
                           WallTime at) {
  internal::AdmittedAgent record;
  *record.mutable_info() = info;
  record.set_registration_id(registration_id);
  record.set_admitted_ns(at.nanos());
  return Put(Key(kAgentPrefix, IdOf(info)), record);
}

Status NotAdmitted(const AgentId& id) {
  return FailedPrecondition("Agent " + id.value() + " is not in the list of admitted agents");
}

Status IsGone(const AgentId& id) {
  return FailedPrecondition("Agent " + id.value() + " has been marked gone");
}

struct Evaluator {
  const RegistryState& state;

  Result<RegistryDelta> operator()(const AdmitAgent& op) const {
    const AgentId id = IdOf(op.info);
    if (id.empty()) return InvalidArgument("An agent without id cannot be admitted");
    if (state.admitted.count(id) || state.unreachable.count(id) || state.gone.count(id)) {
      return AlreadyExists("Agent " + id.value() + " is in the registry already");
    }
    return RegistryDelta{PutAdmitted(op.info, op.registration_id, op.at)};
  }

  Result<RegistryDelta> operator()(const UpdateAgent& op) const {
    const AgentId id = IdOf(op.info);
    auto it = state.admitted.find(id);
    if (it == state.admitted.end()) return NotAdmitted(id);
    return RegistryDelta{PutAdmitted(op.info, it->second.registration_id(),
                                     WallTime::FromNanos(it->second.admitted_ns()))};
  }

  Result<RegistryDelta> operator()(const RemoveAgent& op) const {
    if (!state.admitted.count(op.id)) return NotAdmitted(op.id);
    return RegistryDelta{Remove(Key(kAgentPrefix, op.id))};
  }

  Result<RegistryDelta> operator()(const MarkAgentUnreachable& op) const {
    auto it = state.admitted.find(op.id);
    if (it == state.admitted.end()) return NotAdmitted(op.id);
    internal::UnreachableAgent record;
    record.mutable_agent_id()->set_value(op.id.value());
    record.set_registration_id(it->second.registration_id());
    record.set_since_ns(op.at.nanos());
    return RegistryDelta{Remove(Key(kAgentPrefix, op.id)),
                         Put(Key(kUnreachablePrefix, op.id), record)};
  }

  Result<RegistryDelta> operator()(const MarkAgentReachable& op) const {
    const AgentId id = IdOf(op.info);
    if (id.empty()) return InvalidArgument("An agent without id cannot be marked reachable");
    if (state.gone.count(id)) return IsGone(id);
    RegistryDelta delta;
    if (state.unreachable.count(id)) delta.push_back(Remove(Key(kUnreachablePrefix, id)));
    delta.push_back(PutAdmitted(op.info, op.registration_id, op.at));
    return delta;
  }

  Result<RegistryDelta> operator()(const MarkAgentGone& op) const {
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

  Result<RegistryDelta> operator()(const Prune& op) const {
    RegistryDelta delta;
    for (const AgentId& id : op.ids) {
      if (state.unreachable.count(id)) delta.push_back(Remove(Key(kUnreachablePrefix, id)));
      if (state.gone.count(id)) delta.push_back(Remove(Key(kGonePrefix, id)));
    }
    return delta;
  }

  Result<RegistryDelta> operator()(const StartTerm& op) const {
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
};

template <class Record>
Status ApplyTo(const RegistryChange& change, std::string_view prefix,
               std::map<AgentId, Record>* records) {
  AgentId id(change.key.substr(prefix.size()));
  if (!change.value) {
    records->erase(id);
    return OkStatus();
  }
  Record record;
  if (!record.ParseFromString(*change.value)) {
    return DataLoss("The registry record '" + change.key + "' cannot be decoded");
  }
  (*records)[std::move(id)] = std::move(record);
  return OkStatus();
}

Status ApplyHeader(const RegistryChange& change, RegistryState* state) {
  internal::RegistryHeader header;
  if (!change.value || !header.ParseFromString(*change.value)) {
    return DataLoss("The registry record 'header' cannot be decoded");
  }
  if (header.format() > kRegistryFormat) {
    return FailedPrecondition("The registry has format " + std::to_string(header.format()) +
                              ", this master understands formats up to " +
                              std::to_string(kRegistryFormat) + "; start a newer version");
  }
  state->header = std::move(header);
  return OkStatus();
}

Status ApplyChange(const RegistryChange& change, RegistryState* state) {
  const std::string_view key = change.key;
  if (key == kHeaderKey) return ApplyHeader(change, state);
  if (key.starts_with(kAgentPrefix)) return ApplyTo(change, kAgentPrefix, &state->admitted);
  if (key.starts_with(kUnreachablePrefix)) {
    return ApplyTo(change, kUnreachablePrefix, &state->unreachable);
  }
  if (key.starts_with(kGonePrefix)) return ApplyTo(change, kGonePrefix, &state->gone);
  return DataLoss("The registry holds a record of unknown kind: '" + change.key + "'");
}

}  // namespace

Result<RegistryDelta> Evaluate(const RegistryState& state, const RegistryOp& op) {
  return std::visit(Evaluator{state}, op);
}

Status Apply(const RegistryDelta& delta, RegistryState* state) {
  for (const RegistryChange& change : delta) RETURN_IF_ERROR(ApplyChange(change, state));
  return OkStatus();
}

}  // namespace meseta::registry
