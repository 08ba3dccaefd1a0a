// The registry as a term finds it in the store. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "actors/base/status.h"
#include "state/registry/registry.h"
#include "state/store/store.h"

namespace meseta::master {

// All records. kDataLoss when one cannot be decoded, with its key.
[[nodiscard]] Result<registry::RegistryState> LoadRegistry(const store::Snapshot& snapshot);

// The write that opens a term: the registry's header with the log's term and cluster. The same header
// again when this term was opened before.
[[nodiscard]] Result<store::Batch> OpenTerm(const store::Snapshot& snapshot, uint64_t term,
                                            const std::string& cluster_id);

// A batch of the registrar as one of the store.
[[nodiscard]] store::Batch ToStoreBatch(registry::RegistryDelta changes);

}  // namespace meseta::master
