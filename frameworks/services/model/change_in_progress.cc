#include "frameworks/services/model/change_in_progress.h"

#include <algorithm>
#include <utility>

#include "frameworks/services/model/dependencies.h"
#include "frameworks/services/model/paths.h"

namespace meseta::services {
namespace {

constexpr char kCyclic[] = "Dependency graph has cyclic dependencies.";

// "/shop" of "/shop/web/a"; of "/", and of an app in the root, "/".
Path TopGroupOf(const Path& app) {
  const size_t slash = app.find('/', 1);
  return slash == std::string::npos ? "/" : app.substr(0, slash);
}

bool Enforces(const Catalog& catalog, const Path& top) {
  const GroupPtr group = top == "/" ? nullptr : catalog.FindGroup(top);
  return group && group->enforce_role();
}

bool HasAppsBeneath(const Catalog& catalog, const Path& group) {
  bool any = false;
  catalog.ForEachAppBeneath(group, [&](const AppPtr&) { any = true; });
  return any;
}


template <class Visit>
void ForEachServicePort(AppSpec* app, Visit visit) {
  for (auto& port : *app->mutable_port_definitions()) {
    uint32_t value = port.port();
    if (visit(&value)) port.set_port(value);
  }
  if (!app->has_container()) return;
  for (auto& port : *app->mutable_container()->mutable_port_mappings()) {
    uint32_t value = port.service_port();
    if (visit(&value)) port.set_service_port(value);
  }
}

void SetVersions(AppSpec* app, VersionMs version, VersionMs scaling, VersionMs config) {
  app->set_version(version);
  app->set_last_scaling_at(scaling);
  app->set_last_config_change_at(config);
}

}  // namespace

ApiError InvalidAt(std::string path, std::string problem) {
  return ApiError::Invalid({{std::move(path), {std::move(problem)}}});
}

ChangeInProgress::ChangeInProgress(const Catalog& before, const ChangeContext& context)
    : before_(before), context_(context), next_port_(context.defaults.local_port_min) {
  changed_.catalog = before;
}

Defaults ChangeInProgress::DefaultsFor(const Path& app) const {
  Defaults defaults = context_.defaults;
  const Path top = TopGroupOf(app);
  if (Enforces(now(), top)) defaults.role = top.substr(1);
  return defaults;
}

Refusal ChangeInProgress::CheckPlace(const Path& path) {
  if (now().FindGroup(path)) {
    if (HasAppsBeneath(now(), path)) return InvalidAt("/", kSameName);
    // A group that holds nothing makes room.
    std::vector<Path> groups;
    now().ForEachGroupBeneath(path, [&](const GroupPtr& group) { groups.push_back(group->id()); });
    std::sort(groups.rbegin(), groups.rend());
    for (const Path& group : groups) RemoveGroup(group);
  }
  for (Path above = ParentOf(path); above != "/"; above = ParentOf(above)) {
    if (now().FindApp(above)) return InvalidAt("/", kSameName);
  }
  return std::nullopt;
}

// An app may have the operator's role, unless its top-level group enforces its own, and keep the one
// it has.
Refusal ChangeInProgress::CheckRole(const AppSpec& app, const AppPtr& old) const {
  const Path top = TopGroupOf(app.id());
  std::vector<std::string> valid;
  if (top == "/" || !Enforces(now(), top)) valid.push_back(context_.defaults.role);
  if (top != "/") valid.push_back(top.substr(1));
  if (old && std::find(valid.begin(), valid.end(), old->role()) == valid.end()) {
    valid.push_back(old->role());
  }
  std::string list;
  for (const std::string& role : valid) {
    if (app.role() == role) return std::nullopt;
    list += (list.empty() ? "" : ", ") + role;
  }
  return InvalidAt("/role", "got " + app.role() + ", expected one of: [" + list + "]");
}

// Ports of the range that others have by now are to be given anew.
void ChangeInProgress::GiveUpTakenPorts(AppSpec* app, const AppPtr& old) const {
  const std::vector<uint32_t> own = old ? ServicePortsOf(*old) : std::vector<uint32_t>();
  ForEachServicePort(app, [&](uint32_t* port) {
    const bool automatic = *port >= context_.defaults.local_port_min &&
                           *port <= context_.defaults.local_port_max;
    if (!automatic || !now().IsServicePortUsed(*port)) return false;
    if (std::find(own.begin(), own.end(), *port) != own.end()) return false;
    *port = 0;
    return true;
  });
}

Refusal ChangeInProgress::AssignServicePorts(AppSpec* app, const AppPtr& old) {
  const uint32_t low = context_.defaults.local_port_min;
  const uint32_t high = context_.defaults.local_port_max;
  const std::vector<uint32_t> asked = ServicePortsOf(*app);
  if (std::find(asked.begin(), asked.end(), 0U) == asked.end()) return std::nullopt;
  std::vector<uint32_t> kept;  // What it had and nobody asks for by number.
  for (const uint32_t port : old ? ServicePortsOf(*old) : std::vector<uint32_t>()) {
    if (port >= low && port <= high &&
        std::find(asked.begin(), asked.end(), port) == asked.end()) {
      kept.push_back(port);
    }
  }
  auto next_kept = kept.begin();
  bool exhausted = false;
  ForEachServicePort(app, [&](uint32_t* port) {
    if (*port != 0) return false;
    if (next_kept != kept.end()) {
      *port = *next_kept++;
      return true;
    }
    while (next_port_ <= high &&
           (before_.IsServicePortUsed(next_port_) || now().IsServicePortUsed(next_port_) ||
            std::find(asked.begin(), asked.end(), next_port_) != asked.end())) {
      ++next_port_;
    }
    if (next_port_ > high) {
      exhausted = true;
      return false;
    }
    *port = next_port_++;
    return true;
  });
  if (!exhausted) return std::nullopt;
  return ApiError{422,
                  "All ports in the range [" + std::to_string(low) + "-" + std::to_string(high) +
                      ") are already in use",
                  {}, {}, {}};
}

void ChangeInProgress::Put(AppSpec app) {
  put_.insert(app.id());
  RaiseVersions(ParentOf(app.id()));
  changed_.catalog.PutApp(std::make_shared<const AppSpec>(std::move(app)));
}

Refusal ChangeInProgress::PutApp(AppSpec app, bool restart) {
  const AppPtr old = now().FindApp(app.id());
  if (auto refusal = CheckPlace(app.id())) return refusal;
  if (auto refusal = CheckRole(app, old)) return refusal;
  if (auto refusal = AssignServicePorts(&app, old)) return refusal;
  const VersionMs version = context_.version;
  if (old == nullptr || NeedsRestart(*old, app)) {
    SetVersions(&app, version, version, version);
  } else if (!SameDefinition(*old, app)) {
    SetVersions(&app, version, version, restart ? version : old->last_config_change_at());
  } else if (restart) {
    SetVersions(&app, version, old->last_scaling_at(), version);
  } else {
    return std::nullopt;
  }
  Put(std::move(app));
  return std::nullopt;
}

Refusal ChangeInProgress::RestoreApp(AppSpec app) {
  GiveUpTakenPorts(&app, now().FindApp(app.id()));
  return PutApp(std::move(app));
}

Refusal ChangeInProgress::RevertApp(const AppSpec& before) {
  const AppPtr old = now().FindApp(before.id());
  if (old && SameDefinition(*old, before)) return std::nullopt;
  AppSpec app = before;
  GiveUpTakenPorts(&app, old);
  if (auto refusal = CheckPlace(app.id())) return refusal;
  if (auto refusal = AssignServicePorts(&app, old)) return refusal;
  VersionMs config = before.last_config_change_at();
  if (old && !NeedsRestart(*old, app)) config = old->last_config_change_at();
  else if (NeedsRestart(before, app)) config = context_.version;  // It has other ports.
  SetVersions(&app, context_.version, context_.version, config);
  Put(std::move(app));
  return std::nullopt;
}

void ChangeInProgress::RemoveApp(const Path& path) {
  if (!now().FindApp(path)) return;
  put_.insert(path);
  changed_.catalog.RemoveApp(path);
  RaiseVersions(ParentOf(path));
}

Refusal ChangeInProgress::PutGroup(GroupSpec group) {
  const Path path = group.id();
  if (now().FindApp(path)) return InvalidAt("/", kSameName);
  for (Path above = ParentOf(path); above != "/"; above = ParentOf(above)) {
    if (now().FindApp(above)) return InvalidAt("/", kSameName);
  }
  const GroupPtr old = now().FindGroup(path);
  const bool same_dependencies =
      old && std::equal(old->dependencies().begin(), old->dependencies().end(),
                        group.dependencies().begin(), group.dependencies().end());
  if (same_dependencies && old->enforce_role() == group.enforce_role()) return std::nullopt;
  if (!same_dependencies) regrouped_.insert(path);
  group.set_version(context_.version);
  raised_.insert(path);
  changed_.catalog.PutGroup(std::make_shared<const GroupSpec>(std::move(group)));
  if (path != "/") RaiseVersions(ParentOf(path));
  return std::nullopt;
}

void ChangeInProgress::RemoveGroup(const Path& path) {
  if (path == "/" || !now().FindGroup(path)) return;
  changed_.catalog.RemoveGroup(path);
  raised_.erase(path);
  RaiseVersions(ParentOf(path));
}

// Groups show the version of the last change beneath them; those that are missing are made.
void ChangeInProgress::RaiseVersions(const Path& path) {
  for (Path above = path;; above = ParentOf(above)) {
    const GroupPtr old = now().FindGroup(above);
    if (!old || raised_.insert(above).second) {
      raised_.insert(above);
      GroupSpec group = old ? *old : GroupSpec();
      group.set_id(above);
      group.set_version(context_.version);
      changed_.catalog.PutGroup(std::make_shared<const GroupSpec>(std::move(group)));
    }
    if (above == "/") return;
  }
}

Answer<Changed> ChangeInProgress::Finish() {
  std::set<Path> differing = named_;
  std::set<Path> ranked;
  for (const Path& path : put_) {
    const AppPtr app = now().FindApp(path);
    if (app != before_.FindApp(path)) differing.insert(path);
    if (app) ranked.insert(path);
  }
  for (const Path& group : regrouped_) {
    now().ForEachAppBeneath(group, [&](const AppPtr& app) { ranked.insert(app->id()); });
  }
  if (RankDependencies(now(), {ranked.begin(), ranked.end()}).cyclic) {
    return InvalidAt("/", kCyclic);
  }
  changed_.apps.assign(differing.begin(), differing.end());
  return std::move(changed_);
}

}  // namespace meseta::services
