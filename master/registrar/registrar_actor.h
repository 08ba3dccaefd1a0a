// RegistrarActor: writes the registry's batches on a thread of its own, one synced write each, and
// tells the outcome.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "actors/base/status.h"
#include "actors/runtime/core_shell.h"
#include "state/registry/registry_store.h"

namespace meseta::master {

class RegistrarActor : public runtime::Core<registry::RegistryBatch> {
 public:
  // Called with the number of each batch, on the registrar's thread.
  using Done = std::function<void(uint64_t number, Status status)>;
  // The store must outlive the actor.
  RegistrarActor(registry::RegistryStore* store, Done done)
      : store_(store), done_(std::move(done)) {}

  void Turn(std::vector<registry::RegistryBatch>& batches, runtime::TurnContext&) override {
    for (const registry::RegistryBatch& batch : batches) {
      done_(batch.number, store_->Write(batch.changes));
    }
  }

 private:
  registry::RegistryStore* const store_;
  const Done done_;
};

}  // namespace meseta::master
