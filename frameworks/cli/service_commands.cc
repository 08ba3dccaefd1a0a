#include "frameworks/cli/service_commands.h"

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <utility>

#include "actors/base/exit_codes.h"
#include "actors/base/strings.h"
#include "actors/base/json/json_parser.h"
#include "actors/http/url.h"
#include "frameworks/cli/app_file.h"
#include "frameworks/cli/cluster_commands.h"
#include "frameworks/cli/cluster_rows.h"
#include "frameworks/cli/service_rows.h"
#include "frameworks/cli/service_watch.h"
#include "frameworks/cli/services_client.h"

namespace meseta::cli {
namespace {

namespace json = boost::json;

constexpr size_t kMaxFileBytes = size_t{64} << 20;
constexpr size_t kMaxReasons = 20;  // That `ls` asks for, one request each.
constexpr int64_t kMaxScale = 1'000'000;

Result<int> Print(const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) {
    return Internal("cannot write to stdout");
  }
  return kExitOk;
}

// ---- looks

Result<int> Ls(const CommandLine& line, ServicesClient& client) {
  ASSIGN_OR_RETURN(std::vector<ServiceApp> apps, client.Apps());
  if (line.options.json) return Print(RawArray(apps));
  std::vector<ServiceRow> rows;
  size_t asked = 0;
  for (ServiceApp& app : apps) {
    ServiceRow row;
    if (!app.complete() && asked++ < kMaxReasons) {
      const auto why = client.Why(app.id);
      if (why.ok()) row.why = why->sentence;
    }
    row.app = std::move(app);
    rows.push_back(std::move(row));
  }
  return Print(ServiceTable(rows));
}

Result<int> Show(const CommandLine& line, ServicesClient& client) {
  ASSIGN_OR_RETURN(const ServiceApp app, client.App(line.arguments[0]));
  if (line.options.json) return Print(RawText(app.raw));
  const auto why = client.Why(app.id);
  return Print(ServiceDetails(app, why.ok() ? *why : WhyAnswer()));
}

Result<int> Why(const CommandLine& line, ServicesClient& client) {
  ASSIGN_OR_RETURN(const WhyAnswer why, client.Why(line.arguments[0]));
  if (line.options.json) return Print(RawText(why.raw));
  return Print(WhyText(AppPath(line.arguments[0]), why));
}

Result<int> Versions(const CommandLine& line, ServicesClient& client) {
  ASSIGN_OR_RETURN(const auto versions, client.Versions(line.arguments[0]));
  if (line.options.json) {
    return Print(RawText(json::array(versions.begin(), versions.end())));
  }
  std::string out;
  for (const std::string& version : versions) out += version + "\n";
  return Print(out);
}

Result<int> Logs(const CommandLine& line, ServicesClient& client, Access access) {
  ASSIGN_OR_RETURN(const ServiceApp app, client.App(line.arguments[0]));
  ASSIGN_OR_RETURN(const ServiceInstance instance,
                   ChooseInstance(app, line.options.instance));
  if (line.options.instance.empty() && app.instances.size() > 1) {
    std::fprintf(stderr, "%s has %zu instances; taking the newest, %s (--instance names another)\n",
                 app.id.c_str(), app.instances.size(), instance.id.c_str());
  }
  ClusterClient cluster(std::move(access));
  RETURN_IF_ERROR(PrintTaskLogs(instance.id, line.options, cluster));
  return kExitOk;
}

// ---- changes

std::string Forced(const std::string& target, bool force) {
  return target + (target.find('?') == std::string::npos ? "?" : "&") +
         (force ? "force=true" : "force=false");
}

// What was begun, then its progress.
Result<int> Follow(Watched watched, const CommandLine& line, ServicesClient& client) {
  const bool wait = line.options.wait;
  if (line.options.json || !wait) {
    json::object started{{"deploymentId", watched.deployment.id},
                         {"version", watched.deployment.version}};
    RETURN_IF_ERROR(Print(line.options.json ? RawText(json::value(std::move(started)))
                                            : "deployment " + watched.deployment.id + "\n")
                        .status());
  }
  if (!wait) return kExitOk;
  return WatchDeployment(watched, line.options.timeout, client);
}

Result<std::string> ReadInput(const std::string& name) {
  std::ifstream file;
  if (name != "-") {
    file.open(name, std::ios::binary);
    if (!file) return NotFound("Cannot read the file " + name + ": is the name right?");
  }
  std::istream& in = name == "-" ? std::cin : file;
  std::string text(kMaxFileBytes + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(in.gcount()));
  if (in.bad() || (in.fail() && !in.eof())) return Internal("Cannot read " + name);
  if (text.size() > kMaxFileBytes) {
    return InvalidArgument(name + " is larger than 64 MB; split it into several files");
  }
  return text;
}

// Several apps that are not a group have no dry run of their own: the root group with them in it has.
Result<int> DryRun(const AppFile& file, const CommandLine& line, ServicesClient& client) {
  std::string target = "/v2/groups" + (file.group ? UrlPath(file.id) : "");
  std::string body = json::serialize(file.body);
  if (!file.group) {
    ASSIGN_OR_RETURN(const http::Response root, client.Get("/v2/groups"));
    ASSIGN_OR_RETURN(json::value group, ParseJson(root.body));
    body = json::serialize(WithApps(std::move(group), file.body.get_array()));
  }
  ASSIGN_OR_RETURN(const http::Response answer,
                   client.Send("PUT", Forced(target + "?dryRun=true", line.options.force), body));
  if (line.options.json) {
    ASSIGN_OR_RETURN(const json::value steps, ParseJson(answer.body));
    return Print(RawText(steps));
  }
  ASSIGN_OR_RETURN(const std::string text, DryRunText(answer.body));
  return Print(text);
}

// All apps beneath a group are watched, those that the file removes left out.
Result<int> Deploy(const CommandLine& line, ServicesClient& client) {
  const std::string& name = line.arguments[0];
  ASSIGN_OR_RETURN(const std::string text, ReadInput(name));
  ASSIGN_OR_RETURN(const AppFile file, ReadAppFile(name, text));
  if (line.options.dry_run) return DryRun(file, line, client);
  // The file says all: what it leaves out gets its default, rather than keep what it was.
  const std::string target = file.group       ? "/v2/groups" + UrlPath(file.id)
                             : file.id.empty() ? "/v2/apps?partialUpdate=false"
                                               : "/v2/apps" + UrlPath(file.id) +
                                                     "?partialUpdate=false";
  const json::value& body =
      file.group || file.id.empty() ? file.body : file.body.get_array().front();
  Watched watched;
  ASSIGN_OR_RETURN(watched.deployment, client.Change("PUT", Forced(target, line.options.force),
                                                     json::serialize(body)));
  watched.apps = file.app_ids;
  return Follow(std::move(watched), line, client);
}

Result<int> ChangeOne(const std::string& method, const std::string& target, std::string body,
                      const CommandLine& line, ServicesClient& client) {
  Watched watched;
  ASSIGN_OR_RETURN(watched.deployment,
                   client.Change(method, Forced(target, line.options.force), std::move(body)));
  watched.apps = {AppPath(line.arguments[0])};
  watched.removes = line.id == CommandId::kServiceRm;
  return Follow(std::move(watched), line, client);
}

Result<int> Scale(const CommandLine& line, ServicesClient& client) {
  const std::string& text = line.arguments[1];
  int64_t count = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || end != text.data() + text.size() || count < 0 || count > kMaxScale) {
    return InvalidArgument("'" + text + "' is no number of instances: expecting 0 to " +
                           std::to_string(kMaxScale));
  }
  // A PUT would make an app that is not there, out of nothing but a number.
  RETURN_IF_ERROR(client.App(line.arguments[0]).status());
  return ChangeOne("PUT", "/v2/apps" + UrlPath(line.arguments[0]),
                   json::serialize(json::object{{"instances", count}}), line, client);
}

