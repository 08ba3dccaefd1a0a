// Dependencies: in which order apps of a catalog come up, and whether there is one at all.
//
// An app depends on what it names itself and on what the groups above it name; to depend on a group
// is to depend on every app beneath it. Names of what is not there are ignored. Looks only at what is
// asked for and at what that depends on. Pure.
#pragma once

#include <map>
#include <vector>

#include "frameworks/services/model/catalog.h"

namespace meseta::services {

struct DependencyRanks {
  bool cyclic = false;
  // Of the apps asked for: 0 depends on nothing, else one more than the highest it depends on.
  // Empty when cyclic.
  std::map<Path, uint32_t> rank;
};

[[nodiscard]] DependencyRanks RankDependencies(const Catalog& catalog, const std::vector<Path>& apps);

}  // namespace meseta::services
