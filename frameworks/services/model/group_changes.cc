// What writes to /v2/groups make of a catalog, and what undoes a deployment.
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "frameworks/services/model/change_in_progress.h"
#include "frameworks/services/model/paths.h"

namespace meseta::services {
namespace {

using boost::json::object;

ApiError NoGroup(const Path& path) {
  return ApiError::NotFound("Group '" + path + "' does not exist");
}

bool IsTopLevel(const Path& path) { return path != "/" && ParentOf(path) == "/"; }

std::vector<Path> GroupsBeneath(const Catalog& catalog, const Path& group) {
  std::vector<Path> paths;
  catalog.ForEachGroupBeneath(group, [&](const GroupPtr& one) { paths.push_back(one->id()); });
  return paths;
}

std::vector<AppPtr> AppsBeneath(const Catalog& catalog, const Path& group) {
  std::vector<AppPtr> apps;
  catalog.ForEachAppBeneath(group, [&](const AppPtr& app) { apps.push_back(app); });
  return apps;
}

// What a group is to hold.
struct Target {
  std::map<Path, GroupSpec> groups;  // To put.
  std::vector<AppSpec> apps;         // To put.
  std::set<Path> roleless;           // Of the apps: no role was given.
  std::set<Path> stay;               // Apps and groups that stay as they are.
  bool old = false;                  // All are of an older version.
};

const boost::json::array* ArrayOf(const object& json, const char* name) {
  const auto* value = json.if_contains(name);
  return value && value->is_array() ? &value->get_array() : nullptr;
}

const object* ObjectAt(const boost::json::array* array, size_t index) {
  return array && index < array->size() && (*array)[index].is_object()
             ? &(*array)[index].get_object()
             : nullptr;
}

void Stay(const Catalog& catalog, const Path& group, Target* target) {
  for (const Path& path : GroupsBeneath(catalog, group)) target->stay.insert(path);
  for (const AppPtr& app : AppsBeneath(catalog, group)) target->stay.insert(app->id());
}

// What was not given stays as it is; what was given replaces what there is.
void Collect(const Catalog& catalog, const GroupDraft& draft, const object& json, Target* target) {
  const Path& path = draft.group.id();
  const GroupPtr old = catalog.FindGroup(path);
  GroupSpec group = draft.group;
  if (old && !ArrayOf(json, "dependencies")) *group.mutable_dependencies() = old->dependencies();
  if (old && !draft.enforce_role_given) group.set_enforce_role(old->enforce_role());
  target->groups[path] = std::move(group);

  const auto* apps = ArrayOf(json, "apps");
  const auto* groups = ArrayOf(json, "groups");
  for (size_t i = 0; i < draft.apps.size(); ++i) {
    const object* given = ObjectAt(apps, i);
    if (given == nullptr || !given->contains("role")) target->roleless.insert(draft.apps[i].id());
    target->apps.push_back(draft.apps[i]);
  }
  for (size_t i = 0; i < draft.groups.size(); ++i) {
    const object* given = ObjectAt(groups, i);
    Collect(catalog, draft.groups[i], given ? *given : object(), target);
  }
  if (!old) return;
  if (!apps) {
    for (const AppPtr& app : AppsBeneath(catalog, path)) {
      if (ParentOf(app->id()) == path) target->stay.insert(app->id());
    }
  }
  if (!groups) {
    for (const Path& child : GroupsBeneath(catalog, path)) {
      if (child != path && ParentOf(child) == path) Stay(catalog, child, target);
    }
  }
}

bool ModifiesApps(const object& json) {
  if (ArrayOf(json, "apps")) return true;
  const auto* groups = ArrayOf(json, "groups");
  for (size_t i = 0; groups && i < groups->size(); ++i) {
    const object* group = ObjectAt(groups, i);
    if (group && ModifiesApps(*group)) return true;
  }
  return false;
}

Refusal CheckEnforceRole(const Catalog& catalog, const GroupDraft& draft, bool modifies_apps) {
  const Path& path = draft.group.id();
  if (draft.enforce_role_given) {
    const GroupPtr old = catalog.FindGroup(path);
    if (modifies_apps && old && old->enforce_role() != draft.group.enforce_role()) {
      return InvalidAt("/enforceRole",
                       "enforceRole cannot be modified in a request that adds, removes or modifies "
                       "services; please make these changes in separate requests.");
    }
  }
  for (const GroupDraft& group : draft.groups) {
    if (auto refusal = CheckEnforceRole(catalog, group, modifies_apps)) return refusal;
  }
  return std::nullopt;
}

// Removes what is beneath `path` and not wanted there.
void RemoveOthers(ChangeInProgress& change, const Path& path, const Target& target) {
  std::set<Path> wanted = target.stay;
  for (const AppSpec& app : target.apps) wanted.insert(app.id());
  for (const AppPtr& app : AppsBeneath(change.now(), path)) {
    if (wanted.count(app->id()) == 0) change.RemoveApp(app->id());
  }
  for (const auto& [id, group] : target.groups) wanted.insert(id);
  std::set<Path> above;
  for (const Path& one : wanted) {
    for (Path up = one; up != "/" && above.insert(up).second;) up = ParentOf(up);
  }
  std::vector<Path> groups = GroupsBeneath(change.now(), path);
  std::sort(groups.rbegin(), groups.rend());  // Inner ones first.
  for (const Path& group : groups) {
    if (group != path && above.count(group) == 0) change.RemoveGroup(group);
  }
}

Refusal Place(ChangeInProgress& change, const Path& path, Target target) {
  RemoveOthers(change, path, target);
  for (auto& [id, group] : target.groups) {  // Outer ones first.
    if (auto refusal = change.PutGroup(std::move(group))) return refusal;
  }
  for (AppSpec& app : target.apps) {
    if (target.old) {
      if (auto refusal = change.RestoreApp(std::move(app))) return refusal;
      continue;
    }
    if (target.roleless.count(app.id()) > 0) app.set_role(change.DefaultsFor(app.id()).role);
    if (auto refusal = change.PutApp(std::move(app))) return refusal;
  }
  return std::nullopt;
}

Refusal PutDraft(ChangeInProgress& change, const GroupDraft& draft, const object& json) {
  if (change.before().FindApp(draft.group.id())) return InvalidAt("/", kSameName);
  if (auto refusal = CheckEnforceRole(change.before(), draft, ModifiesApps(json))) return refusal;
  change.changed().created = !change.before().FindGroup(draft.group.id());
  Target target;
  Collect(change.before(), draft, json, &target);
  return Place(change, draft.group.id(), std::move(target));
}

// A group's dependencies without what that plan added, and with what it took away.
GroupSpec UndoneDependencies(const GroupSpec& now, const GroupSpec& before, const GroupSpec& after) {
  std::set<std::string> dependencies(now.dependencies().begin(), now.dependencies().end());
  for (const std::string& added : after.dependencies()) dependencies.erase(added);
  for (const std::string& had : before.dependencies()) dependencies.insert(had);
  GroupSpec group = now;
  group.clear_dependencies();
  for (const std::string& dependency : dependencies) group.add_dependencies(dependency);
  if (now.enforce_role() == after.enforce_role()) group.set_enforce_role(before.enforce_role());
  return group;
}

bool IsEmpty(const Catalog& catalog, const Path& group) {
  return AppsBeneath(catalog, group).empty() && GroupsBeneath(catalog, group).size() <= 1;
}

Refusal UndoGroups(ChangeInProgress& change, const internal::DeploymentRecord& deployment) {
  std::map<Path, const GroupSpec*> before;
  std::map<Path, const GroupSpec*> after;
  for (const GroupSpec& group : deployment.groups_before()) before[group.id()] = &group;
  for (const GroupSpec& group : deployment.groups_after()) after[group.id()] = &group;
  const GroupSpec none;
  for (auto it = after.rbegin(); it != after.rend(); ++it) {  // Inner ones first.
    const auto& [path, made] = *it;
    const GroupPtr now = change.now().FindGroup(path);
    if (!now) continue;
    const auto had = before.find(path);
    if (had == before.end() && path != "/" && IsEmpty(change.now(), path)) {
      change.RemoveGroup(path);
      continue;
    }
    const GroupSpec& was = had == before.end() ? none : *had->second;
    if (auto refusal = change.PutGroup(UndoneDependencies(*now, was, *made))) return refusal;
  }
  for (const auto& [path, was] : before) {
    if (after.count(path) > 0) continue;
    if (change.now().FindApp(path)) continue;  // Its place was taken since.
    const GroupPtr now = change.now().FindGroup(path);
    GroupSpec group = now ? UndoneDependencies(*now, *was, none) : *was;
    if (auto refusal = change.PutGroup(std::move(group))) return refusal;
  }
  return std::nullopt;
}

}  // namespace

Refusal Apply(ChangeInProgress& change, const CreateGroup& create) {
  Answer<GroupDraft> draft = ReadGroup(*create.group, create.base, change.context().defaults);
  if (!draft.ok()) return draft.error();
  const Path& path = draft->group.id();
  if (change.before().FindGroup(path)) {
    return ApiError{409, "Group " + path + " is already created. Use PUT to change this group.",
                    {}, {}, {}};
  }
  if (change.before().FindApp(path)) {
    return ApiError{409, "An app with the path " + path + " already exists.", {}, {}, {}};
  }
  return PutDraft(change, *draft, *create.group);
}

Refusal Apply(ChangeInProgress& change, const PutGroup& put) {
  Answer<GroupDraft> draft = ReadGroup(*put.group, put.path, change.context().defaults);
  if (!draft.ok()) return draft.error();
  return PutDraft(change, *draft, *put.group);
}

Refusal Apply(ChangeInProgress& change, const ScaleGroup& scale) {
  constexpr double kRounding = 1e-9;  // 10 * 1.1 is a little more than 11.
  if (!change.now().FindGroup(scale.path)) return NoGroup(scale.path);
  if (!(scale.by >= 0)) return InvalidAt("/scaleBy", "must be greater than or equal to 0");
  for (const AppPtr& old : AppsBeneath(change.now(), scale.path)) {
    const double instances = std::max(0.0, std::ceil(old->instances() * scale.by - kRounding));
    if (instances > std::numeric_limits<int32_t>::max()) {
      return InvalidAt("/scaleBy", "makes more instances of " + old->id() + " than can be counted");
    }
    AppSpec app = *old;
    app.set_instances(static_cast<uint32_t>(instances));
    auto problems = ValidateApp(app, change.DefaultsFor(app.id()));
    if (!problems.empty()) return ApiError::Invalid(std::move(problems));
    if (auto refusal = change.PutApp(std::move(app))) return refusal;
  }
  return std::nullopt;
}

Refusal Apply(ChangeInProgress& change, const RollBackGroup& back) {
  if (!change.now().FindGroup(back.path)) return NoGroup(back.path);
  const std::optional<Catalog> past = change.before().At(back.version);
  if (!past || !past->FindGroup(back.path)) {
    return ApiError{422,
                    "Group " + back.path + " not available in version " + ShowTime(back.version),
                    {}, {}, {}};
  }
  Target target;
  target.old = true;
  past->ForEachGroupBeneath(back.path, [&](const GroupPtr& group) {
    target.groups[group->id()] = *group;
  });
  for (const AppPtr& app : AppsBeneath(*past, back.path)) target.apps.push_back(*app);
  return Place(change, back.path, std::move(target));
}

Refusal Apply(ChangeInProgress& change, const EnforceRole& enforce) {
  if (!IsTopLevel(enforce.path)) return InvalidAt("/", "Path needs to be top-level");
  const GroupPtr old = change.now().FindGroup(enforce.path);
  if (!old) return NoGroup(enforce.path);
  GroupSpec group = *old;
  group.set_enforce_role(enforce.enforce);
  return change.PutGroup(std::move(group));
}

Refusal Apply(ChangeInProgress& change, const DeleteGroup& remove) {
  if (!change.now().FindGroup(remove.path)) return NoGroup(remove.path);
  RemoveOthers(change, remove.path, Target());
  if (remove.path != "/") {
    change.RemoveGroup(remove.path);
    return std::nullopt;
  }
  GroupSpec root;
  root.set_id("/");
  return change.PutGroup(std::move(root));
}

Refusal Apply(ChangeInProgress& change, const UndoDeployment& undo) {
  const internal::DeploymentRecord& deployment = *undo.deployment;
  for (const internal::DeploymentChange& one : deployment.changes()) {
    change.Name(one.app());
    if (!one.has_before()) change.RemoveApp(one.app());
  }
  for (const internal::DeploymentChange& one : deployment.changes()) {
    if (!one.has_before()) continue;
    if (auto refusal = change.RevertApp(one.before())) return refusal;
  }
  return UndoGroups(change, deployment);
}

}  // namespace meseta::services
