#include "agent/api/agent_api.h"

#include <memory>
#include <utility>

#include "actors/base/logging.h"
#include "actors/endpoints/api_call.h"
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

void FillFlags(const AgentApiContext& context, OperatorResponse* response) {
  auto* flags = response->mutable_get_flags();
  for (const auto& [name, value] : context.common.flags()) {
    auto* flag = flags->add_flags();
    flag->set_name(name);
    flag->set_value(value);
  }
}

void FillVersion(OperatorResponse* response) {
  const endpoints::BuildInfo& build = endpoints::CurrentBuild();
  auto* info = response->mutable_get_version()->mutable_version_info();
  info->set_version(build.version);
  info->set_build_date(build.build_date);
  info->set_build_time(build.build_time);
  info->set_build_user(build.build_user);
}

void FillMetrics(const AgentApiContext& context, const Call& call, OperatorResponse* response) {
  const Duration timeout = call.get_metrics().has_timeout()
                               ? Duration::Nanos(call.get_metrics().timeout().nanoseconds())
                               : Duration::Seconds(10);
  auto* metrics = response->mutable_get_metrics();
  for (const auto& [name, value] : context.common.metrics(timeout)) {
    auto* metric = metrics->add_metrics();
    metric->set_name(name);
    metric->set_value(value);
  }
}

std::optional<Response> FillFiles(const AgentApiContext& context, const Call& call,
                                  OperatorResponse* response) {
  const auto refused = [](const Status& status) {
    return status.code() == StatusCode::kNotFound ? Response::Text(404, "")
                                                  : Response::Error(status);
  };
  if (call.type() == Call::LIST_FILES) {
    const auto entries = context.common.files->Browse(call.list_files().path());
    if (!entries.ok()) return refused(entries.status());
    auto* list = response->mutable_list_files();
    for (const endpoints::FileEntry& entry : *entries) {
      auto* info = list->add_file_infos();
      info->set_path(entry.path);
      info->set_nlink(static_cast<int32_t>(entry.nlink));
      info->set_size(entry.size);
      info->mutable_mtime()->set_nanoseconds(static_cast<int64_t>(entry.mtime * 1e9));
      info->set_mode(entry.mode_bits);
      info->set_uid(entry.uid);
      info->set_gid(entry.gid);
    }
    return std::nullopt;
  }
  const auto& wanted = call.read_file();
  const auto chunk =
      context.common.files->Read(wanted.path(), wanted.offset(),
                                 wanted.has_length() ? static_cast<size_t>(wanted.length())
                                                     : endpoints::kMaxReadBytes);
  if (!chunk.ok()) return refused(chunk.status());
  response->mutable_read_file()->set_size(chunk->size);
  response->mutable_read_file()->set_data(chunk->data);
  return std::nullopt;
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
    case Call::GET_FLAGS: FillFlags(*context, &response); break;
    case Call::GET_VERSION: FillVersion(&response); break;
    case Call::GET_METRICS: FillMetrics(*context, call, &response); break;
    case Call::GET_LOGGING_LEVEL:
      response.mutable_get_logging_level()->set_level(static_cast<uint32_t>(FLAGS_v));
      break;
    case Call::LIST_FILES:
    case Call::READ_FILE:
      if (auto refusal = FillFiles(*context, call, &response)) return *std::move(refusal);
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
