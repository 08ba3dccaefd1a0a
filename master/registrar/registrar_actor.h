// RegistrarActor: writes the registry's batches on a thread of its own, one synced write each, and
// tells the outcome.
#pragma once

#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "actors/base/status.h"
#include "actors/metrics/registry.h"
#include "actors/runtime/core_shell.h"
#include "state/registry/registry_store.h"

namespace meseta::master {

class RegistrarActor : public runtime::Core<registry::RegistryBatch> {
 public:
  // Called with the number of each batch, on the registrar's thread.
  using Done = std::function<void(uint64_t number, Status status)>;
  // The store must outlive the actor.
  // `store_time` shows as registrar/state_store_ms.
  RegistrarActor(registry::RegistryStore* store, std::shared_ptr<metrics::Timer> store_time,
                 Done done)
      : store_(store), store_time_(std::move(store_time)), done_(std::move(done)) {}

  void Turn(std::vector<registry::RegistryBatch>& batches, runtime::TurnContext&) override {
    for (const registry::RegistryBatch& batch : batches) {
      const Time start = runtime::RealClock::Get().Mono();
      Status status = store_->Write(batch.changes);
      store_time_->Record(runtime::RealClock::Get().Mono() - start);
      done_(batch.number, std::move(status));
    }
  }

 private:
  registry::RegistryStore* const store_;
  const std::shared_ptr<metrics::Timer> store_time_;
  const Done done_;
};

}  // namespace meseta::master
