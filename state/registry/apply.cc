// Apply and Encode: between records and the decoded state.
#include <utility>

#include "state/registry/records.h"

namespace meseta::registry {
namespace {

template <class MapKey, class Record>
Status ApplyTo(std::string_view key, std::string_view prefix, std::optional<std::string_view> value,
               std::map<MapKey, Record>* records) {
  MapKey id(std::string(key.substr(prefix.size())));
  if (!value) {
    records->erase(id);
    return OkStatus();
  }
  // A snapshot comes in order: mostly the end is the place.
  auto it = records->empty() || records->rbegin()->first < id
                ? records->emplace_hint(records->end(), std::move(id), Record())
                : records->try_emplace(std::move(id)).first;
  if (!it->second.ParseFromArray(value->data(), static_cast<int>(value->size()))) {
    records->erase(it);
    return DataLoss("The registry record '" + std::string(key) + "' cannot be decoded");
  }
  return OkStatus();
}

Status ApplyHeader(std::optional<std::string_view> value, RegistryState* state) {
  internal::RegistryHeader header;
  if (!value || !header.ParseFromArray(value->data(), static_cast<int>(value->size()))) {
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

template <class MapKey, class Record>
void EncodeMap(std::string_view prefix, const std::map<MapKey, Record>& records,
               RegistryDelta* delta) {
  for (const auto& [id, record] : records) delta->push_back(Put(Key(prefix, id), record));
}

}  // namespace

Status ApplyRecord(std::string_view key, std::optional<std::string_view> value,
                   RegistryState* state) {
  const auto has = [key](std::string_view prefix) { return key.starts_with(prefix); };
  if (key == kHeaderKey) return ApplyHeader(value, state);
  if (has(kAgentPrefix)) return ApplyTo(key, kAgentPrefix, value, &state->admitted);
  if (has(kUnreachablePrefix)) return ApplyTo(key, kUnreachablePrefix, value, &state->unreachable);
  if (has(kGonePrefix)) return ApplyTo(key, kGonePrefix, value, &state->gone);
  if (has(kFrameworkPrefix)) return ApplyTo(key, kFrameworkPrefix, value, &state->frameworks);
  if (has(kRemovedPrefix)) return ApplyTo(key, kRemovedPrefix, value, &state->removed);
  if (has(kQuotaPrefix)) return ApplyTo(key, kQuotaPrefix, value, &state->quotas);
  if (has(kWeightPrefix)) return ApplyTo(key, kWeightPrefix, value, &state->weights);
  if (has(kMachinePrefix)) return ApplyTo(key, kMachinePrefix, value, &state->machines);
  if (has(kWindowPrefix)) return ApplyTo(key, kWindowPrefix, value, &state->windows);
  if (has(kCapabilityPrefix)) {
    return ApplyTo(key, kCapabilityPrefix, value, &state->minimum_capabilities);
  }
  return DataLoss("The registry holds a record of unknown kind: '" + std::string(key) + "'");
}

Status Apply(const RegistryDelta& delta, RegistryState* state) {
  for (const RegistryChange& change : delta) {
    std::optional<std::string_view> value;
    if (change.value) value = *change.value;
    RETURN_IF_ERROR(ApplyRecord(change.key, value, state));
  }
  return OkStatus();
}

RegistryDelta Encode(const RegistryState& state) {
  RegistryDelta delta;
  EncodeMap(kAgentPrefix, state.admitted, &delta);
  EncodeMap(kCapabilityPrefix, state.minimum_capabilities, &delta);
  EncodeMap(kFrameworkPrefix, state.frameworks, &delta);
  EncodeMap(kGonePrefix, state.gone, &delta);
  if (state.header.has_term()) delta.push_back(Put(std::string(kHeaderKey), state.header));
  EncodeMap(kMachinePrefix, state.machines, &delta);
  EncodeMap(kQuotaPrefix, state.quotas, &delta);
  EncodeMap(kRemovedPrefix, state.removed, &delta);
  EncodeMap(kUnreachablePrefix, state.unreachable, &delta);
  EncodeMap(kWeightPrefix, state.weights, &delta);
  EncodeMap(kWindowPrefix, state.windows, &delta);
  return delta;
}

}  // namespace meseta::registry
