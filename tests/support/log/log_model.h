// LogModel: what a replica's disk must hold after some LogWrites, kept in the simplest way; and writes
// drawn from a seed, for comparing storages with it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "actors/base/rng.h"
#include "state/log/storage.h"
#include "state/log/types.h"

namespace meseta::log {

class LogModel {
 public:
  void Apply(const LogWrite& write);
  // What differs; empty: nothing. Pieces are read from `storage`, if given.
  [[nodiscard]] std::string Difference(const Recovered& recovered, Storage* storage) const;

  // A write that fits to the state.
  [[nodiscard]] LogWrite Draw(Rng* rng) const;

 private:
  [[nodiscard]] Index last() const;
  [[nodiscard]] Term last_term() const;
  [[nodiscard]] LogWrite DrawSnapshot(Rng* rng) const;

  std::optional<internal::LogIdentity> identity_;
  HardState hard_;
  std::optional<SnapshotMeta> snapshot_;
  std::vector<std::string> pieces_;
  std::map<Index, EntryPtr> entries_;
};

}  // namespace meseta::log
