// Changes: what writes to /v2/apps and /v2/groups ask for, as values, and what they make of a catalog.
//
// ApplyChange is pure: the same change of the same catalog gives the same result. It validates what
// needs the whole catalog (parents, dependencies without cycles, apps against groups, service ports).
#pragma once

#include <boost/json/object.hpp>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "frameworks/services/model/app_json.h"
#include "frameworks/services/model/catalog.h"

namespace meseta::services {

using JsonObjectPtr = std::shared_ptr<const boost::json::object>;

struct CreateApp {  // POST /v2/apps
  JsonObjectPtr app;
};
struct PutApps {  // PUT, PATCH /v2/apps and /v2/apps/{id}
  struct One {
    std::optional<Path> path;  // Of the URL; else the object's `id` counts.
    JsonObjectPtr app;
  };
  std::vector<One> apps;
  bool partial = true;  // Members that are not given stay.
  bool create = true;   // PATCH: an app that is not there is a 404.
};
struct RollBackApp {  // PUT /v2/apps/{id} with {version}
  Path path;
  VersionMs version = 0;
};
struct RestartApp {  // POST /v2/apps/{id}/restart
  Path path;
};
struct DeleteApp {
  Path path;
};
// DELETE of tasks with scale=true: `instances` of the app become fewer, these go first.
struct ScaleDown {
  std::map<Path, std::vector<std::string>> instances;
};
struct CreateGroup {  // POST /v2/groups[/{id}]
  Path base;
  JsonObjectPtr group;
};
struct PutGroup {  // PUT /v2/groups[/{id}]
  Path path;
  JsonObjectPtr group;
};
struct ScaleGroup {  // {scaleBy}
  Path path;
  double by = 1;
};
struct RollBackGroup {  // {version}
  Path path;
  VersionMs version = 0;
};
struct EnforceRole {  // PATCH of a top-level group
  Path path;
  bool enforce = false;
};
struct DeleteGroup {
  Path path;
};
// DELETE /v2/deployments/{id}: undoes only that plan's changes.
struct UndoDeployment {
  DeploymentPtr deployment;
};

using Change = std::variant<CreateApp, PutApps, RollBackApp, RestartApp, DeleteApp, ScaleDown,
                            CreateGroup, PutGroup, ScaleGroup, RollBackGroup, EnforceRole, DeleteGroup,
                            UndoDeployment>;

struct ChangeContext {
  VersionMs version = 0;  // Of what this change makes; newer than all before.
  Defaults defaults;
};

struct Changed {
  Catalog catalog;             // With versions set and automatic service ports given.
  std::vector<Path> apps;      // That differ, in order; also those that only restart.
  bool created = false;        // 201 instead of 200.
  std::map<Path, std::vector<std::string>> kill_first;  // Of ScaleDown.
};

[[nodiscard]] Answer<Changed> ApplyChange(const Catalog& catalog, const Change& change,
                                          const ChangeContext& context);

}  // namespace meseta::services
