// What the API asks of the core, and what it answers. Values; the API renders them.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "frameworks/services/model/changes.h"

namespace meseta::services {

// A write was done: durable, visible to GETs.
struct WriteDone {
  VersionMs version = 0;
  std::string deployment_id;     // Empty: nothing was to be done.
  bool created = false;
  AppPtr app;                    // CreateApp: what was made of it.
  DeploymentPtr plan;            // dryRun: nothing was done.
  std::vector<InstancePtr> instances;  // KillInstances: those that are killed.
};
struct ChangeCatalog {
  Change change;
  bool force = false;
  bool dry_run = false;
  std::string client;  // ip, for events.
  std::string uri;     // The same.
};
// DELETE /v2/apps/{id}/tasks, POST /v2/tasks/delete without `scale`.
struct KillInstances {
  std::vector<std::string> instances;  // Unknown ones are ignored.
  bool wipe = false;
};
struct CancelDeployment {  // DELETE /v2/deployments/{id}
  std::string id;
  bool force = false;      // Just drop it; else it is undone by another.
};
struct ResetLaunchDelay {
  Path app;
};
using ServicesCommand = std::variant<ChangeCatalog, KillInstances, CancelDeployment, ResetLaunchDelay>;

}  // namespace meseta::services
