#include "master/api/operator_api.h"

#include <glog/logging.h>

#include <utility>

#include "actors/base/json/json_codec.h"
#include "actors/endpoints/api_call.h"
#include "actors/endpoints/operator_fill.h"
#include "actors/http/negotiation.h"
#include "actors/http/url.h"
#include "master/api/operator_response.h"

namespace meseta::master {
namespace {

using Call = v1::master::Call;
using Response = v1::master::Response;

// Calls whose type alone says everything.
const std::set<std::string>& CallsWithoutBody() {
  static const std::set<std::string> names = {
      "GET_HEALTH",  "GET_FLAGS",      "GET_VERSION",     "GET_LOGGING_LEVEL",
      "GET_STATE",   "GET_AGENTS",     "GET_FRAMEWORKS",  "GET_EXECUTORS",
      "GET_OPERATIONS", "GET_TASKS",   "GET_ROLES",       "GET_WEIGHTS",
      "GET_MASTER",  "SUBSCRIBE",      "GET_MAINTENANCE_STATUS",
      "GET_MAINTENANCE_SCHEDULE",      "GET_QUOTA"};
  return names;
}

// The answer to a reading call. Unimplemented for everything else.
Status Fill(const endpoints::CommonContext& common, const SnapshotPtr& view, const Call& call,
            Response* out) {
  Response::Type type = Response::UNKNOWN;
  if (!Response::Type_Parse(Call::Type_Name(call.type()), &type)) {
    return Unimplemented("The operator call " + Call::Type_Name(call.type()) +
                         " is not served by this version of Meseta");
  }
  out->set_type(type);
  switch (call.type()) {
    case Call::GET_HEALTH: out->mutable_get_health()->set_healthy(true); break;
    case Call::GET_FLAGS: endpoints::FillFlags(common, out); break;
    case Call::GET_VERSION: endpoints::FillVersion(out); break;
    case Call::GET_METRICS: endpoints::FillMetrics(common, call, out); break;
    case Call::GET_LOGGING_LEVEL:
      out->mutable_get_logging_level()->set_level(static_cast<uint32_t>(FLAGS_v));
      break;
    case Call::LIST_FILES:
    case Call::READ_FILE: return endpoints::FillFiles(*common.files, call, out);
    case Call::GET_STATE: FillGetState(*view, out->mutable_get_state()); break;
    case Call::GET_AGENTS: FillGetAgents(*view, out->mutable_get_agents()); break;
    case Call::GET_FRAMEWORKS: FillGetFrameworks(*view, out->mutable_get_frameworks()); break;
    // Command tasks run without executors, and other tasks are not launched yet.
    case Call::GET_EXECUTORS: out->mutable_get_executors(); break;
    case Call::GET_TASKS: FillGetTasks(*view, out->mutable_get_tasks()); break;
    case Call::GET_ROLES: FillGetRoles(*view, out->mutable_get_roles()); break;
    case Call::GET_MASTER: FillGetMaster(*view, out->mutable_get_master()); break;
    default:
      return Unimplemented("The operator call " + Call::Type_Name(call.type()) +
                           " is not served by this version of Meseta");
  }
  return OkStatus();
}

http::Response Render(const endpoints::CommonContext& common, const SnapshotPtr& view,
                      const Call& call, http::ContentType type) {
  Response out;
  if (const Status status = Fill(common, view, call, &out); !status.ok()) {
    return http::Response::Error(status);
  }
  if (type == http::ContentType::kJson) return http::Response::Json(OperatorResponseJson(out));
  http::Response response;
  response.headers.Set("Content-Type", std::string(http::kProtobufType));
  response.body = out.SerializePartialAsString();
  return response;
}

void Handle(const endpoints::CommonContext& common, const TermPtr& term,
            const http::Request& request, const http::ResponderPtr& responder) {
  Call call;
  if (auto refusal = endpoints::ParseApiCall(request, &call)) {
    return responder->Send(std::move(*refusal));
  }
  const Status valid = endpoints::ValidateApiCall(call, "master::Call", CallsWithoutBody());
  if (!valid.ok()) return responder->Send(http::Response::Text(400, valid.message()));
  const auto accept = http::NegotiateAccept(request);
  if (!accept.ok()) return responder->Send(http::Response::Text(406, accept.status().message()));
  switch (call.type()) {
    case Call::UNKNOWN:
      return responder->Send(http::Response::Text(501, "The call type UNKNOWN asks for nothing"));
    case Call::TEARDOWN:
    case Call::MARK_AGENT_GONE:
      term->post(OperatorCallArrived{std::move(call), request.principal, responder});
      return;
    default:
      return endpoints::AnswerOnPool(
          common.pool, responder,
          [common, view = term->view->Get(), call, type = *accept] {
            return Render(common, view, call, type);
          });
  }
}

}  // namespace

TermHandler OperatorApi(endpoints::CommonContext common) {
  return [common = std::move(common)](const TermPtr& term, const http::Request& request,
                                      const http::ResponderPtr& responder) {
    Handle(common, term, request, responder);
  };
}

TermHandler TeardownEndpoint() {
  return [](const TermPtr& term, const http::Request& request, http::ResponderPtr responder) {
    const auto form = http::ParseQuery(request.body);
    if (!form.ok()) return responder->Send(http::Response::Text(400, form.status().message()));
    const auto id = form->find("frameworkId");
    if (id == form->end()) {
      return responder->Send(
          http::Response::Text(400, "Missing 'frameworkId' query parameter in the request body"));
    }
    v1::master::Call call;
    call.set_type(v1::master::Call::TEARDOWN);
    call.mutable_teardown()->mutable_framework_id()->set_value(id->second);
    term->post(OperatorCallArrived{std::move(call), request.principal, std::move(responder)});
  };
}

}  // namespace meseta::master
