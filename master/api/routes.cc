#include "master/api/routes.h"

#include <charconv>
#include <utility>

#include "master/api/operator_api.h"
#include "master/api/scheduler_api.h"
#include "master/api/state_json.h"
#include "state/registry/registry_json.h"

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

// A JSON document rendered on the pool. The snapshot is taken at once, while the lease holds.
http::Handler Document(const RoutesContext& context,
                       std::function<std::string(const Snapshot&, const Request&)> render) {
  return LeaderOnly(context.leadership, [pool = context.common.pool, render = std::move(render)](
                                            const TermPtr& term, Request request,
                                            const ResponderPtr& responder) {
    endpoints::AnswerOnPool(
        pool, responder, [view = term->view->Get(), render, request = std::move(request)] {
          return Response::Json(render(*view, request));
        });
  });
}

void AddDocuments(const RoutesContext& context, http::Router* router) {
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
  const auto tasks = [pool = context.common.pool](const TermPtr& term, const Request& request,
                                                  const ResponderPtr& responder) {
    const auto query = ParseTasksQuery(request);
    if (!query.ok()) return responder->Send(Response::Text(400, query.status().message()));
    endpoints::AnswerOnPool(pool, responder, [view = term->view->Get(), query = *query] {
      return Response::Json(TasksJson(*view, query));
    });
  };
  router->Add("/tasks", Reads(), LeaderOnly(context.leadership, tasks));
  // Under the name of Mesos' actor.
  const auto registry = [context](const TermPtr& term, const Request&,
                                  const ResponderPtr& responder) {
    endpoints::AnswerOnPool(
        context.common.pool, responder, [read = context.registry, view = term->view->Get()] {
          const auto state = read();
          if (!state.ok()) return Response::Error(state.status());
          return Response::Json(registry::RegistryJson(*state, &view->master.info));
        });
  };
  router->Add("/registrar(1)/registry", Reads(), LeaderOnly(context.leadership, registry));
}

// Without the path that was asked for: who follows it comes to the leader's front door.
http::Handler Redirect(const RoutesContext& context) {
  return [leadership = context.leadership, self = context.address](const Request&,
                                                                   const ResponderPtr& responder) {
    const LeadershipPtr now = leadership();
    Leadership target = *now;
    if (now->term && now->term->leads()) {
      target.term = nullptr;
      target.leader = self;
    }
    responder->Send(NotTheLeader(target, Request{}));
  };
}

}  // namespace

http::Router MasterRoutes(const RoutesContext& context) {
  http::Router router;
  router.Alias("/master");
  endpoints::AddCommonRoutes(context.common, &router);
  AddDocuments(context, &router);
  router.Add(kSchedulerApiPath, Posts(http::Realm::kScheduler),
             LeaderOnly(context.leadership, SchedulerApi(context.new_uuid)));
  router.Add("/api/v1", Posts(http::Realm::kReadWrite),
             LeaderOnly(context.leadership, OperatorApi(context.common)));
  router.Add("/teardown", Posts(http::Realm::kReadWrite),
             LeaderOnly(context.leadership, TeardownEndpoint()));
  AddLogRoutes(context.log, &router);
  http::RouteOptions exact;
  exact.exact = true;
  router.Add("/redirect", exact, Redirect(context));
  return router;
}

}  // namespace meseta::master
