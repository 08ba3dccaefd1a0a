// RegistryFollower: the registry, decoded, on a standby: kept up with the store's changes, so that
// taking over does not have to decode tens of thousands of records first.
//
// Given away with Take(): a term changes it further. Pure; on the leadership actor's thread. Failure
// modes: what cannot be decoded makes it useless until the next Restart; the term is then built from
// the store, which says what is wrong.
#pragma once

#include <optional>

#include "actors/base/status.h"
#include "state/registry/registry.h"
#include "state/store/store.h"

namespace meseta::master {

class RegistryFollower {
 public:
  void Restart(const store::Snapshot& snapshot);
  void Apply(const store::WatchEvent& event);
  // Nothing is held any more.
  void Stop() { state_.reset(); }

  // Up to which change of the store it goes; none: there is nothing to take.
  [[nodiscard]] std::optional<store::Version> version() const;
  // REQUIRES: version().
  [[nodiscard]] registry::RegistryState Take();

 private:
  std::optional<registry::RegistryState> state_;
  store::Version version_ = 0;
};

}  // namespace meseta::master
