#include "state/registry/registry_store.h"

namespace meseta::registry {

Result<RegistryState> OpenRegistry(RegistryStore* store, const std::string& fresh_cluster_id) {
  ASSIGN_OR_RETURN(const RegistryDelta records, store->Load());
  RegistryState state;
  RETURN_IF_ERROR(Apply(records, &state));
  if (!records.empty() && !state.header.has_cluster_id()) {
    return DataLoss("The registry has records but no header; restore it from a backup");
  }
  StartTerm start;
  start.term = state.header.term() + 1;
  start.cluster_id = state.header.has_cluster_id() ? state.header.cluster_id() : fresh_cluster_id;
  ASSIGN_OR_RETURN(const RegistryDelta delta, Evaluate(state, start));
  RETURN_IF_ERROR(store->Write(delta));
  RETURN_IF_ERROR(Apply(delta, &state));
  return state;
}

}  // namespace meseta::registry
