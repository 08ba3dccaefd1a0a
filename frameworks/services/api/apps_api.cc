// /v2/apps and what is below it.
#include <algorithm>
#include <utility>

#include "frameworks/services/api/call.h"
#include "frameworks/services/model/paths.h"
#include "frameworks/services/view/json_values.h"

namespace meseta::services {
namespace {

constexpr AppEmbed kWhole{true, true, true, true, true, false};

bool ContainsIgnoringCase(const std::string& text, const std::string& part) {
  const auto same = [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) ==
           std::tolower(static_cast<unsigned char>(b));
  };
  return std::search(text.begin(), text.end(), part.begin(), part.end(), same) != text.end();
}

void ListApps(const Call& call) {
  const auto& query = call.request.query;
  std::optional<LabelSelector> selector;
  if (const auto label = query.find("label"); label != query.end()) {
    Answer<LabelSelector> parsed = LabelSelector::Parse(label->second);
    if (!parsed.ok()) return call.Refuse(parsed.error());
    selector = *std::move(parsed);
  }
  const auto cmd = query.find("cmd");
  const auto id = query.find("id");
  const AppEmbed embed = AppEmbedOf(call.request, AppEmbed());
  std::string body;
  JsonWriter writer(&body);
  writer.BeginObject();
  writer.Key("apps");
  writer.BeginArray();
  call.snapshot->catalog.ForEachApp([&](const AppPtr& app) {
    if (cmd != query.end() && app->cmd().find(cmd->second) == std::string::npos) return;
    if (id != query.end() && !ContainsIgnoringCase(app->id(), id->second)) return;
    if (selector && !selector->Matches(*app)) return;
    RenderApp(*call.snapshot, *app, embed, call.now_ms, writer);
  });
  writer.EndArray();
  writer.EndObject();
  call.SendJson(std::move(body));
}

void CreateOne(const Call& call) {
  Answer<JsonObjectPtr> app = ParseObject(call.request);
  if (!app.ok()) return call.Refuse(app.error());
  call.Change(CreateApp{*app}, false, [](const WriteDone& done) {
    if (done.app == nullptr) return ErrorAnswer(500, "The app was made but cannot be shown");
    std::string body;
    JsonWriter writer(&body);
    RenderNewApp(*done.app, done.deployment_id, writer);
    http::Response response = http::Response::Json(std::move(body), 201);
    response.headers.Set("Location", "/v2/apps" + done.app->id());
    response.headers.Set("Marathon-Deployment-Id", done.deployment_id);
    return response;
  });
}

void PutMany(const Call& call, bool create) {
  Answer<boost::json::value> body = ParseBody(call.request);
  if (!body.ok()) return call.Refuse(body.error());
  if (!body->is_array()) {
    ApiError error;
    error.message = "Invalid JSON";
    error.details = {{"/", {"error.expected.jsarray"}}};
    return call.Refuse(error);
  }
  PutApps put;
  put.create = create;
  put.partial = !create || FlagOf(call.request, "partialUpdate", true);
  for (boost::json::value& app : body->get_array()) {
    if (!app.is_object()) {
      ApiError error;
      error.message = "Invalid JSON";
      error.details = {{"(" + std::to_string(put.apps.size()) + ")", {"error.expected.jsobject"}}};
      return call.Refuse(error);
    }
    put.apps.push_back(
        {std::nullopt, std::make_shared<const boost::json::object>(std::move(app.get_object()))});
  }
  call.Change(std::move(put), false, [](const WriteDone& done) { return DeploymentAnswer(done); });
}

// {"version": V}, with or without "id": the app as it was then.
std::optional<Answer<VersionMs>> VersionOnly(const boost::json::object& app) {
  const auto* version = app.if_contains("version");
  if (version == nullptr || !version->is_string()) return std::nullopt;
  const bool alone = app.size() == 1 || (app.size() == 2 && app.contains("id"));
  if (!alone) {
    // What was read from GET and is sent back carries its version: only one that is nothing else asks
    // for the past.
    return std::nullopt;
  }
  const VersionMs ms = ParseTime(std::string_view(version->get_string()));
  if (ms == 0) {
    return Answer<VersionMs>(ApiError::Invalid({{"/version", {"error.expected.date.isoformat"}}}));
  }
  return Answer<VersionMs>(ms);
}

http::Response UpdateAnswer(const WriteDone& done, const Path& path) {
  http::Response response = DeploymentAnswer(done, done.created ? 201 : 200);
  if (done.created) response.headers.Set("Location", "/v2/apps" + path);
  return response;
}

void PutOne(const Call& call, const Path& path, bool create) {
  Answer<JsonObjectPtr> app = ParseObject(call.request);
  if (!app.ok()) return call.Refuse(app.error());
  const auto render = [path](const WriteDone& done) { return UpdateAnswer(done, path); };
  if (create) {
    if (auto version = VersionOnly(**app)) {
      if (!version->ok()) return call.Refuse(version->error());
      return call.Change(RollBackApp{path, **version}, false, render);
    }
  }
  PutApps put;
  put.create = create;
  put.partial = !create || FlagOf(call.request, "partialUpdate", true);
  put.apps.push_back({path, *app});
  call.Change(std::move(put), false, render);
}

void ShowApp(const Call& call, const Path& path) {
  const AppPtr app = call.snapshot->catalog.FindApp(path);
  if (app == nullptr) return call.Refuse(404, "App '" + path + "' does not exist");
  std::string body;
  JsonWriter writer(&body);
  writer.BeginObject();
  writer.Key("app");
  AppEmbed always = kWhole;
  always.readiness = app->readiness_checks_size() > 0;
  RenderApp(*call.snapshot, *app, AppEmbedOf(call.request, always), call.now_ms, writer);
  writer.EndObject();
  call.SendJson(std::move(body));
}

// GET /v2/apps/{group}/*
void ShowBeneath(const Call& call, const Path& group) {
  std::string body;
  JsonWriter writer(&body);
  writer.BeginObject();
  writer.Key("*");
  writer.BeginArray();
  const AppEmbed embed = AppEmbedOf(call.request, AppEmbed());
  call.snapshot->catalog.ForEachAppBeneath(group, [&](const AppPtr& app) {
    RenderApp(*call.snapshot, *app, embed, call.now_ms, writer);
  });
  writer.EndArray();
  writer.EndObject();
  call.SendJson(std::move(body));
}

std::vector<InstancePtr> InstancesBeneath(const Call& call, const Path& group) {
  std::vector<InstancePtr> all;
  call.snapshot->catalog.ForEachAppBeneath(group, [&](const AppPtr& app) {
    for (InstancePtr& instance : call.snapshot->InstancesOf(app->id())) {
      all.push_back(std::move(instance));
    }
  });
  return all;
}

void ListTasks(const Call& call, const std::vector<InstancePtr>& instances) {
  std::string body;
  JsonWriter writer(&body);
  writer.BeginObject();
  writer.Key("tasks");
  writer.BeginArray();
  for (const InstancePtr& instance : instances) {
    const AppPtr app = call.snapshot->catalog.FindApp(instance->app());
    RenderTask(*call.snapshot, *instance, app.get(), writer);
  }
  writer.EndArray();
  writer.EndObject();
  call.SendJson(std::move(body));
}

void HandleTasksOf(const Call& call, const Path& app, const std::string& task) {
  const bool beneath = app.ends_with("/*");
  const Path path = beneath ? Canonical(app.substr(0, app.size() - 2)) : app;
  if (!beneath && call.snapshot->catalog.FindApp(path) == nullptr) {
    return call.Refuse(404, "App '" + path + "' does not exist");
  }
  auto instances =
      beneath ? InstancesBeneath(call, path) : call.snapshot->InstancesOf(path);
  const std::string& method = call.request.method;
  if (method == "GET" && task.empty()) return ListTasks(call, instances);
  if (method != "DELETE") return call.MethodNotAllowed(task.empty() ? "GET, DELETE" : "DELETE");
  if (task.empty()) {
    if (const auto host = call.request.query.find("host"); host != call.request.query.end()) {
      std::erase_if(instances,
                    [&](const InstancePtr& instance) { return instance->host() != host->second; });
    }
    return DeleteTasks(call, instances, false);
  }
  std::erase_if(instances, [&](const InstancePtr& instance) {
    return instance->task_id() != task && instance->id() != task;
  });
  if (instances.empty()) return call.Refuse(404, "Task '" + task + "' does not exist");
  DeleteTasks(call, instances, true);
}

void HandleVersions(const Call& call, const Path& path, const std::string& version) {
  if (call.request.method != "GET") return call.MethodNotAllowed("GET");
  if (version.empty()) {
    const auto versions = call.snapshot->catalog.VersionsOf(path);
    if (versions.empty()) return call.Refuse(404, "App '" + path + "' does not exist");
    std::string body;
    JsonWriter writer(&body);
    writer.BeginObject();
    writer.Key("versions");
    writer.BeginArray();
    for (const VersionMs ms : versions) writer.String(ShowTime(ms));
    writer.EndArray();
    writer.EndObject();
    return call.SendJson(std::move(body));
  }
  const AppPtr app = call.snapshot->catalog.FindVersion(path, ParseTime(version));
  if (app == nullptr) {
    return call.Refuse(404, "App '" + path + "' does not exist in version " + version);
  }
  std::string body;
  JsonWriter writer(&body);
  RenderApp(*call.snapshot, *app, {false, false, false, false, false, false}, call.now_ms, writer);
  call.SendJson(std::move(body));
}

void HandleOne(const Call& call, const Path& path) {
  const std::string& method = call.request.method;
  if (method == "GET") return ShowApp(call, path);
  if (method == "PUT" || method == "PATCH") return PutOne(call, path, method == "PUT");
  if (method == "DELETE") {
    return call.Change(DeleteApp{path}, true,
                       [](const WriteDone& done) { return DeploymentAnswer(done); });
  }
  call.MethodNotAllowed("GET, PUT, PATCH, DELETE");
}

// Splits "/shop/web/tasks/t1" at the last "/<word>" that has at most one element behind it.
bool SplitAt(const std::string& below, const std::string& word, std::string* app,
             std::string* rest) {
  const std::string slashed = "/" + word;
  if (below.ends_with(slashed)) {
    *app = below.substr(0, below.size() - slashed.size());
    rest->clear();
    return true;
  }
  const size_t last = below.rfind('/');
  if (last == std::string::npos || !below.substr(0, last).ends_with(slashed)) return false;
  *app = below.substr(0, last - slashed.size());
  *rest = below.substr(last + 1);
  return true;
}

}  // namespace

void HandleApps(const Call& call) {
  const std::string& method = call.request.method;
  const std::string& below = call.below;
  if (below.empty()) {
    if (method == "GET") return ListApps(call);
    if (method == "POST") return CreateOne(call);
    if (method == "PUT" || method == "PATCH") return PutMany(call, method == "PUT");
    return call.MethodNotAllowed("GET, POST, PUT, PATCH");
  }
  std::string app;
  std::string rest;
  if (SplitAt(below, "restart", &app, &rest) && rest.empty()) {
    if (method != "POST") return call.MethodNotAllowed("POST");
    return call.Change(RestartApp{Canonical(app)}, false,
                       [](const WriteDone& done) { return DeploymentAnswer(done); });
  }
  if (SplitAt(below, "tasks", &app, &rest)) return HandleTasksOf(call, Canonical(app), rest);
  if (SplitAt(below, "versions", &app, &rest)) return HandleVersions(call, Canonical(app), rest);
  if (below.ends_with("/*")) {
    if (method != "GET") return call.MethodNotAllowed("GET");
    return ShowBeneath(call, Canonical(below.substr(0, below.size() - 2)));
  }
  HandleOne(call, Canonical(below));
}

}  // namespace meseta::services
