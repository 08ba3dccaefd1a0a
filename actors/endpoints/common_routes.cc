#include "actors/endpoints/common_routes.h"

#include <sys/sysinfo.h>
#include <unistd.h>

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <utility>

#include "actors/base/json/json_writer.h"
#include "actors/base/version.h"
#include "actors/endpoints/build_stamp.h"
#include "actors/endpoints/operator_fill.h"

namespace meseta::endpoints {
namespace {

using http::Request;
using http::ResponderPtr;
using http::Response;

const std::string* Query(const Request& request, const std::string& name) {
  const auto it = request.query.find(name);
  return it == request.query.end() ? nullptr : &it->second;
}

http::RouteOptions ReadOnly() {
  http::RouteOptions options;
  options.realm = http::Realm::kReadOnly;
  return options;
}

http::RouteOptions Open() { return {}; }

// ---- files

void WriteEntry(const FileEntry& entry, JsonWriter& json) {
  const auto text = [&](std::string_view key, const std::string& value) {
    json.Key(key);
    json.String(value);
  };
  json.BeginObject();
  text("gid", entry.gid);
  text("mode", entry.mode);
  json.Key("mtime");
  json.Double(entry.mtime);
  json.Key("nlink");
  json.UInt(entry.nlink);
  text("path", entry.path);
  json.Key("size");
  json.UInt(entry.size);
  text("uid", entry.uid);
  json.EndObject();
}

// What does not exist answers 404 without a body, as Mesos does.
Response FileError(const Status& status) {
  if (status.code() == StatusCode::kNotFound) {
    Response response = Response::Text(404, "");
    response.headers.Set("Content-Type", "text/plain; charset=utf-8");
    return response;
  }
  return Response::Error(status);
}

std::optional<Response> NeedPath(const Request& request) {
  if (Query(request, "path") != nullptr && !Query(request, "path")->empty()) return std::nullopt;
  return Response::Text(400, "Expecting 'path=value' in query.\n");
}

Response BrowseAnswer(const VirtualFiles& files, const std::string& path) {
  const auto entries = files.Browse(path);
  if (!entries.ok()) return FileError(entries.status());
  std::string out;
  JsonWriter json(&out);
  json.BeginArray();
  for (const FileEntry& entry : *entries) WriteEntry(entry, json);
  json.EndArray();
  return Response::Json(std::move(out));
}

// A whole number of a query; nothing when it is none.
std::optional<int64_t> Number(const std::string& text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Response ReadAnswer(const VirtualFiles& files, const std::string& path, int64_t offset,
                    int64_t length) {
  const bool size_only = offset == -1;
  const auto chunk =
      files.Read(path, size_only ? UINT64_MAX : static_cast<uint64_t>(offset),
                 length < 0 ? kMaxReadBytes : static_cast<size_t>(length));
  if (!chunk.ok()) return FileError(chunk.status());
  std::string out;
  JsonWriter json(&out);
  json.BeginObject();
  json.Key("data");
  json.String(chunk->data);
  json.Key("offset");
  json.UInt(size_only ? chunk->size : chunk->offset);
  json.EndObject();
  return Response::Json(std::move(out));
}

void Read(const CommonContext& context, const Request& request, const ResponderPtr& responder) {
  if (auto refusal = NeedPath(request)) return responder->Send(std::move(*refusal));
  int64_t values[2] = {-1, -1};  // offset, length
  const char* names[2] = {"offset", "length"};
  for (int i = 0; i < 2; ++i) {
    const std::string* text = Query(request, names[i]);
    if (text == nullptr) continue;
    const auto number = Number(*text);
    if (!number || *number < -1) {
      return responder->Send(Response::Text(400, "Failed to parse " + std::string(names[i]) +
                                                     ": expecting a whole number, not '" + *text +
                                                     "'.\n"));
    }
    values[i] = *number;
  }
  AnswerOnPool(context.pool, responder,
               [files = context.files, path = *Query(request, "path"), offset = values[0],
                length = values[1]] { return ReadAnswer(*files, path, offset, length); });
}

Response DownloadAnswer(const VirtualFiles& files, const std::string& path) {
  auto content = files.Download(path);
  if (!content.ok()) return FileError(content.status());
  std::string name = path.substr(path.rfind('/') + 1);
  // Quotes and control characters would end the header value.
  for (char& c : name) {
    if (c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20) c = '_';
  }
  Response response;
  response.headers.Set("Content-Type", "application/octet-stream");
  response.headers.Set("Content-Disposition", "attachment; filename=\"" + name + "\"");
  response.shared_body = *std::move(content);
  return response;
}

Response DebugAnswer(const VirtualFiles& files) {
  std::string out;
  JsonWriter json(&out);
  json.BeginObject();
  for (const auto& [shown, real] : files.Attached()) {
    json.Key(shown);
    json.String(real);
  }
  json.EndObject();
  return Response::Json(std::move(out));
}

void AddFileRoutes(const CommonContext& context, http::Router* router) {
  router->Add("/files/browse", ReadOnly(), [context](Request request, ResponderPtr responder) {
    if (auto refusal = NeedPath(request)) return responder->Send(std::move(*refusal));
    AnswerOnPool(context.pool, responder,
                 [files = context.files, path = *Query(request, "path")] {
                   return BrowseAnswer(*files, path);
                 });
  });
  router->Add("/files/read", ReadOnly(), [context](Request request, ResponderPtr responder) {
    Read(context, request, responder);
  });
  router->Add("/files/download", ReadOnly(), [context](Request request, ResponderPtr responder) {
    if (auto refusal = NeedPath(request)) return responder->Send(std::move(*refusal));
    AnswerOnPool(context.pool, responder,
                 [files = context.files, path = *Query(request, "path")] {
                   return DownloadAnswer(*files, path);
                 });
  });
  router->Add("/files/debug", ReadOnly(), [context](const Request&, ResponderPtr responder) {
    AnswerOnPool(context.pool, responder, [files = context.files] { return DebugAnswer(*files); });
  });
}

// ---- metrics and the machine

Response SystemAnswer() {
  const SystemStats stats = ReadSystemStats();
  std::string out;
  JsonWriter json(&out);
  const auto number = [&](std::string_view key, double value) {
    json.Key(key);
    json.Double(value);
  };
  json.BeginObject();
  number("avg_load_15min", stats.load_15min);
  number("avg_load_1min", stats.load_1min);
  number("avg_load_5min", stats.load_5min);
  json.Key("cpus_total");
  json.Int(stats.cpus_total);
  json.Key("mem_free_bytes");
  json.UInt(stats.mem_free_bytes);
  json.Key("mem_total_bytes");
  json.UInt(stats.mem_total_bytes);
  json.EndObject();
  return Response::Json(std::move(out));
}

Response MetricsAnswer(const CommonContext& context, Duration timeout) {
  std::string out;
  JsonWriter json(&out);
  json.BeginObject();
  for (const auto& [name, value] : context.metrics(timeout)) {
    if (!std::isfinite(value)) continue;
    json.Key(name);
    json.Double(value);
  }
  json.EndObject();
  return Response::Json(std::move(out));
}

void AddMetricsRoutes(const CommonContext& context, http::Router* router) {
  router->Add("/metrics/snapshot", ReadOnly(), [context](Request request, ResponderPtr responder) {
    Duration timeout = kDefaultMetricsTimeout;
    if (const std::string* text = Query(request, "timeout")) {
      const auto parsed = Duration::Parse(*text);
      if (!parsed.ok()) {
        return responder->Send(
            Response::Text(400, "Invalid timeout '" + *text + "': " + parsed.status().message()));
      }
      timeout = *parsed;
    }
    AnswerOnPool(context.pool, responder,
                 [context, timeout] { return MetricsAnswer(context, timeout); });
  });
  http::RouteOptions exact = ReadOnly();
  exact.exact = true;
  router->Add("/metrics", exact, [context](const Request&, ResponderPtr responder) {
    AnswerOnPool(context.pool, responder, [context] {
      Response response;
      response.headers.Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
      response.body = context.prometheus();
      return response;
    });
  });
}

}  // namespace

const BuildInfo& CurrentBuild() {
  static const BuildInfo build{kApiVersion, kBuildDate, kBuildTime, kBuildUser};
  return build;
}

std::string VersionJson() {
  const BuildInfo& build = CurrentBuild();
  std::string out;
  JsonWriter json(&out);
  json.BeginObject();
  json.Key("build_date");
  json.String(build.build_date);
  json.Key("build_time");
  json.Double(build.build_time);
  json.Key("build_user");
  json.String(build.build_user);
  json.Key("meseta_version");
  json.String(kMesetaVersion);
  json.Key("version");
  json.String(build.version);
  json.EndObject();
  return out;
}

SystemStats ReadSystemStats() {
  SystemStats stats;
  double loads[3] = {0, 0, 0};
  if (::getloadavg(loads, 3) == 3) {
    stats.load_1min = loads[0];
    stats.load_5min = loads[1];
    stats.load_15min = loads[2];
  }
  stats.cpus_total = static_cast<int>(::sysconf(_SC_NPROCESSORS_ONLN));
  struct sysinfo info{};
  if (::sysinfo(&info) == 0) {
    stats.mem_total_bytes = uint64_t{info.totalram} * info.mem_unit;
    stats.mem_free_bytes = uint64_t{info.freeram} * info.mem_unit;
  }
  return stats;
}

void AnswerOnPool(const Executor& pool, const ResponderPtr& responder,
                  std::function<Response()> render) {
  const Status status =
      pool([responder, render = std::move(render)] { responder->Send(render()); });
  if (!status.ok()) responder->Send(Response::Text(503, "Busy: " + status.message()));
}

void AddCommonRoutes(const CommonContext& context, http::Router* router) {
  router->Add("/version", Open(), [](const Request&, ResponderPtr responder) {
    responder->Send(Response::Json(VersionJson()));
  });
  router->Add("/health", Open(), [context](const Request&, ResponderPtr responder) {
    if (context.healthy()) return responder->Send(Response{});
    responder->Send(Response::Text(503, "The core of this daemon does not take turns"));
  });
  router->Add("/flags", ReadOnly(), [context](const Request&, ResponderPtr responder) {
    std::string out;
    JsonWriter json(&out);
    json.BeginObject();
    json.Key("flags");
    json.BeginObject();
    for (const auto& [name, value] : context.flags()) {
      json.Key(name);
      json.String(value);
    }
    json.EndObject();
    json.EndObject();
    responder->Send(Response::Json(std::move(out)));
  });
  router->Add("/system/stats.json", ReadOnly(), [](const Request&, ResponderPtr responder) {
    responder->Send(SystemAnswer());
  });
  AddFileRoutes(context, router);
  AddMetricsRoutes(context, router);
}

}  // namespace meseta::endpoints
