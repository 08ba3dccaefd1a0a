// /v2/deployments, /v2/queue, /v2/info, /v2/leader and /meseta/why.
#include <cstdlib>
#include <utility>

#include "actors/base/version.h"
#include "frameworks/services/api/call.h"
#include "frameworks/services/launch/explain.h"
#include "frameworks/services/model/paths.h"
#include "frameworks/services/view/json_values.h"

namespace meseta::services {
namespace {

// The API's number, which clients compare.
constexpr char kMarathonVersion[] = "1.11.24";

std::string FlagText(const Call& call, const std::string& name) {
  const auto found = call.api->flags.find(name);
  return found == call.api->flags.end() ? "" : found->second;
}

void WriteFlagNumber(const Call& call, std::string_view key, const std::string& flag,
                     JsonWriter& writer) {
  const std::string text = FlagText(call, flag);
  if (text.empty()) return;
  writer.Key(key);
  WriteNumber(std::strtod(text.c_str(), nullptr), writer);
}

void WriteConfig(const Call& call, JsonWriter& writer) {
  writer.BeginObject();
  WriteText("master", call.api->master, writer);
  WriteFlagNumber(call, "failover_timeout", "failover_timeout", writer);
  WriteText("framework_name", FlagText(call, "framework_name"), writer);
  WriteBool("ha", true, writer);
  WriteBool("checkpoint", true, writer);
  WriteFlagNumber(call, "local_port_min", "local_port_min", writer);
  WriteFlagNumber(call, "local_port_max", "local_port_max", writer);
  WriteText("executor", "//cmd", writer);
  WriteText("hostname", call.api->hostname, writer);
  WriteText("webui_url", FlagText(call, "webui_url"), writer);
  WriteText("mesos_role", FlagText(call, "mesos_role"), writer);
  WriteText("mesos_user", FlagText(call, "mesos_user"), writer);
  WriteFlagNumber(call, "task_launch_timeout", "task_launch_timeout", writer);
  WriteFlagNumber(call, "decline_offer_duration", "decline_offer_duration", writer);
  WriteFlagNumber(call, "max_instances_per_offer", "max_instances_per_offer", writer);
  writer.EndObject();
}

}  // namespace

void HandleDeployments(const Call& call) {
  const std::string& method = call.request.method;
  if (call.below.empty()) {
    if (method != "GET") return call.MethodNotAllowed("GET");
    std::string body;
    JsonWriter writer(&body);
    writer.BeginArray();
    call.snapshot->deployments.ForEach([&](const std::string&, const DeploymentPtr& deployment) {
      RenderDeployment(*call.snapshot, *deployment, writer);
    });
    writer.EndArray();
    return call.SendJson(std::move(body));
  }
  if (method != "DELETE") return call.MethodNotAllowed("DELETE");
  CancelDeployment cancel{call.below.substr(1), FlagOf(call.request, "force")};
  const bool force = cancel.force;
  call.Ask(std::move(cancel), [force](const WriteDone& done) {
    if (!force) return DeploymentAnswer(done);
    http::Response response;
    response.status = 202;
    return response;
  });
}

void HandleQueue(const Call& call) {
  const std::string& method = call.request.method;
  if (call.below.empty()) {
    if (method != "GET") return call.MethodNotAllowed("GET");
    bool offers = false;
    for (const std::string& embed : ListOf(call.request, "embed")) {
      offers |= embed == "lastUnusedOffers";
    }
    std::string body;
    JsonWriter writer(&body);
    writer.BeginObject();
    writer.Key("queue");
    writer.BeginArray();
    call.snapshot->waiting.ForEach([&](const Path&, const WaitingPtr& waiting) {
      if (waiting->count == 0) return;
      RenderQueueItem(*call.snapshot, *waiting, offers, call.now_ms, writer);
    });
    writer.EndArray();
    writer.EndObject();
    return call.SendJson(std::move(body));
  }
  if (!call.below.ends_with("/delay")) return call.Refuse(404, "URI not found");
  if (method != "DELETE") return call.MethodNotAllowed("DELETE");
  const Path app = Canonical(call.below.substr(0, call.below.size() - 6));
  call.Ask(ResetLaunchDelay{app}, [](const WriteDone&) {
    http::Response response;
    response.status = 204;
    return response;
  });
}

void HandleInfo(const Call& call) {
  if (call.request.method != "GET") return call.MethodNotAllowed("GET");
  std::string body;
  JsonWriter writer(&body);
  writer.BeginObject();
  WriteText("name", FlagText(call, "framework_name"), writer);
  WriteText("version", kMarathonVersion, writer);
  WriteText("buildref", "meseta", writer);
  WriteBool("elected", true, writer);
  WriteText("leader", call.api->address, writer);
  if (!call.snapshot->framework_id.empty()) {
    WriteText("frameworkId", call.snapshot->framework_id, writer);
  }
  writer.Key("marathon_config");
  WriteConfig(call, writer);
  writer.Key("zookeeper_config");
  writer.BeginObject();
  writer.EndObject();
  writer.Key("http_config");
  writer.BeginObject();
  writer.Key("http_port");
  if (call.api->scheme == "http") writer.Int(call.api->http_port);
  else writer.Null();
  writer.Key("https_port");
  if (call.api->scheme == "https") writer.Int(call.api->http_port);
  else writer.Null();
  writer.EndObject();
  writer.EndObject();
  call.SendJson(std::move(body));
}

void HandleLeader(const Call& call) {
  std::string body;
  JsonWriter writer(&body);
  writer.BeginObject();
  if (call.request.method == "GET") {
    WriteText("leader", call.api->address, writer);
  } else if (call.request.method == "DELETE") {
    for (const char* unsupported : {"backup", "restore"}) {
      if (call.request.query.count(unsupported)) {
        return call.Refuse(422, std::string("'") + unsupported +
                                    "' is not done here: use `meseta log backup` and `meseta log "
                                    "restore`, which need no abdication");
      }
    }
    WriteText("message", "Leadership abdicated", writer);
    call.api->abdicate();
  } else {
    return call.MethodNotAllowed("GET, DELETE");
  }
  writer.EndObject();
  call.SendJson(std::move(body));
}

// GET /meseta/why/{app}: ours.
void HandleExplain(const Call& call) {
  if (call.request.method != "GET") return call.MethodNotAllowed("GET");
  const Path path = Canonical(call.below);
  ExplainInput input;
  input.app = call.snapshot->catalog.FindApp(path);
  if (input.app == nullptr) return call.Refuse(404, "App '" + path + "' does not exist");
  input.instances = call.snapshot->InstancesOf(path);
  if (const auto* waiting = call.snapshot->waiting.Find(path)) input.waiting = *waiting;
  if (const auto* id = call.snapshot->deployment_of.Find(path)) {
    if (const auto* deployment = call.snapshot->deployments.Find(*id)) input.deployment = *deployment;
  }
  input.connected = call.snapshot->connected;
  input.now_ms = call.now_ms;
  const Explanation explanation = Explain(input);
  std::string body;
  JsonWriter writer(&body);
  writer.BeginObject();
  WriteText("app", path, writer);
  WriteText("sentence", explanation.sentence, writer);
  writer.Key("numbers");
  writer.BeginArray();
  for (const Explanation::Number& number : explanation.numbers) {
    writer.BeginObject();
    WriteText("what", number.what, writer);
    writer.Key("value");
    WriteNumber(number.value, writer);
    if (!number.where.empty()) WriteText("where", number.where, writer);
    writer.EndObject();
  }
  writer.EndArray();
  writer.EndObject();
  call.SendJson(std::move(body));
}

}  // namespace meseta::services
