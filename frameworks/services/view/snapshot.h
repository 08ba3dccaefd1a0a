// Snapshot: everything GETs are answered from: immutable, numbered, sharing structure with the ones
// before and after. Made by the core's actor after each turn whose writes are durable, read by any thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "actors/base/shared_map.h"
#include "frameworks/services/health/health_core.h"
#include "frameworks/services/launch/launch_queue.h"
#include "frameworks/services/model/catalog.h"
#include "frameworks/services/model/types.h"

namespace meseta::services {

struct InstanceHealth {
  std::vector<CheckHealth> checks;    // Framework-level ones, in order of the app's.
  std::vector<Readiness> readiness;
};

struct Snapshot {
  uint64_t number = 0;
  Catalog catalog;
  SharedMap<std::string, InstancePtr> instances;  // By "<app> <id>".
  SharedMap<std::string, std::shared_ptr<const InstanceHealth>> health;  // By instance id.
  SharedMap<Path, FailurePtr> failures;
  SharedMap<Path, WaitingPtr> waiting;
  SharedMap<std::string, DeploymentPtr> deployments;  // By id.
  SharedMap<Path, std::string> deployment_of;         // App to deployment.
  std::string framework_id;    // Empty: not subscribed yet.
  bool connected = false;      // To the master.
  std::string master;          // "http://host:port", when connected.

  [[nodiscard]] std::vector<InstancePtr> InstancesOf(const Path& app) const;
};
using SnapshotPtr = std::shared_ptr<const Snapshot>;

}  // namespace meseta::services
