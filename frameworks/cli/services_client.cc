#include "frameworks/cli/services_client.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "frameworks/cli/app_file.h"
#include "frameworks/cli/master_list.h"

namespace meseta::cli {
namespace {

constexpr uint16_t kServicesPort = 8080;
constexpr std::chrono::milliseconds kRoundPause{250};
// Of one daemon among several, which may hang; it holds requests for 5 s while there is no leader.
constexpr Duration kRequestTimeout = Duration::Seconds(10);

std::string NobodyAnswers(const std::vector<std::string>& services, const Status& problem) {
  std::string where;
  for (const std::string& service : services) {
    where += (where.empty() ? "" : ", ") + ShownAddress(service);
  }
  return "cannot reach meseta-services at " + where + ": " + problem.message() +
         "; is it running? Set --services or MESETA_SERVICES";
}

}  // namespace

Result<std::vector<std::string>> ParseServices(std::string_view text) {
  return ParseBases(text, {"--services", "daemons of meseta-services", kServicesPort});
}

Result<http::Response> ServicesClient::Get(const std::string& target) {
  return Send("GET", target);
}

Result<http::Response> ServicesClient::Send(const std::string& method, const std::string& target,
                                            std::string json) {
  http::ClientRequest request;
  request.method = method;
  request.body = std::move(json);
  if (!request.body.empty()) request.headers.Set("Content-Type", "application/json");
  request.headers.Set("Accept", "application/json");
  if (!access_.authorization.empty()) {
    request.headers.Set("Authorization", access_.authorization);
  }
  const bool several = services_.size() > 1;
  if (several) request.timeout = kRequestTimeout;
  const bool repeatable = method == "GET";
  const auto end =
      std::chrono::steady_clock::now() + std::chrono::nanoseconds(kLeaderPatience.nanos());
  for (;;) {
    Status problem;
    bool again = false;  // Somebody runs, but without a leader.
    for (size_t i = 0; i < services_.size(); ++i) {
      // A change that is sent is not sent again, so it goes to one that answers.
      if (!repeatable && several && !Answers(services_[i])) {
        if (!again) problem = Unavailable(NobodyAnswers(services_, Unavailable("no answer")));
        continue;
      }
      request.url = services_[i] + target;
      auto response = http::Fetch(request, request.timeout, access_.tls);
      if (!response.ok()) {
        if (!again) problem = Unavailable(NobodyAnswers(services_, response.status()));
        if (!repeatable) return problem;
        continue;
      }
      const bool no_leader = response->status == 503 || response->status == 502;
      if (no_leader) {
        problem = Judge(*response);
        if (!repeatable) return problem;
        again = true;
        continue;
      }
      std::swap(services_[0], services_[i]);
      RETURN_IF_ERROR(Judge(*response));
      return response;
    }
    if (!again || std::chrono::steady_clock::now() >= end) return problem;
    std::this_thread::sleep_for(kRoundPause);
  }
}

bool ServicesClient::Answers(const std::string& service) const {
  http::ClientRequest request;
  request.url = service + "/ping";
  return http::Fetch(std::move(request), kProbeTimeout, access_.tls).ok();
}

Status ServicesClient::Judge(const http::Response& response) const {
  if (response.status >= 200 && response.status < 300) return OkStatus();
  const std::string problem = ApiProblem(response.body);
  switch (response.status) {
    case 400:
    case 422:
      return FailedPrecondition("meseta-services refused this: " + problem);
    case 404:
      return NotFound(problem + "; meseta service ls lists the apps");
    case 409:
      return FailedPrecondition(
          problem + " Here: wait for that deployment, undo it with meseta service rollback, or give "
                    "--force to replace it");
    default:
      return StatusOf("meseta-services at " + ShownAddress(services_.front()), response);
  }
}

Result<ServiceApp> ServicesClient::App(const std::string& app) {
  ASSIGN_OR_RETURN(const http::Response response, Get("/v2/apps" + UrlPath(app)));
  return ReadApp(response.body);
}

Result<std::vector<ServiceApp>> ServicesClient::Apps() {
  ASSIGN_OR_RETURN(const http::Response response, Get("/v2/apps"));
  return ReadApps(response.body);
}

Result<std::vector<ServiceDeployment>> ServicesClient::Deployments() {
  ASSIGN_OR_RETURN(const http::Response response, Get("/v2/deployments"));
  return ReadDeployments(response.body);
}

Result<WhyAnswer> ServicesClient::Why(const std::string& app) {
  ASSIGN_OR_RETURN(const http::Response response, Get("/meseta/why" + UrlPath(app)));
  return ReadWhy(response.body);
}

Result<std::vector<std::string>> ServicesClient::Versions(const std::string& app) {
  ASSIGN_OR_RETURN(const http::Response response,
                   Get("/v2/apps" + UrlPath(app) + "/versions"));
  return ReadVersions(response.body);
}

Result<StartedDeployment> ServicesClient::Change(const std::string& method,
                                                 const std::string& target, std::string json) {
  ASSIGN_OR_RETURN(const http::Response response, Send(method, target, std::move(json)));
  return ReadStarted(response.body);
}

}  // namespace meseta::cli
