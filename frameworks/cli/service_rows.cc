#include "frameworks/cli/service_rows.h"

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <tuple>
#include <utility>

#include "actors/base/json/json_parser.h"
#include "actors/base/strings.h"
#include "frameworks/cli/id_prefix.h"
#include "frameworks/cli/table.h"

namespace meseta::cli {
namespace {

namespace json = boost::json;

const json::value* Get(const json::value& object, std::string_view key) {
  const json::object* fields = object.if_object();
  return fields == nullptr ? nullptr : fields->if_contains(key);
}

std::string Text(const json::value& object, std::string_view key) {
  const json::value* value = Get(object, key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

double Number(const json::value& object, std::string_view key) {
  const json::value* value = Get(object, key);
  return value != nullptr && value->is_number() ? value->to_number<double>() : 0;
}

int64_t Count(const json::value& object, std::string_view key) {
  const double number = Number(object, key);
  return number > 0 && number < 1e15 ? static_cast<int64_t>(number) : 0;
}

const json::array& List(const json::value& object, std::string_view key) {
  static const json::array empty;
  const json::value* value = Get(object, key);
  return value != nullptr && value->is_array() ? value->get_array() : empty;
}

Result<json::value> Document(std::string_view text) {
  auto document = ParseJson(text);
  if (!document.ok()) return document.status().WithContext("The services' answer is no JSON");
  return document;
}

std::string HealthText(const json::value& task) {
  const json::array& results = List(task, "healthCheckResults");
  if (results.empty()) return "";
  for (const json::value& result : results) {
    const json::value* alive = Get(result, "alive");
    if (alive == nullptr || !alive->is_bool() || !alive->get_bool()) return "unhealthy";
  }
  return "healthy";
}

ServiceInstance Instance(const json::value& task) {
  ServiceInstance instance;
  instance.id = Text(task, "id");
  instance.state = Text(task, "state");
  instance.host = Text(task, "host");
  for (const json::value& port : List(task, "ports")) {
    if (port.is_int64()) instance.ports.push_back(static_cast<int>(port.get_int64()));
  }
  instance.version = Text(task, "version");
  instance.started = Text(task, "startedAt");
  if (instance.started.empty()) instance.started = Text(task, "stagedAt");
  instance.health = HealthText(task);
  return instance;
}

ServiceApp App(json::value value) {
  ServiceApp app;
  app.id = Text(value, "id");
  app.wanted = Count(value, "instances");
  app.staged = Count(value, "tasksStaged");
  app.running = Count(value, "tasksRunning");
  app.healthy = Count(value, "tasksHealthy");
  app.unhealthy = Count(value, "tasksUnhealthy");
  app.checked = !List(value, "healthChecks").empty();
  app.cpus = Number(value, "cpus");
  app.mem = Number(value, "mem");
  app.version = Text(value, "version");
  for (const json::value& deployment : List(value, "deployments")) {
    app.deployments.push_back(Text(deployment, "id"));
  }
  for (const json::value& task : List(value, "tasks")) app.instances.push_back(Instance(task));
  app.raw = std::move(value);
  return app;
}

std::string ActionText(const json::value& action) {
  std::string app = Text(action, "app");
  if (app.empty()) app = Text(action, "pod");
  return Text(action, "action") + " " + app;
}

std::string Healthy(const ServiceApp& app) {
  return app.checked ? std::to_string(app.healthy) : "";
}

std::string Short(const std::string& id) { return id.substr(0, 8); }

// "31000, 31001"
std::string Ports(const ServiceInstance& instance) {
  std::vector<std::string> texts;
  for (const int port : instance.ports) texts.push_back(std::to_string(port));
  return strings::Join(texts, ",");
}

// What a terminal must not be told by others.
std::string Printable(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return text;
}

std::string Line(const std::string& name, const std::string& value) {
  return value.empty() ? "" : name + std::string(14 - name.size(), ' ') + Printable(value) + "\n";
}

}  // namespace

bool ServiceApp::complete() const {
  return running >= wanted && (!checked || healthy >= wanted);
}

Result<std::vector<ServiceApp>> ReadApps(std::string_view text) {
  ASSIGN_OR_RETURN(json::value document, Document(text));
  const json::value* list = Get(document, "apps");
  if (list == nullptr || !list->is_array()) {
    return DataLoss("The services' answer has no list 'apps': is it meseta-services?");
  }
  std::vector<ServiceApp> apps;
  for (const json::value& app : list->get_array()) apps.push_back(App(app));
  std::sort(apps.begin(), apps.end(),
            [](const ServiceApp& a, const ServiceApp& b) { return a.id < b.id; });
  return apps;
}

Result<ServiceApp> ReadApp(std::string_view text) {
  ASSIGN_OR_RETURN(const json::value document, Document(text));
  const json::value* app = Get(document, "app");
  if (app == nullptr) return DataLoss("The services' answer has no 'app': is it meseta-services?");
  return App(*app);
}

Result<std::vector<ServiceDeployment>> ReadDeployments(std::string_view text) {
  ASSIGN_OR_RETURN(const json::value document, Document(text));
  if (!document.is_array()) return DataLoss("The services' answer is no list of deployments");
  std::vector<ServiceDeployment> deployments;
  for (const json::value& entry : document.get_array()) {
    ServiceDeployment deployment;
    deployment.id = Text(entry, "id");
    deployment.step = Count(entry, "currentStep");
    deployment.steps = Count(entry, "totalSteps");
    for (const json::value& app : List(entry, "affectedApps")) {
      if (app.is_string()) deployment.apps.emplace_back(app.get_string());
    }
    for (const json::value& action : List(entry, "currentActions")) {
      deployment.actions.push_back(ActionText(action));
    }
    deployments.push_back(std::move(deployment));
  }
  return deployments;
}

Result<WhyAnswer> ReadWhy(std::string_view text) {
  ASSIGN_OR_RETURN(json::value document, Document(text));
  WhyAnswer why;
  why.sentence = Text(document, "sentence");
  for (const json::value& number : List(document, "numbers")) {
    why.numbers.push_back({Text(number, "what"), Number(number, "value"), Text(number, "where")});
  }
  why.raw = std::move(document);
  return why;
}

Result<std::vector<std::string>> ReadVersions(std::string_view text) {
  ASSIGN_OR_RETURN(const json::value document, Document(text));
  std::vector<std::string> versions;
  for (const json::value& version : List(document, "versions")) {
    if (version.is_string()) versions.emplace_back(version.get_string());
  }
  return versions;
}

Result<StartedDeployment> ReadStarted(std::string_view text) {
  ASSIGN_OR_RETURN(const json::value document, Document(text));
  StartedDeployment started{Text(document, "deploymentId"), Text(document, "version")};
  if (started.id.empty()) return DataLoss("The services' answer names no deployment");
  return started;
}

Result<std::string> DryRunText(std::string_view text) {
  ASSIGN_OR_RETURN(const json::value document, Document(text));
  std::string out;
  size_t number = 0;
  for (const json::value& step : List(document, "steps")) {
    out += "step " + std::to_string(++number) + "\n";
    for (const json::value& action : List(step, "actions")) {
      out += "  " + Printable(ActionText(action)) + "\n";
    }
  }
  return out.empty() ? "Nothing would change.\n" : out;
}

std::string ApiProblem(std::string_view body) {
  const auto document = ParseJson(body);
  if (!document.ok()) return std::string(strings::Trim(body.substr(0, 500)));
  std::string problem = Text(*document, "message");
  const json::value* details = Get(*document, "details");
  if (details != nullptr && details->is_string()) {
    problem += ": " + std::string(details->get_string());
  }
  std::vector<std::string> parts;
  for (const json::value& detail : List(*document, "details")) {
    std::vector<std::string> errors;
    for (const json::value& error : List(detail, "errors")) {
      if (error.is_string()) errors.emplace_back(error.get_string());
    }
    parts.push_back(Text(detail, "path") + " " + strings::Join(errors, ", "));
  }
  if (!parts.empty()) problem += ": " + strings::Join(parts, "; ");
  return Printable(problem);
}

std::string ServiceTable(const std::vector<ServiceRow>& rows) {
  Table table({"ID", "INSTANCES", "HEALTHY", "CPUS", "MEM", "VERSION", "DEPLOYMENT", "WAITS"});
  for (const ServiceRow& row : rows) {
    const ServiceApp& app = row.app;
    std::string why = row.why;
    if (why.size() > kMaxReason) {
      size_t cut = kMaxReason;
      while (cut > 0 && (static_cast<unsigned char>(why[cut]) & 0xc0) == 0x80) --cut;
      why = why.substr(0, cut) + "...";
    }
    table.AddRow({app.id, std::to_string(app.running) + "/" + std::to_string(app.wanted),
                  Healthy(app), ShortNumber(app.cpus), ShortNumber(app.mem), app.version,
                  app.deployments.empty() ? "" : Short(app.deployments.front()), why});
  }
  return table.ToString();
}

std::string ServiceDetails(const ServiceApp& app, const WhyAnswer& why) {
  std::string out = Line("id", app.id);
  out += Line("version", app.version);
  out += Line("instances", std::to_string(app.running) + " running of " +
                               std::to_string(app.wanted) + " wanted, " +
                               std::to_string(app.staged) + " staged");
  if (app.checked) {
    out += Line("health", std::to_string(app.healthy) + " healthy, " +
                              std::to_string(app.unhealthy) + " unhealthy");
  }
  out += Line("each has", ShortNumber(app.cpus) + " cpus, " + ShortNumber(app.mem) + " MB memory");
  out += Line("cmd", Text(app.raw, "cmd"));
  out += Line("deployment", strings::Join(app.deployments, ", "));
  out += Line("waits", why.sentence);
  if (const json::value* failure = Get(app.raw, "lastTaskFailure")) {
    out += Line("last failure", Text(*failure, "timestamp") + " " + Text(*failure, "state") + " on " +
                                    Text(*failure, "host") + ": " + Text(*failure, "message"));
  }
  if (app.instances.empty()) return out;
  Table table({"INSTANCE", "STATE", "HEALTH", "HOST", "PORTS", "SINCE", "VERSION"});
  for (const ServiceInstance& instance : app.instances) {
    table.AddRow({instance.id, instance.state, instance.health, instance.host, Ports(instance),
                  instance.started, instance.version});
  }
  return out + "\n" + table.ToString();
}

std::string WhyText(const std::string& app, const WhyAnswer& why) {
  std::string out =
      Printable(why.sentence.empty() ? app + " waits for nothing" : why.sentence) + "\n";
  if (why.numbers.empty()) return out;
  Table table({"WHAT", "VALUE", "WHERE"});
  for (const WhyAnswer::Number& number : why.numbers) {
    table.AddRow({number.what, ShortNumber(number.value), number.where});
  }
  return out + "\n" + table.ToString();
}

Result<ServiceInstance> ChooseInstance(const ServiceApp& app, const std::string& typed) {
  if (app.instances.empty()) {
    return NotFound(app.id + " has no instance; meseta service why " + app.id + " tells why");
  }
  if (typed.empty()) {
    const auto newest = std::max_element(
        app.instances.begin(), app.instances.end(),
        [](const ServiceInstance& a, const ServiceInstance& b) {
          const bool runs_a = a.state == "TASK_RUNNING";
          const bool runs_b = b.state == "TASK_RUNNING";
          return std::tie(runs_a, a.started) < std::tie(runs_b, b.started);
        });
    return *newest;
  }
  std::vector<std::string> ids;
  for (const ServiceInstance& instance : app.instances) ids.push_back(instance.id);
  ASSIGN_OR_RETURN(const std::string id, ResolveId(typed, ids, "instance"));
  return *std::find_if(app.instances.begin(), app.instances.end(),
                       [&](const ServiceInstance& instance) { return instance.id == id; });
}

Result<std::string> ChooseVersion(const std::string& app, const std::vector<std::string>& versions,
                                  const std::string& wanted) {
  if (!wanted.empty()) {
    if (std::find(versions.begin(), versions.end(), wanted) != versions.end()) return wanted;
    return NotFound(app + " has no version " + wanted + "; meseta service versions " + app +
                    " lists them");
  }
  if (versions.size() < 2) {
    return FailedPrecondition(app + " has no version before this one to roll back to");
  }
  return versions[1];
}

}  // namespace meseta::cli
