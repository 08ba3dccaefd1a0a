#include "frameworks/services/model/catalog.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "frameworks/services/model/app_json.h"
#include "frameworks/services/model/paths.h"

namespace meseta::services {
namespace {

GroupPtr NewGroup(const Path& path, VersionMs version) {
  auto group = std::make_shared<GroupSpec>();
  group->set_id(path);
  group->set_version(version);
  return group;
}

// Calls visit(value) for `group` and all beneath it, in order of path.
template <class Value, class Visit>
void VisitBeneath(const SharedMap<Path, Value>& map, const Path& group, const Visit& visit) {
  if (group == "/") return map.ForEach([&](const Path&, const Value& value) { visit(value); });
  if (const Value* itself = map.Find(group)) visit(*itself);
  const Path prefix = group + "/";
  map.ForEachFrom(prefix, [&](const Path& path, const Value& value) {
    if (path.compare(0, prefix.size(), prefix) != 0) return false;
    visit(value);
    return true;
  });
}

bool SameApp(const AppPtr& a, const AppPtr& b) {
  return a == b ||
         (a->version() == b->version() && a->last_scaling_at() == b->last_scaling_at() &&
          a->last_config_change_at() == b->last_config_change_at() && SameDefinition(*a, *b));
}

bool SameGroup(const GroupPtr& a, const GroupPtr& b) {
  return a == b || a->SerializeAsString() == b->SerializeAsString();
}

// Calls f(path, before, after) for each app that differs; null where there is none.
template <class F>
void ForEachChangedApp(const SharedMap<Path, AppPtr>& before, const SharedMap<Path, AppPtr>& after,
                       const F& f) {
  SharedMap<Path, AppPtr>::ForEachUnshared(
      before, after, [&](const Path& path, const AppPtr* old_app, const AppPtr* new_app) {
        if (old_app != nullptr && new_app != nullptr && SameApp(*old_app, *new_app)) return;
        f(path, old_app, new_app);
      });
}

bool ChangesBeneath(const internal::ChangeRecord& change, const Path& group) {
  for (const auto& app : change.apps()) {
    if (IsBeneath(app.app(), group)) return true;
  }
  for (const GroupSpec& before : change.groups_before()) {
    if (IsBeneath(before.id(), group)) return true;
  }
  for (const std::string& added : change.groups_added()) {
    if (IsBeneath(added, group)) return true;
  }
  return false;
}

std::optional<VersionMs> FirstKey(const SharedMap<VersionMs, ChangePtr>& changes) {
  std::optional<VersionMs> first;
  changes.ForEachFrom(std::numeric_limits<VersionMs>::min(),
                      [&](VersionMs version, const ChangePtr&) {
                        first = version;
                        return false;
                      });
  return first;
}

}  // namespace

Catalog::Catalog() { groups_.Set("/", NewGroup("/", 0)); }

AppPtr Catalog::FindApp(const Path& path) const {
  const AppPtr* app = apps_.Find(path);
  return app == nullptr ? nullptr : *app;
}

GroupPtr Catalog::FindGroup(const Path& path) const {
  const GroupPtr* group = groups_.Find(path);
  return group == nullptr ? nullptr : *group;
}

void Catalog::ForEachApp(const std::function<void(const AppPtr&)>& visit) const {
  apps_.ForEach([&](const Path&, const AppPtr& app) { visit(app); });
}

void Catalog::ForEachAppBeneath(const Path& group,
                                const std::function<void(const AppPtr&)>& visit) const {
  VisitBeneath(apps_, group, visit);
}

void Catalog::ForEachGroupBeneath(const Path& group,
                                  const std::function<void(const GroupPtr&)>& visit) const {
  VisitBeneath(groups_, group, visit);
}

// ---- changes

void Catalog::Own() {
  if (!share_mark_.Take()) return;
  // The copies are of no use: what counts is that nothing older is changed in place from now on.
  (void)apps_.Freeze();
  (void)groups_.Freeze();
  (void)versions_.Freeze();
  (void)changes_.Freeze();
  (void)service_ports_.Freeze();
}

void Catalog::CountPorts(const AppSpec& app, int by) {
  for (const uint32_t port : ServicePortsOf(app)) {
    if (port == 0) continue;
    const int* count = service_ports_.Find(port);
    const int now = (count == nullptr ? 0 : *count) + by;
    if (now > 0) {
      service_ports_.Set(port, now);
    } else {
      service_ports_.Erase(port);
    }
  }
}

void Catalog::SetApp(AppPtr app) {
  if (const AppPtr* before = apps_.Find(app->id())) CountPorts(**before, -1);
  CountPorts(*app, +1);
  const Path& path = app->id();
  apps_.Set(path, std::move(app));
}

void Catalog::EraseApp(const Path& path) {
  const AppPtr* app = apps_.Find(path);
  if (app == nullptr) return;
  CountPorts(**app, -1);
  apps_.Erase(path);
}

void Catalog::AddParents(const Path& path, VersionMs version) {
  for (Path parent = ParentOf(path); groups_.Find(parent) == nullptr; parent = ParentOf(parent)) {
    groups_.Set(parent, NewGroup(parent, version));
  }
}

void Catalog::PutApp(AppPtr app) {
  Own();
  AddParents(app->id(), app->version());
  AddVersion(app->id(), app);
  SetApp(std::move(app));
}

void Catalog::RemoveApp(const Path& path) {
  Own();
  EraseApp(path);
  versions_.Erase(path);
}

void Catalog::PutGroup(GroupPtr group) {
  Own();
  AddParents(group->id(), group->version());
  const Path& path = group->id();
  groups_.Set(path, std::move(group));
}

void Catalog::RemoveGroup(const Path& path) {
  if (path == "/") return;  // There is always a root.
  Own();
  groups_.Erase(path);
}

// ---- versions

void Catalog::AddVersion(const Path& path, AppPtr version) {
  Own();
  const auto* known = versions_.Find(path);
  auto versions =
      known == nullptr ? std::make_shared<AppVersions>() : std::make_shared<AppVersions>(**known);
  if (!versions->empty() && versions->back()->version() == version->version()) versions->pop_back();
  versions->push_back(std::move(version));
  if (versions->size() > kMaxVersions) versions->erase(versions->begin());
  versions_.Set(path, std::move(versions));
}

AppPtr Catalog::FindVersion(const Path& path, VersionMs version) const {
  const auto* versions = versions_.Find(path);
  if (versions == nullptr) return nullptr;
  const auto it = std::find_if((*versions)->begin(), (*versions)->end(),
                               [&](const AppPtr& app) { return app->version() == version; });
  return it == (*versions)->end() ? nullptr : *it;
}

std::vector<VersionMs> Catalog::VersionsOf(const Path& path) const {
  std::vector<VersionMs> found;
  if (const auto* versions = versions_.Find(path)) {
    for (const AppPtr& app : **versions) found.push_back(app->version());
  }
  std::reverse(found.begin(), found.end());
  return found;
}

std::vector<VersionMs> Catalog::GroupVersionsOf(const Path& group) const {
  std::vector<VersionMs> found;
  changes_.ForEach([&](VersionMs version, const ChangePtr& change) {
    if (ChangesBeneath(*change, group)) found.push_back(version);
  });
  std::reverse(found.begin(), found.end());
  return found;
}

void Catalog::Undo(const internal::ChangeRecord& change) {
  for (const std::string& added : change.groups_added()) groups_.Erase(added);
  for (const GroupSpec& before : change.groups_before()) {
    groups_.Set(before.id(), std::make_shared<GroupSpec>(before));
  }
  for (const auto& app : change.apps()) {
    if (app.has_before()) {
      SetApp(std::make_shared<AppSpec>(app.before()));
    } else {
      EraseApp(app.app());
    }
  }
}

std::optional<Catalog> Catalog::At(VersionMs version) const {
  const std::optional<VersionMs> oldest = FirstKey(changes_);
  if (!oldest || version < *oldest) return std::nullopt;
  std::vector<ChangePtr> later;
  changes_.ForEachFrom(version + 1, [&](VersionMs, const ChangePtr& change) {
    later.push_back(change);
    return true;
  });
  Catalog then = *this;
  then.Own();
  for (auto change = later.rbegin(); change != later.rend(); ++change) {
    then.Undo(**change);
    then.changes_.Erase((*change)->version());
  }
  return then;
}

ChangePtr Catalog::RecordChange(const Catalog& before, VersionMs version) {
  auto change = std::make_shared<internal::ChangeRecord>();
  change->set_version(version);
  ForEachChangedApp(before.apps_, apps_,
                    [&](const Path& path, const AppPtr* old_app, const AppPtr*) {
                      internal::DeploymentChange* app = change->add_apps();
                      app->set_app(path);
                      if (old_app != nullptr) *app->mutable_before() = **old_app;
                    });
  SharedMap<Path, GroupPtr>::ForEachUnshared(
      before.groups_, groups_,
      [&](const Path& path, const GroupPtr* old_group, const GroupPtr* new_group) {
        if (old_group == nullptr) {
          change->add_groups_added(path);
        } else if (new_group == nullptr || !SameGroup(*old_group, *new_group)) {
          *change->add_groups_before() = **old_group;
        }
      });
  AddChange(change);
  return change;
}

void Catalog::AddChange(ChangePtr change) {
  Own();
  const VersionMs version = change->version();
  changes_.Set(version, std::move(change));
  if (changes_.size() > kMaxChanges) changes_.Erase(*FirstKey(changes_));
}

std::vector<Path> Catalog::AppsChangedSince(const Catalog& before) const {
  std::vector<Path> changed;
  ForEachChangedApp(before.apps_, apps_, [&](const Path& path, const AppPtr*, const AppPtr*) {
    changed.push_back(path);
  });
  return changed;
}

bool Catalog::IsServicePortUsed(uint32_t port) const {
  return service_ports_.Find(port) != nullptr;
}

std::vector<uint32_t> ServicePortsOf(const AppSpec& app) {
  std::vector<uint32_t> ports;
  for (const auto& definition : app.port_definitions()) ports.push_back(definition.port());
  for (const auto& mapping : app.container().port_mappings())
    ports.push_back(mapping.service_port());
  return ports;
}

std::vector<Path> ChangedApps(const Catalog& before, const Catalog& after) {
  return after.AppsChangedSince(before);
}

}  // namespace meseta::services
