// Plans: from what was and what is wanted to the steps of a deployment (reference: Marathon surface
// 1.6). Pure.
//
//   1 stop removed apps   2 start new ones with 0 instances   3.. one step per layer of dependencies,
//   dependees first: scale (new, or only scaled) or restart (changed)
//
// Cost is that of the changed apps and what they depend on, and a glance at each group.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "frameworks/services/model/changes.h"

namespace meseta::services {

struct PlanInput {
  const Catalog& before;
  const Catalog& after;
  std::vector<Path> apps;  // That differ.
  std::map<Path, std::vector<std::string>> kill_first;
  std::string id;          // A uuid.
  VersionMs version = 0;
  int64_t now_ms = 0;
  // Apps whose upgrade this plan cuts short: they are upgraded even if only their scale changes, lest
  // instances of the version before stay for ever (DeploymentTable::Upgrading).
  std::set<Path> unfinished = {};
};
// current_step is 0. No steps: there is nothing to do.
[[nodiscard]] internal::DeploymentRecord MakePlan(const PlanInput& input);

// "Dependency graph has cyclic dependencies."
[[nodiscard]] bool HasCycle(const Catalog& catalog, const std::vector<Path>& from);

// The API's names of an action: "ScaleApplication" ...
[[nodiscard]] std::string_view ActionName(internal::DeploymentAction::Kind kind);

}  // namespace meseta::services
