#include "frameworks/services/model/changes.h"

#include <algorithm>
#include <utility>

#include "frameworks/services/model/change_in_progress.h"
#include "frameworks/services/model/paths.h"

namespace meseta::services {
namespace {

ApiError NoApp(const Path& path) { return ApiError::NotFound("App '" + path + "' does not exist"); }

// `json` with that id, which the URL may have given alone.
boost::json::object WithId(const boost::json::object& json, const Path& id) {
  boost::json::object complete = json;
  complete["id"] = id;
  return complete;
}

Refusal Apply(ChangeInProgress& change, const CreateApp& create) {
  const auto* id = create.app->if_contains("id");
  Defaults defaults = change.context().defaults;
  if (id && id->is_string()) {
    defaults = change.DefaultsFor(Canonical(std::string_view(id->get_string())));
  }
  Answer<AppSpec> app = ReadApp(*create.app, "/", defaults);
  if (!app.ok()) return app.error();
  if (change.before().FindApp(app->id())) {
    return ApiError{409, "An app with id [" + app->id() + "] already exists.", {}, {}, {}};
  }
  change.changed().created = true;
  return change.PutApp(std::move(*app));
}

Refusal PutOne(ChangeInProgress& change, const PutApps::One& one, const PutApps& put) {
  Path path;
  if (one.path) {
    path = *one.path;
  } else if (const auto* id = one.app->if_contains("id"); id && id->is_string()) {
    path = Canonical(std::string_view(id->get_string()));
  } else {
    return InvalidAt("/id", "error.path.missing");
  }
  const AppPtr old = change.now().FindApp(path);
  if (!old && !put.create) return NoApp(path);
  if (!old) change.changed().created = true;
  const Defaults defaults = change.DefaultsFor(path);
  const boost::json::object json = WithId(*one.app, path);
  Answer<AppSpec> app = old && put.partial ? PatchApp(*old, json, ParentOf(path), defaults)
                                           : ReadApp(json, ParentOf(path), defaults);
  if (!app.ok()) return app.error();
  return change.PutApp(std::move(*app));
}

Refusal Apply(ChangeInProgress& change, const PutApps& put) {
  for (const PutApps::One& one : put.apps) {
    if (auto refusal = PutOne(change, one, put)) return refusal;
  }
  return std::nullopt;
}

Refusal Apply(ChangeInProgress& change, const RollBackApp& back) {
  if (!change.now().FindApp(back.path)) return NoApp(back.path);
  const AppPtr app = change.now().FindVersion(back.path, back.version);
  if (!app) {
    return ApiError::NotFound("App '" + back.path + "' does not exist in version " +
                              ShowTime(back.version));
  }
  return change.RestoreApp(*app);
}

Refusal Apply(ChangeInProgress& change, const RestartApp& restart) {
  const AppPtr app = change.now().FindApp(restart.path);
  if (!app) return NoApp(restart.path);
  return change.PutApp(*app, true);
}

Refusal Apply(ChangeInProgress& change, const DeleteApp& remove) {
  if (!change.now().FindApp(remove.path)) return NoApp(remove.path);
  change.RemoveApp(remove.path);
  return std::nullopt;
}

Refusal Apply(ChangeInProgress& change, const ScaleDown& down) {
  for (const auto& [path, instances] : down.instances) {
    const AppPtr old = change.now().FindApp(path);
    if (!old) return NoApp(path);
    AppSpec app = *old;
    const auto fewer = static_cast<uint32_t>(instances.size());
    app.set_instances(app.instances() > fewer ? app.instances() - fewer : 0);
    if (auto refusal = change.PutApp(std::move(app))) return refusal;
  }
  change.changed().kill_first = down.instances;
  return std::nullopt;
}

}  // namespace

Answer<Changed> ApplyChange(const Catalog& catalog, const Change& change,
                            const ChangeContext& context) {
  ChangeInProgress progress(catalog, context);
  const Refusal refusal =
      std::visit([&](const auto& one) -> Refusal { return Apply(progress, one); }, change);
  if (refusal) return *refusal;
  return progress.Finish();
}

}  // namespace meseta::services
