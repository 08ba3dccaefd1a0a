// /v2/groups and what is below it.
#include <utility>

#include "frameworks/services/api/call.h"
#include "frameworks/services/model/paths.h"
#include "frameworks/services/view/json_values.h"

namespace meseta::services {
namespace {

http::Response PlanAnswer(const WriteDone& done) {
  std::string body;
  JsonWriter writer(&body);
  writer.BeginObject();
  writer.Key("steps");
  RenderSteps(*done.plan, writer);
  writer.EndObject();
  return http::Response::Json(std::move(body));
}

void ShowGroup(const Call& call, const Path& path, const Snapshot& snapshot) {
  if (snapshot.catalog.FindGroup(path) == nullptr) {
    return call.Refuse(404, "Group '" + path + "' does not exist");
  }
  std::string body;
  JsonWriter writer(&body);
  RenderGroup(snapshot, path, GroupEmbedOf(call.request), call.now_ms, writer);
  call.SendJson(std::move(body));
}

void ShowApps(const Call& call, const Path& path) {
  if (call.snapshot->catalog.FindGroup(path) == nullptr) {
    return call.Refuse(404, "Group '" + path + "' does not exist");
  }
  std::string body;
  JsonWriter writer(&body);
  writer.BeginObject();
  writer.Key("apps");
  writer.BeginArray();
  const AppEmbed embed = AppEmbedOf(call.request, AppEmbed());
  call.snapshot->catalog.ForEachAppBeneath(path, [&](const AppPtr& app) {
    RenderApp(*call.snapshot, *app, embed, call.now_ms, writer);
  });
  writer.EndArray();
  writer.EndObject();
  call.SendJson(std::move(body));
}

void ShowVersions(const Call& call, const Path& path) {
  if (call.snapshot->catalog.FindGroup(path) == nullptr) {
    return call.Refuse(404, "Group '" + path + "' does not exist");
  }
  std::string body;
  JsonWriter writer(&body);
  writer.BeginArray();
  for (const VersionMs version : call.snapshot->catalog.GroupVersionsOf(path)) {
    writer.String(ShowTime(version));
  }
  writer.EndArray();
  call.SendJson(std::move(body));
}

void ShowVersion(const Call& call, const Path& path, const std::string& version) {
  auto catalog = call.snapshot->catalog.At(ParseTime(version));
  if (!catalog || catalog->FindGroup(path) == nullptr) {
    return call.Refuse(404, "Group '" + path + "' does not exist in version " + version);
  }
  Snapshot then = *call.snapshot;
  then.catalog = *std::move(catalog);
  ShowGroup(call, path, then);
}

void Create(const Call& call, const Path& base) {
  Answer<JsonObjectPtr> group = ParseObject(call.request);
  if (!group.ok()) return call.Refuse(group.error());
  call.Change(CreateGroup{base, *group}, false, [](const WriteDone& done) {
    return done.deployment_id.empty() && done.plan ? PlanAnswer(done) : DeploymentAnswer(done, 201);
  });
}

// A body of {"version"} or {"scaleBy"} alone asks for that; any other is the group's definition.
Answer<Change> ChangeOf(const Path& path, const JsonObjectPtr& group) {
  if (group->size() == 1) {
    if (const auto* version = group->if_contains("version"); version && version->is_string()) {
      return Change(RollBackGroup{path, ParseTime(std::string_view(version->get_string()))});
    }
    if (const auto* by = group->if_contains("scaleBy")) {
      if (!by->is_number()) {
        ApiError error;
        error.message = "Invalid JSON";
        error.details = {{"/scaleBy", {"error.expected.jsnumber"}}};
        return error;
      }
      return Change(ScaleGroup{path, by->to_number<double>()});
    }
  }
  return Change(PutGroup{path, group});
}

void Put(const Call& call, const Path& path) {
  Answer<JsonObjectPtr> group = ParseObject(call.request);
  if (!group.ok()) return call.Refuse(group.error());
  Answer<Change> change = ChangeOf(path, *group);
  if (!change.ok()) return call.Refuse(change.error());
  const bool dry_run = FlagOf(call.request, "dryRun");
  call.Change(*std::move(change), false, [dry_run](const WriteDone& done) {
    return dry_run ? PlanAnswer(done) : DeploymentAnswer(done, done.created ? 201 : 200);
  });
}

void Patch(const Call& call, const Path& path) {
  Answer<JsonObjectPtr> group = ParseObject(call.request);
  if (!group.ok()) return call.Refuse(group.error());
  const auto* enforce = (*group)->if_contains("enforceRole");
  if (enforce == nullptr || !enforce->is_bool()) {
    ApiError error;
    error.message = "Invalid JSON";
    error.details = {{"/enforceRole", {"error.expected.jsboolean"}}};
    return call.Refuse(error);
  }
  call.Change(EnforceRole{path, enforce->get_bool()}, false,
              [](const WriteDone&) { return http::Response::Json("", 200); });
}

}  // namespace

void HandleGroups(const Call& call) {
  const std::string& method = call.request.method;
  std::string below = call.below;
  if (method == "GET") {
    if (below == "/apps" || below.ends_with("/apps")) {
      const Path group = Canonical(below.substr(0, below.size() - 5));
      if (call.snapshot->catalog.FindGroup(Canonical(below)) == nullptr) {
        return ShowApps(call, group);
      }
    }
    if (below.ends_with("/versions")) {
      return ShowVersions(call, Canonical(below.substr(0, below.size() - 9)));
    }
    if (const size_t at = below.rfind("/versions/"); at != std::string::npos) {
      return ShowVersion(call, Canonical(below.substr(0, at)), below.substr(at + 10));
    }
    return ShowGroup(call, Canonical(below), *call.snapshot);
  }
  const Path path = Canonical(below);
  if (method == "POST") return Create(call, path);
  if (method == "PUT") return Put(call, path);
  if (method == "PATCH") return Patch(call, path);
  if (method == "DELETE") {
    return call.Change(DeleteGroup{path}, false,
                       [](const WriteDone& done) { return DeploymentAnswer(done); });
  }
  call.MethodNotAllowed("GET, POST, PUT, PATCH, DELETE");
}

}  // namespace meseta::services
