#include "agent/api/agent_api.h"

#include <memory>
#include <utility>

#include "actors/base/logging.h"
#include "actors/endpoints/api_call.h"
#include "actors/endpoints/operator_fill.h"
#include "agent/api/agent_metrics.h"
#include "agent/api/operator_response.h"

namespace meseta::agent {
namespace {

using http::ContentType;
using http::Request;
using http::ResponderPtr;
using http::Response;
using v1::agent::Call;
using ContextPtr = std::shared_ptr<const AgentApiContext>;

Response Recovering() { return Response::Text(503, "Agent has not finished recovery"); }

http::RouteOptions Options(http::Realm realm, std::vector<std::string> methods) {
  http::RouteOptions options;
  options.realm = realm;
  options.methods = std::move(methods);
  return options;
}

// ---- /state, /containers, /monitor/statistics

void State(const ContextPtr& context, const ResponderPtr& responder) {
  endpoints::AnswerOnPool(context->common.pool, responder, [context] {
    const AgentSnapshotPtr view = context->snapshot();
    if (view == nullptr) return Recovering();
    return Response::Json(StateJson(*view, endpoints::CurrentBuild(), context->common.flags()));
  });
}

// The executors with a container whose process runs.
std::vector<ExecutorPtr> Running(const AgentSnapshot& view) {
  std::vector<ExecutorPtr> executors;
  for (const auto& [id, framework] : view.frameworks) {
    for (const ExecutorPtr& executor : framework->executors) {
      if (executor->stage == ExecutorRecord::Stage::kLaunched) executors.push_back(executor);
    }
  }
  return executors;
}

std::string QueryOf(const Request& request, const char* name) {
  const auto it = request.query.find(name);
  return it == request.query.end() ? "" : it->second;
}

// The executors that the query asks for; an error for a mix that Mesos refuses.
Result<std::vector<ExecutorPtr>> Selected(const AgentSnapshot& view, const Request& request) {
  const std::string container = QueryOf(request, "container_id");
  const std::string framework = QueryOf(request, "framework_id");
  const std::string executor = QueryOf(request, "executor_id");
  if ((!container.empty() && (!framework.empty() || !executor.empty())) ||
      (!executor.empty() && framework.empty())) {
    return InvalidArgument(
        "Either 'container_id', or 'framework_id' with or without 'executor_id', may be given");
  }
  std::vector<ExecutorPtr> selected;
  for (const ExecutorPtr& candidate : Running(view)) {
    if (!container.empty() && candidate->container.value() != container) continue;
    if (!framework.empty() && candidate->task.framework_id().value() != framework) continue;
    if (!executor.empty() && candidate->info.executor_id().value() != executor) continue;
    selected.push_back(candidate);
  }
  return selected;
}

using RenderUsage = std::string (*)(const std::vector<ExecutorUsage>&);

void Usage(const ContextPtr& context, const Request& request, const ResponderPtr& responder,
           RenderUsage render) {
  const AgentSnapshotPtr view = context->snapshot();
  if (view == nullptr) return responder->Send(Recovering());
  auto selected = Selected(*view, request);
  if (!selected.ok()) return responder->Send(Response::Error(selected.status()));
  context->usage(*std::move(selected),
                 [context, responder, render](std::vector<ExecutorUsage> usages) {
                   auto shared = std::make_shared<std::vector<ExecutorUsage>>(std::move(usages));
                   endpoints::AnswerOnPool(context->common.pool, responder, [shared, render] {
                     return Response::Json(render(*shared));
                   });
                 });
}

// ---- POST /api/v1

Response Send(const OperatorResponse& response, ContentType type) {
  Response answer;
  answer.headers.Set("Content-Type", std::string(http::MediaType(type)));
  answer.body = RenderResponse(response, type);
  return answer;
}

void FillAgent(const AgentSnapshot& view, OperatorResponse* response) {
  *response->mutable_get_agent()->mutable_agent_info() = view.agent->info;
}

// Calls that are answered from the snapshot and the common context. On the pool.
Response Answer(const ContextPtr& context, const Call& call, ContentType type) {
  OperatorResponse response;
  response.set_type(static_cast<OperatorResponse::Type>(0));
  OperatorResponse::Type answer_type{};
  if (!OperatorResponse::Type_Parse(Call::Type_Name(call.type()), &answer_type)) {
    return Response::Text(501, "");
  }
  response.set_type(answer_type);
  const AgentSnapshotPtr view = context->snapshot();
  if (view == nullptr && call.type() != Call::GET_HEALTH) return Recovering();
  switch (call.type()) {
    case Call::GET_HEALTH: response.mutable_get_health()->set_healthy(true); break;
    case Call::GET_FLAGS: endpoints::FillFlags(context->common, &response); break;
    case Call::GET_VERSION: endpoints::FillVersion(&response); break;
    case Call::GET_METRICS: endpoints::FillMetrics(context->common, call, &response); break;
    case Call::GET_LOGGING_LEVEL:
      response.mutable_get_logging_level()->set_level(static_cast<uint32_t>(FLAGS_v));
      break;
    case Call::LIST_FILES:
    case Call::READ_FILE:
      if (const Status filled = endpoints::FillFiles(*context->common.files, call, &response);
          !filled.ok()) {
        return filled.code() == StatusCode::kNotFound ? Response::Text(404, "")
                                                      : Response::Error(filled);
      }
      break;
    case Call::GET_STATE:
      FillGetTasks(*view, response.mutable_get_state()->mutable_get_tasks());
      FillGetExecutors(*view, response.mutable_get_state()->mutable_get_executors());
      FillGetFrameworks(*view, response.mutable_get_state()->mutable_get_frameworks());
      break;
    case Call::GET_FRAMEWORKS: FillGetFrameworks(*view, response.mutable_get_frameworks()); break;
    case Call::GET_EXECUTORS: FillGetExecutors(*view, response.mutable_get_executors()); break;
    case Call::GET_TASKS: FillGetTasks(*view, response.mutable_get_tasks()); break;
    case Call::GET_AGENT: FillAgent(*view, &response); break;
    case Call::GET_OPERATIONS: response.mutable_get_operations(); break;
    case Call::GET_RESOURCE_PROVIDERS: response.mutable_get_resource_providers(); break;
    default: return Response::Text(501, "");
  }
  return Send(response, type);
}

const std::set<std::string>& CallsWithoutBody() {
  static const std::set<std::string> names{
      "UNKNOWN",      "GET_HEALTH",     "GET_FLAGS",     "GET_VERSION",
      "GET_STATE",    "GET_CONTAINERS", "GET_FRAMEWORKS", "GET_EXECUTORS",
      "GET_TASKS",    "GET_AGENT",      "GET_OPERATIONS", "GET_RESOURCE_PROVIDERS",
      "PRUNE_IMAGES", "GET_LOGGING_LEVEL"};
  return names;
}

// Calls of the API that this agent has no use for yet: 501 with a sentence.
bool IsAnswered(Call::Type type) {
  switch (type) {
    case Call::GET_HEALTH:
    case Call::GET_FLAGS:
    case Call::GET_VERSION:
    case Call::GET_METRICS:
    case Call::GET_LOGGING_LEVEL:
    case Call::LIST_FILES:
    case Call::READ_FILE:
    case Call::GET_STATE:
    case Call::GET_CONTAINERS:
    case Call::GET_FRAMEWORKS:
    case Call::GET_EXECUTORS:
    case Call::GET_TASKS:
    case Call::GET_AGENT:
    case Call::GET_OPERATIONS:
    case Call::GET_RESOURCE_PROVIDERS: return true;
    default: return false;
  }
}

void Operator(const ContextPtr& context, const Request& request, const ResponderPtr& responder) {
  auto call = std::make_shared<Call>();
  if (auto refusal = endpoints::ParseApiCall(request, call.get())) {
    return responder->Send(*std::move(refusal));
  }
  const Status valid = endpoints::ValidateApiCall(*call, "agent::Call", CallsWithoutBody());
  if (!valid.ok()) return responder->Send(Response::Text(400, valid.message()));
  const auto accepted = http::NegotiateAccept(request);
  if (!accepted.ok()) return responder->Send(Response::Text(406, accepted.status().message()));
  const ContentType type = *accepted;
  if (!IsAnswered(call->type())) {
    return responder->Send(Response::Text(
        501, "The call " + Call::Type_Name(call->type()) + " is not implemented by this agent"));
  }
  if (call->type() != Call::GET_CONTAINERS) {
    endpoints::AnswerOnPool(context->common.pool, responder,
                            [context, call, type] { return Answer(context, *call, type); });
    return;
  }
  const AgentSnapshotPtr view = context->snapshot();
  if (view == nullptr) return responder->Send(Recovering());
  context->usage(Running(*view), [context, responder, type](std::vector<ExecutorUsage> usages) {
    auto shared = std::make_shared<std::vector<ExecutorUsage>>(std::move(usages));
    endpoints::AnswerOnPool(context->common.pool, responder, [shared, type] {
      OperatorResponse response;
      response.set_type(OperatorResponse::GET_CONTAINERS);
      FillGetContainers(*shared, response.mutable_get_containers());
      return Send(response, type);
    });
  });
}

}  // namespace

void AddAgentRoutes(AgentApiContext given, http::Router* router) {
  const auto metrics = [snapshot = given.snapshot, wall = given.wall](Duration) {
    const AgentSnapshotPtr view = snapshot();
    if (view == nullptr) return std::map<std::string, double>{};
    return AgentMetrics(*view, endpoints::ReadSystemStats(), wall());
  };
  given.common.metrics = metrics;
  given.common.prometheus = [metrics] { return PrometheusText(metrics(Duration())); };
  endpoints::AddCommonRoutes(given.common, router);
  const auto context = std::make_shared<const AgentApiContext>(std::move(given));
  router->Add("/state", Options(http::Realm::kReadOnly, {}),
              [context](const Request&, ResponderPtr responder) { State(context, responder); });
  router->Add("/containers", Options(http::Realm::kReadOnly, {}),
              [context](Request request, ResponderPtr responder) {
                Usage(context, request, responder, ContainersJson);
              });
  router->Add("/monitor/statistics", Options(http::Realm::kReadOnly, {}),
              [context](Request request, ResponderPtr responder) {
                Usage(context, request, responder, StatisticsJson);
              });
  router->Add("/api/v1", Options(http::Realm::kReadWrite, {"POST"}),
              [context](Request request, ResponderPtr responder) {
                Operator(context, request, responder);
              });
  router->Alias("/slave(1)");
}

}  // namespace meseta::agent
