#include "frameworks/services/model/app_reader.h"

#include <algorithm>
#include <set>
#include <utility>

#include "actors/base/strings.h"
#include "frameworks/services/model/paths.h"

namespace meseta::services {
namespace {

void CopyTo(const std::map<std::string, std::string>& from,
            google::protobuf::Map<std::string, std::string>* to) {
  for (const auto& [key, value] : from) (*to)[key] = value;
}

// Variables are texts or {"secret": name}.
void ReadEnv(const Fields& fields, AppSpec* app) {
  const boost::json::object* env = fields.Object("env");
  if (env == nullptr) return;
  const Fields variables(*env, fields.PathOf("env"), fields.errors());
  for (const auto& member : *env) {
    const std::string name(member.key());
    if (member.value().is_object()) {
      const Fields reference(member.value().get_object(), variables.PathOf(name), fields.errors());
      (*app->mutable_env_secrets())[name] = reference.RequiredString("secret");
    } else if (const auto value = variables.String(name)) {
      (*app->mutable_env())[name] = *value;
    } else if (member.value().is_null()) {
      variables.TypeError(name, "error.expected.jsstring");
    }
  }
}

void ReadSecrets(const Fields& fields, AppSpec* app) {
  const boost::json::object* secrets = fields.Object("secrets");
  if (secrets == nullptr) return;
  const Fields members(*secrets, fields.PathOf("secrets"), fields.errors());
  for (const auto& member : *secrets) {
    const std::string name(member.key());
    const boost::json::object* secret = members.Object(name);
    if (secret == nullptr) continue;
    const Fields source(*secret, members.PathOf(name), fields.errors());
    (*app->mutable_secrets())[name] = source.RequiredString("source");
  }
}

// What Marathon's deprecated `uris` unpacks: its form of `fetch` has no say in it.
bool LooksLikeArchive(std::string_view uri) {
  for (const std::string_view end :
       {".tgz", ".tar.gz", ".tbz2", ".tar.bz2", ".txz", ".tar.xz", ".zip", ".tar", ".gz"}) {
    if (uri.size() >= end.size() && uri.substr(uri.size() - end.size()) == end) return true;
  }
  return false;
}

void ReadFetch(const Fields& fields, AppSpec* app) {
  fields.ForEachObject("fetch", [&](const Fields& artifact) {
    internal::AppFetch* fetch = app->add_fetch();
    fetch->set_uri(artifact.RequiredString("uri"));
    fetch->set_extract(artifact.Bool("extract").value_or(true));
    fetch->set_executable(artifact.Bool("executable").value_or(false));
    fetch->set_cache(artifact.Bool("cache").value_or(false));
    if (const auto path = artifact.String("destPath")) fetch->set_dest_path(*path);
  });
  const auto uris = fields.StringList("uris");
  if (!uris || uris->empty()) return;
  if (app->fetch_size() > 0)
    return fields.Broken("uris", "may not be set in conjunction with fetch");
  for (const std::string& uri : *uris) {
    internal::AppFetch* fetch = app->add_fetch();
    fetch->set_uri(uri);
    fetch->set_extract(LooksLikeArchive(uri));
    fetch->set_executable(false);
    fetch->set_cache(false);
  }
}

// A number, or "unlimited".
void ReadLimit(const Fields& limits, const std::string& name, AppSpec* app) {
  const boost::json::value* limit = limits.Find(name);
  if (limit == nullptr) return;
  auto& amounts = *app->mutable_resource_limits();
  if (!limit->is_string()) {
    if (const auto amount = limits.NumberIn(name, 0, kMaxAmount)) amounts[name] = *amount;
  } else if (limit->get_string() == "unlimited") {
    amounts[name] = std::numeric_limits<double>::infinity();
  } else {
    limits.Broken(name, "'" + std::string(limit->get_string()) +
                            "' is an invalid resource limit. It must be 'unlimited' or a number");
  }
}

// `id` and what is relative to it.
void ReadIdentity(const Fields& fields, const Path& base, AppSpec* app) {
  const std::string id = fields.RequiredString("id");
  if (const std::string why = WhyBadPath(id, true); !why.empty() && fields.Has("id")) {
    fields.Broken("id", why);
  }
  app->set_id(Canonical(id, base));
  const auto dependencies = fields.StringList("dependencies");
  if (!dependencies) return;
  std::set<Path> seen;
  for (size_t i = 0; i < dependencies->size(); ++i) {
    const std::string& dependency = (*dependencies)[i];
    if (const std::string why = WhyBadPath(dependency, true); !why.empty()) {
      fields.errors()->rules.Add(Indexed(fields.PathOf("dependencies"), i), why);
    }
    Path path = Canonical(dependency, base);
    if (seen.insert(path).second) app->add_dependencies(std::move(path));
  }
}

}  // namespace

void ReadCommand(const Fields& fields, AppSpec* app) {
  if (const auto cmd = fields.String("cmd")) {
    if (cmd->empty()) fields.Broken("cmd", "must not be an empty string");
    app->set_cmd(*cmd);
  }
  if (const auto args = fields.StringList("args")) {
    app->mutable_args()->Add(args->begin(), args->end());
  }
  app->set_executor(fields.String("executor").value_or(""));
  if (const auto user = fields.String("user")) app->set_user(*user);
  if (const auto tty = fields.Bool("tty")) app->set_tty(*tty);
  ReadEnv(fields, app);
  ReadSecrets(fields, app);
  if (const auto labels = fields.Strings("labels")) CopyTo(*labels, app->mutable_labels());
  ReadFetch(fields, app);
  if (const auto grace = fields.IntIn("taskKillGracePeriodSeconds", 0, kMaxSeconds)) {
    app->set_task_kill_grace_period_seconds(static_cast<double>(*grace));
  }
}

void ReadResources(const Fields& fields, AppSpec* app) {
  internal::AppResources* resources = app->mutable_resources();
  resources->set_cpus(fields.NumberIn("cpus", 0.001, kMaxAmount).value_or(1));
  resources->set_mem(fields.NumberIn("mem", 0, kMaxAmount).value_or(128));
  resources->set_disk(fields.NumberIn("disk", 0, kMaxAmount).value_or(0));
  resources->set_gpus(static_cast<int32_t>(fields.IntIn("gpus", 0, 1'000'000).value_or(0)));
  app->set_instances(static_cast<uint32_t>(fields.IntIn("instances", 0, kMaxSeconds).value_or(1)));
  if (const boost::json::object* executor = fields.Object("executorResources")) {
    const Fields amounts(*executor, fields.PathOf("executorResources"), fields.errors());
    internal::AppResources* wanted = app->mutable_executor_resources();
    wanted->set_cpus(amounts.NumberIn("cpus", 0.1, kMaxAmount).value_or(0.1));
    wanted->set_mem(amounts.NumberIn("mem", 32, kMaxAmount).value_or(32));
    wanted->set_disk(amounts.NumberIn("disk", 10, kMaxAmount).value_or(10));
  }
  if (const boost::json::object* limits = fields.Object("resourceLimits")) {
    const Fields amounts(*limits, fields.PathOf("resourceLimits"), fields.errors());
    ReadLimit(amounts, "cpus", app);
    ReadLimit(amounts, "mem", app);
  }
}

AppSpec ReadAppFields(const Fields& fields, const Path& base, const Defaults& defaults) {
  AppSpec app;
  ReadIdentity(fields, base, &app);
  ReadCommand(fields, &app);
  ReadResources(fields, &app);
  ReadPlacement(fields, defaults, &app);
  ReadNetworking(fields, defaults, &app);
  ReadStrategies(fields, defaults, &app);
  ReadChecks(fields, &app);
  return app;
}

Answer<AppSpec> ReadApp(const boost::json::object& json, const Path& base,
                        const Defaults& defaults) {
  ReadErrors errors;
  AppSpec app = ReadAppFields(Fields(json, "", &errors), base, defaults);
  if (errors.types.empty()) errors.rules.Add(ValidateApp(app, defaults));
  if (!errors.empty()) return errors.ToApiError();
  return app;
}

bool IsResident(const AppSpec& app) {
  return std::any_of(app.container().volumes().begin(), app.container().volumes().end(),
                     [](const auto& volume) { return volume.has_persistent_json(); });
}

bool IsSingleInstance(const AppSpec& app) {
  const auto it = app.labels().find(kSingleInstanceLabel);
  return it != app.labels().end() && it->second == "true";
}

bool UsesHostNetwork(const AppSpec& app) {
  return app.networks_size() == 0 || app.networks(0).mode() == internal::AppNetwork::HOST;
}

int PortCount(const AppSpec& app) {
  return app.container().port_mappings_size() > 0 ? app.container().port_mappings_size()
                                                  : app.port_definitions_size();
}

}  // namespace meseta::services