Result<int> Restart(const CommandLine& line, ServicesClient& client) {
  return ChangeOne("POST", "/v2/apps" + UrlPath(line.arguments[0]) + "/restart", "", line, client);
}

Result<int> Rm(const CommandLine& line, ServicesClient& client) {
  return ChangeOne("DELETE", "/v2/apps" + UrlPath(line.arguments[0]), "", line, client);
}

// A deployment under way is undone; otherwise the app goes back to an earlier version.
Result<int> Rollback(const CommandLine& line, ServicesClient& client) {
  const std::string app = AppPath(line.arguments[0]);
  if (line.options.to.empty()) {
    ASSIGN_OR_RETURN(const auto deployments, client.Deployments());
    for (const ServiceDeployment& deployment : deployments) {
      if (std::find(deployment.apps.begin(), deployment.apps.end(), app) == deployment.apps.end()) {
        continue;
      }
      Watched watched;
      ASSIGN_OR_RETURN(watched.deployment,
                       client.Change("DELETE", "/v2/deployments/" + http::UrlEncode(deployment.id)));
      std::fprintf(stderr, "Undoing deployment %s\n", deployment.id.c_str());
      watched.apps = deployment.apps;
      // Apps that it was making go away again.
      const auto versions = client.Versions(app);
      watched.removes = versions.ok() && versions->size() < 2;
      return Follow(std::move(watched), line, client);
    }
  }
  ASSIGN_OR_RETURN(const auto versions, client.Versions(app));
  ASSIGN_OR_RETURN(const std::string version, ChooseVersion(app, versions, line.options.to));
  std::fprintf(stderr, "Rolling %s back to version %s\n", app.c_str(), version.c_str());
  return ChangeOne("PUT", "/v2/apps" + UrlPath(app),
                   json::serialize(json::object{{"version", version}}), line, client);
}

}  // namespace

bool IsServiceCommand(CommandId id) {
  return id >= CommandId::kServiceDeploy && id <= CommandId::kServiceRm;
}

Result<int> RunServiceCommand(const CommandLine& line, Access access) {
  ASSIGN_OR_RETURN(std::vector<std::string> services, ParseServices(line.options.services));
  ServicesClient client(access, std::move(services));
  switch (line.id) {
    case CommandId::kServiceDeploy:
      return Deploy(line, client);
    case CommandId::kServiceLs:
      return Ls(line, client);
    case CommandId::kServiceShow:
      return Show(line, client);
    case CommandId::kServiceScale:
      return Scale(line, client);
    case CommandId::kServiceRestart:
      return Restart(line, client);
    case CommandId::kServiceRollback:
      return Rollback(line, client);
    case CommandId::kServiceVersions:
      return Versions(line, client);
    case CommandId::kServiceLogs:
      return Logs(line, client, std::move(access));
    case CommandId::kServiceWhy:
      return Why(line, client);
    case CommandId::kServiceRm:
      return Rm(line, client);
    default:
      return Internal("no command of services");
  }
}

}  // namespace meseta::cli
