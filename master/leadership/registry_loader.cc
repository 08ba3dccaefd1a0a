#include "master/leadership/registry_loader.h"

#include <utility>

#include "state/registry/records.h"

namespace meseta::master {
Result<registry::RegistryState> LoadRegistry(const store::Snapshot& snapshot) {
  registry::RegistryState state;
  Status status;
  snapshot.Scan("", "", [&](const store::Item& item) {
    status = registry::ApplyRecord(item.key, item.value, &state);
    return status.ok();
  });
  RETURN_IF_ERROR(status);
  RETURN_IF_ERROR(registry::CheckMinimumCapabilities(state));
  return state;
}

Result<store::Batch> OpenTerm(const store::Snapshot& snapshot, uint64_t term,
                              const std::string& cluster_id) {
  registry::RegistryState state;
  const auto header = snapshot.Get(registry::kHeaderKey);
  if (header) {
    RETURN_IF_ERROR(registry::ApplyRecord(header->key, header->value, &state));
  } else if (snapshot.keys() > 0) {
    return DataLoss("The registry has records but no header; restore it from a backup");
  }
  if (header && state.header.term() == term) {
    registry::RegistryChange same;
    same.key = std::string(header->key);
    same.value = std::string(header->value);
    return ToStoreBatch({std::move(same)});
  }
  registry::StartTerm start;
  start.term = term;
  start.cluster_id = cluster_id;
  ASSIGN_OR_RETURN(registry::RegistryDelta delta, registry::Evaluate(state, start));
  return ToStoreBatch(std::move(delta));
}

store::Batch ToStoreBatch(registry::RegistryDelta changes) {
  store::Batch batch;
  batch.changes.reserve(changes.size());
  for (registry::RegistryChange& change : changes) {
    store::Change out;
    out.key = std::move(change.key);
    out.value = std::move(change.value);
    batch.changes.push_back(std::move(out));
  }
  return batch;
}

}  // namespace meseta::master
