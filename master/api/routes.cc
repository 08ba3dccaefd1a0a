#include "master/api/routes.h"

#include <charconv>
#include <utility>

#include "master/api/state_json.h"

namespace meseta::master {
namespace {

using http::Request;
using http::ResponderPtr;
using http::Response;

http::RouteOptions Posts(http::Realm realm) {
  http::RouteOptions options;
  options.realm = realm;
  options.methods = {"POST"};
  return options;
}

http::RouteOptions Reads() {
  http::RouteOptions options;
  options.realm = http::Realm::kReadOnly;
  return options;
}

std::optional<std::string> Query(const Request& request, const std::string& name) {
  const auto it = request.query.find(name);
  if (it == request.query.end() || it->second.empty()) return std::nullopt;
  return it->second;
}

Result<size_t> Count(const Request& request, const std::string& name, size_t otherwise) {
  const auto text = Query(request, name);
  if (!text) return otherwise;
  size_t value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error == std::errc() && end == text->data() + text->size()) return value;
  return InvalidArgument("Failed to parse '" + name + "': expecting a whole number, not '" + *text +
                         "'");
}

Result<TasksQuery> ParseTasksQuery(const Request& request) {
  TasksQuery query;
  ASSIGN_OR_RETURN(query.limit, Count(request, "limit", query.limit));
  ASSIGN_OR_RETURN(query.offset, Count(request, "offset", query.offset));
  query.ascending = Query(request, "order").value_or("des") == "asc";
  if (auto id = Query(request, "framework_id")) query.framework = FrameworkId(*id);
  if (auto id = Query(request, "task_id")) query.task = TaskId(*id);
  return query;
}

// A JSON document rendered from the current snapshot on the pool.
http::Handler Document(const OperatorApiContext& context,
                       std::function<std::string(const Snapshot&, const Request&)> render) {
  return [context, render = std::move(render)](Request request, ResponderPtr responder) {
    endpoints::AnswerOnPool(
        context.common.pool, responder,
        [view = context.view, render, request = std::move(request)] {
          return Response::Json(render(*view(), request));
        });
  };
}

void AddDocuments(const OperatorApiContext& context, http::Router* router) {
  router->Add("/state", Reads(), Document(context, [flags = context.common.flags](const Snapshot& view,
                                                                      const Request&) {
    return StateJson(view, endpoints::CurrentBuild(), flags());
  }));
  router->Add("/state-summary", Reads(), Document(context, [](const Snapshot& view, const Request&) {
    return StateSummaryJson(view);
  }));
  router->Add("/slaves", Reads(), Document(context, [](const Snapshot& view, const Request& request) {
    const auto id = Query(request, "slave_id");
    return AgentsJson(view, id ? std::optional(AgentId(*id)) : std::nullopt);
  }));
  router->Add("/frameworks", Reads(),
              Document(context, [](const Snapshot& view, const Request& request) {
                const auto id = Query(request, "framework_id");
                return FrameworksJson(view, id ? std::optional(FrameworkId(*id)) : std::nullopt);
              }));
  router->Add("/tasks", Reads(), [context](Request request, ResponderPtr responder) {
    const auto query = ParseTasksQuery(request);
    if (!query.ok()) return responder->Send(Response::Text(400, query.status().message()));
    endpoints::AnswerOnPool(context.common.pool, responder, [view = context.view, query = *query] {
      return Response::Json(TasksJson(*view(), query));
    });
  });
}

}  // namespace

http::Router MasterRoutes(const RoutesContext& context) {
  http::Router router;
  router.Alias("/master");
  endpoints::AddCommonRoutes(context.operators.common, &router);
  AddDocuments(context.operators, &router);
  router.Add("/api/v1/scheduler", Posts(http::Realm::kScheduler), SchedulerApi(context.schedulers));
  router.Add("/api/v1", Posts(http::Realm::kReadWrite), OperatorApi(context.operators));
  router.Add("/teardown", Posts(http::Realm::kReadWrite),
             TeardownEndpoint(context.operators.post));
  http::RouteOptions exact;
  exact.exact = true;
  router.Add("/redirect", exact,
             [location = context.redirect_location](const Request&, ResponderPtr responder) {
               Response response = Response::Text(307, "");
               response.headers.Set("Location", location);
               responder->Send(std::move(response));
             });
  return router;
}

}  // namespace meseta::master
