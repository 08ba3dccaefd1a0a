#include "frameworks/services/api/services_api.h"

#include <atomic>
#include <chrono>
#include <utility>

#include "actors/http/sse.h"
#include "frameworks/services/api/call.h"
#include "frameworks/services/api/leader_proxy.h"
#include "frameworks/services/view/json_values.h"

namespace meseta::services {
namespace {

constexpr size_t kMaxBodyBytes = size_t{64} << 20;  // Groups of thousands of apps.

using HandleCall = void (*)(const Call&);

int64_t WallMs() {
  using std::chrono::duration_cast;
  return duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

// Adds the headers that every answer of Marathon has.
class HeaderedResponder : public http::Responder {
 public:
  HeaderedResponder(const ApiContext* api, http::ResponderPtr inner)
      : api_(api), inner_(std::move(inner)) {}

  void Send(http::Response response) override {
    AddHeaders(&response);
    inner_->Send(std::move(response));
  }
  std::shared_ptr<http::StreamWriter> Stream(http::Response head,
                                             std::function<void()> on_closed) override {
    AddHeaders(&head);
    return inner_->Stream(std::move(head), std::move(on_closed));
  }

 private:
  void AddHeaders(http::Response* response) const {
    http::Headers& headers = response->headers;
    const auto leadership = api_->leadership->Get();
    if (leadership->term || leadership->leader) {
      headers.Set("X-Marathon-Leader",
                  api_->scheme + "://" +
                      (leadership->term ? api_->address : *leadership->leader));
    }
    headers.Set("Cache-Control", "no-cache, no-store, must-revalidate");
    headers.Set("Pragma", "no-cache");
    headers.Set("Expires", "0");
    headers.Set("X-Frame-Options", "DENY");
    headers.Set("X-XSS-Protection", "1; mode=block");
    if (!api_->allow_origin.empty()) {
      headers.Set("Access-Control-Allow-Origin", api_->allow_origin);
      headers.Set("Access-Control-Allow-Methods", "GET, POST, PUT, PATCH, DELETE, OPTIONS");
      headers.Set("Access-Control-Allow-Headers", "Content-Type, Authorization, X-Requested-With");
    }
  }

  const ApiContext* const api_;
  const http::ResponderPtr inner_;
};

http::RouteOptions Options(bool exact = false) {
  http::RouteOptions options;
  options.realm = http::Realm::kReadWrite;
  options.max_body_bytes = kMaxBodyBytes;
  options.exact = exact;
  return options;
}

class Api : public std::enable_shared_from_this<Api> {
 public:
  explicit Api(const ApiContext& context) : context_(context) {}

  // Served by the leader, on the pool.
  http::Handler Led(std::string prefix, HandleCall handle) {
    auto proxy = std::make_shared<LeaderProxy>(
        context_, [self = shared_from_this(), prefix = std::move(prefix), handle](
                      const TermPtr& term, http::Request request, http::ResponderPtr responder) {
          self->Serve(prefix, handle, term, std::move(request), std::move(responder));
        });
    return WithHeaders([proxy](http::Request request, http::ResponderPtr responder) {
      proxy->Handle(std::move(request), std::move(responder));
    });
  }

  // Served by every daemon.
  http::Handler Local(std::function<http::Response(const ApiContext&, const http::Request&)> answer) {
    return WithHeaders([self = shared_from_this(), answer = std::move(answer)](
                           http::Request request, http::ResponderPtr responder) {
      responder->Send(answer(self->context_, request));
    });
  }

  http::Handler Events() {
    auto proxy = std::make_shared<LeaderProxy>(
        context_, [self = shared_from_this()](const TermPtr& term, http::Request request,
                                              http::ResponderPtr responder) {
          self->OpenEvents(term, request, std::move(responder));
        });
    return WithHeaders([proxy](http::Request request, http::ResponderPtr responder) {
      proxy->Handle(std::move(request), std::move(responder));
    });
  }

 private:
  http::Handler WithHeaders(http::Handler handler) {
    return [self = shared_from_this(), handler = std::move(handler)](http::Request request,
                                                                     http::ResponderPtr responder) {
      auto headered = std::make_shared<HeaderedResponder>(&self->context_, std::move(responder));
      if (request.method == "OPTIONS") return headered->Send(http::Response());
      handler(std::move(request), std::move(headered));
    };
  }

  void Serve(const std::string& prefix, HandleCall handle, const TermPtr& term,
             http::Request request, http::ResponderPtr responder) {
    auto call = std::make_shared<Call>();
    call->api = &context_;
    call->term = term;
    call->request = std::move(request);
    if (call->request.method == "HEAD") call->request.method = "GET";
    call->responder = responder;
    call->below = Below(call->request.path, prefix);
    const Status queued = context_.pool([self = shared_from_this(), call, handle] {
      call->snapshot = call->term->view->Get();
      call->now_ms = WallMs();
      handle(*call);
    });
    if (!queued.ok()) responder->Send(ErrorAnswer(503, queued.message()));
  }

  void OpenEvents(const TermPtr& term, const http::Request& request, http::ResponderPtr responder) {
    if (request.method != "GET" ||
        request.headers.Get("Accept").value_or("").find(http::kEventStreamType) ==
            std::string::npos) {
      http::Response response =
          ErrorAnswer(405, "Events are streamed: send GET with 'Accept: text/event-stream'");
      response.headers.Set("Allow", "GET");
      return responder->Send(std::move(response));
    }
    AttachStream attach;
    attach.id = next_stream_.fetch_add(1);
    attach.remote = request.peer;
    for (std::string& type : ListOf(request, "event_type")) attach.types.insert(std::move(type));
    const auto format = request.query.find("plan-format");
    attach.light_plans = format != request.query.end() && format->second == "light";
    http::Response head;
    head.headers.Set("Content-Type", std::string(http::kEventStreamType));
    const uint64_t id = attach.id;
    attach.writer = responder->Stream(std::move(head),
                                      [term, id] { term->events(DetachStream{id}); });
    const auto writer = attach.writer;
    if (!term->events(std::move(attach))) writer->Close();
  }

  const ApiContext context_;
  std::atomic<uint64_t> next_stream_{1};
};

http::Response Ping(const ApiContext&, const http::Request& request) {
  const std::string accept = request.headers.Get("Accept").value_or("");
  if (accept.find("application/json") != std::string::npos) return http::Response::Json("\"pong\"");
  return http::Response::Text(200, "pong");
}

http::Response Metrics(const ApiContext& context, const http::Request&) {
  std::string body;
  JsonWriter writer(&body);
  writer.BeginObject();
  WriteText("version", "4.0.0", writer);
  writer.Key("gauges");
  writer.BeginObject();
  for (const auto& [name, value] : context.metrics()) {
    writer.Key(name);
    writer.BeginObject();
    writer.Key("value");
    WriteNumber(value, writer);
    writer.EndObject();
  }
  writer.EndObject();
  for (const char* kind : {"counters", "histograms", "meters", "timers"}) {
    writer.Key(kind);
    writer.BeginObject();
    writer.EndObject();
  }
  writer.EndObject();
  return http::Response::Json(std::move(body));
}

http::Response Config(const ApiContext& context, const http::Request&) {
  std::string body;
  JsonWriter writer(&body);
  writer.BeginObject();
  for (const auto& [name, value] : context.flags) WriteText(name, value, writer);
  writer.EndObject();
  return http::Response::Json(std::move(body));
}

// Not routed: JSON as all errors, also below routes that have nothing beneath them.
http::Response UnknownRoute(const ApiContext&, const http::Request& request) {
  return ErrorAnswer(404, "URI not found: " + request.path);
}

http::Response Root(const ApiContext& context, const http::Request& request) {
  if (request.path != "/") return UnknownRoute(context, request);
  http::Response response;
  response.status = 302;
  response.headers.Set("Location", "/ui/");
  return response;
}

http::Response Ui(const ApiContext&, const http::Request&) {
  return ErrorAnswer(404, "meseta-services has no web pages: the API is below /v2/");
}

// Marathon's loggers by name. There is one here, whose level is set at the start.
http::Response Logging(const ApiContext& context, const http::Request& request) {
  if (request.method == "GET" || request.method == "HEAD") {
    const auto level = context.flags.find("logging_level");
    std::string body;
    JsonWriter writer(&body);
    writer.BeginObject();
    WriteText("ROOT", level == context.flags.end() ? "INFO" : level->second, writer);
    writer.EndObject();
    return http::Response::Json(std::move(body));
  }
  http::Response response =
      ErrorAnswer(405, "The log level is not changed at run time: set --logging_level");
  response.headers.Set("Allow", "GET");
  return response;
}

http::Response Pods(const ApiContext&, const http::Request& request) {
  if (request.method == "GET") return http::Response::Json("[]");
  if (request.method == "HEAD") return http::Response::Json("");
  return ErrorAnswer(501, "Pods are not there yet: use apps");
}

}  // namespace

void AddServicesRoutes(const ApiContext& context, http::Router* router) {
  const auto api = std::make_shared<Api>(context);
  const auto led = [&](const std::string& path, HandleCall handle, bool exact = false) {
    router->Add(path, Options(exact), api->Led(path, handle));
  };
  router->Add("/", Options(), api->Local(Root));
  router->Add("/ui", Options(), api->Local(Ui));
  router->Add("/logging", Options(true), api->Local(Logging));
  led("/v2/apps", HandleApps);
  led("/v2/groups", HandleGroups);
  led("/v2/deployments", HandleDeployments);
  led("/v2/tasks", HandleTasks);
  led("/v2/tasks/delete", HandleTasksDelete, true);
  led("/v2/queue", HandleQueue);
  led("/v2/info", HandleInfo, true);
  led("/v2/leader", HandleLeader, true);
  led("/meseta/why", HandleExplain);
  router->Add("/v2/events", Options(true), api->Events());
  router->Add("/v2/pods", Options(), api->Local(Pods));
  router->Add("/v2/pods::status", Options(), api->Local(Pods));
  router->Add("/v2/plugins", Options(), api->Local([](const ApiContext&, const http::Request&) {
    return http::Response::Json("{\"plugins\":[]}");
  }));
  http::RouteOptions open;
  router->Add("/ping", open, api->Local(Ping));
  router->Add("/config", Options(), api->Local(Config));
  router->Add("/metrics", Options(true), api->Local(Metrics));
  router->Add("/metrics/prometheus", Options(),
              api->Local([](const ApiContext& c, const http::Request&) {
                return http::Response::Text(200, c.prometheus());
              }));
}

}  // namespace meseta::services
