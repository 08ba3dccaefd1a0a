// Where the registry's records are kept. The interface that a replicated log takes over later.
//
// Blocking: one serial worker thread calls it, never the master core's.
#pragma once

#include <string>

#include "actors/base/status.h"
#include "state/registry/registrar_core.h"
#include "state/registry/registry.h"

namespace meseta::registry {

class RegistryStore {
 public:
  virtual ~RegistryStore() = default;

  // All records, as puts. A corrupt store is kDataLoss with a sentence that names it and the way
  // out.
  [[nodiscard]] virtual Result<RegistryDelta> Load() = 0;
  // Atomic, and durable on return. After a failure the outcome is unknown: open the store again.
  [[nodiscard]] virtual Status Write(const RegistryDelta& changes) = 0;
};

// Loads the registry and durably starts the next term. `fresh_cluster_id` names the cluster when
// the registry is new.
[[nodiscard]] Result<RegistryState> OpenRegistry(RegistryStore* store,
                                                 const std::string& fresh_cluster_id);

}  // namespace meseta::registry
