// Call: one request of the API while this daemon leads: the request, the term it belongs to, and how it
// is answered. Handlers take one, on the render pool, and answer it once.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "frameworks/services/api/answers.h"
#include "frameworks/services/api/parameters.h"
#include "frameworks/services/api/services_api.h"

namespace meseta::services {

struct Call {
  const ApiContext* api = nullptr;  // Outlives all calls.
  TermPtr term;
  http::Request request;
  http::ResponderPtr responder;
  SnapshotPtr snapshot;  // As of now.
  int64_t now_ms = 0;
  std::string below;     // What follows the route: "/shop/web/tasks".

  void Send(http::Response response) const { responder->Send(std::move(response)); }
  void SendJson(std::string json, int status = 200) const {
    Send(http::Response::Json(std::move(json), status));
  }
  void Refuse(const ApiError& error) const { Send(ErrorAnswer(error)); }
  void Refuse(int status, const std::string& message) const { Send(ErrorAnswer(status, message)); }
  void MethodNotAllowed(const std::string& allowed) const {
    http::Response response = ErrorAnswer(405, "HTTP 405 Method Not Allowed");
    response.headers.Set("Allow", allowed);
    Send(std::move(response));
  }
  // Asks the core; `render` makes the answer of what was done, refusals are rendered here.
  void Ask(ServicesCommand command, std::function<http::Response(const WriteDone&)> render) const;
  // The same for changes of the catalog, with `force` and `dryRun` of the request.
  void Change(services::Change change, bool force_absent,
              std::function<http::Response(const WriteDone&)> render) const;
};

// Each handles what is below its route.
void HandleApps(const Call& call);
void HandleGroups(const Call& call);
void HandleDeployments(const Call& call);
void HandleTasks(const Call& call);
void HandleTasksDelete(const Call& call);
void HandleQueue(const Call& call);
void HandleInfo(const Call& call);
void HandleLeader(const Call& call);
void HandleExplain(const Call& call);

// Of several apps, for /v2/apps/{id}/tasks and /v2/tasks.
void DeleteTasks(const Call& call, const std::vector<InstancePtr>& instances, bool one);

}  // namespace meseta::services
