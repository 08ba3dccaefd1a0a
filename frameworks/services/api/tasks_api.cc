// /v2/tasks, and what removes tasks.
#include <map>
#include <set>
#include <utility>

#include "frameworks/services/api/call.h"
#include "frameworks/services/instances/instance_core.h"
#include "frameworks/services/model/paths.h"
#include "frameworks/services/view/json_values.h"

namespace meseta::services {
namespace {

http::Response KilledAnswer(const SnapshotPtr& snapshot, const std::vector<InstancePtr>& instances,
                            bool one) {
  std::string body;
  JsonWriter writer(&body);
  writer.BeginObject();
  writer.Key(one ? "task" : "tasks");
  if (!one) writer.BeginArray();
  for (const InstancePtr& instance : instances) {
    RenderTask(*snapshot, *instance, nullptr, writer);
  }
  if (!one) writer.EndArray();
  writer.EndObject();
  return http::Response::Json(std::move(body));
}

}  // namespace

void DeleteTasks(const Call& call, const std::vector<InstancePtr>& instances, bool one) {
  const bool scale = FlagOf(call.request, "scale");
  const bool wipe = FlagOf(call.request, "wipe");
  if (scale && wipe) return call.Refuse(400, "You cannot use scale and wipe at the same time.");
  if (scale) {
    ScaleDown down;
    for (const InstancePtr& instance : instances) {
      down.instances[instance->app()].push_back(instance->id());
    }
    return call.Change(std::move(down), false,
                       [](const WriteDone& done) { return DeploymentAnswer(done); });
  }
  KillInstances kill;
  kill.wipe = wipe;
  for (const InstancePtr& instance : instances) kill.instances.push_back(instance->id());
  call.Ask(std::move(kill), [snapshot = call.snapshot, instances, one](const WriteDone&) {
    return KilledAnswer(snapshot, instances, one);
  });
}

void HandleTasks(const Call& call) {
  if (!call.below.empty()) return call.Refuse(404, "URI not found");
  if (call.request.method != "GET") return call.MethodNotAllowed("GET");
  std::set<std::string> states;
  for (const std::string& status : ListOf(call.request, "status")) states.insert(status);
  std::string body;
  JsonWriter writer(&body);
  writer.BeginObject();
  writer.Key("tasks");
  writer.BeginArray();
  AppPtr app;  // Of the instances at hand: they come app by app.
  call.snapshot->instances.ForEach([&](const std::string&, const InstancePtr& instance) {
    const bool running = instance->condition() == Instance::RUNNING;
    if (!states.empty() && !states.count(running ? "running" : "staging")) return;
    if (app == nullptr || app->id() != instance->app()) {
      app = call.snapshot->catalog.FindApp(instance->app());
    }
    RenderTask(*call.snapshot, *instance, app.get(), writer);
  });
  writer.EndArray();
  writer.EndObject();
  call.SendJson(std::move(body));
}

void HandleTasksDelete(const Call& call) {
  if (call.request.method != "POST") return call.MethodNotAllowed("POST");
  Answer<JsonObjectPtr> body = ParseObject(call.request);
  if (!body.ok()) return call.Refuse(body.error());
  const auto* ids = (*body)->if_contains("ids");
  if (ids == nullptr || !ids->is_array()) {
    ApiError error;
    error.message = "Invalid JSON";
    error.details = {{"/ids", {ids ? "error.expected.jsarray" : "error.path.missing"}}};
    return call.Refuse(error);
  }
  std::set<std::string> wanted;
  for (const boost::json::value& id : ids->get_array()) {
    const std::string text = id.is_string() ? std::string(id.get_string()) : "";
    const auto instance = InstanceOfTask(text);
    if (!instance) return call.Refuse(400, "Invalid task id '" + text + "'");
    wanted.insert(*instance);
  }
  std::vector<InstancePtr> found;
  call.snapshot->instances.ForEach([&](const std::string&, const InstancePtr& instance) {
    if (wanted.count(instance->id())) found.push_back(instance);
  });
  DeleteTasks(call, found, false);
}

}  // namespace meseta::services
