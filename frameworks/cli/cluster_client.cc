#include "frameworks/cli/cluster_client.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <thread>
#include <utility>

#include "actors/base/strings.h"
#include "actors/net/credentials_file.h"
#include "actors/net/tls_context.h"
#include "frameworks/cli/master_list.h"

namespace meseta::cli {
namespace {

constexpr size_t kTasksPerPage = 1000;
constexpr size_t kMaxShownAnswer = 500;
constexpr std::chrono::milliseconds kRoundPause{250};

Result<std::string> Authorization(const Options& options) {
  net::Credential credential{options.principal, options.secret};
  if (!options.credential.empty()) {
    if (!options.principal.empty()) {
      return InvalidArgument("--credential and --principal exclude each other");
    }
    ASSIGN_OR_RETURN(credential, net::ReadCredentialFile(options.credential.value));
  }
  if (credential.principal.empty()) {
    if (!credential.secret.empty()) return InvalidArgument("--secret needs --principal");
    return std::string();
  }
  return net::BasicAuthorization(credential);
}

// The last part of "GET http://...: Cannot connect to ...: Connection refused".
std::string Reason(const std::string& message) {
  const size_t colon = message.rfind(": ");
  std::string reason = colon == std::string::npos ? message : message.substr(colon + 2);
  if (!reason.empty()) reason.front() = strings::ToLower(reason.substr(0, 1)).front();
  return reason;
}

}  // namespace

Result<Access> MakeAccess(const Options& options) {
  Access access;
  ASSIGN_OR_RETURN(access.masters, ParseMasters(options.master));
  ASSIGN_OR_RETURN(access.authorization, Authorization(options));
  if (!options.tls_ca_file.empty()) {
    net::TlsFiles files;
    files.ca = options.tls_ca_file.value;
    auto tls = net::TlsContext::Client(files, true);
    if (!tls.ok()) return InvalidArgument("--tls_ca_file: " + tls.status().message());
    access.tls = std::move(*tls);
  }
  return access;
}

Status Unreachable(const std::vector<std::string>& masters, const Status& problem) {
  std::vector<std::string> shown;
  for (const std::string& master : masters) shown.push_back(ShownAddress(master));
  return Unavailable("cannot reach " +
                     (shown.size() == 1 ? "the master at " + shown.front()
                                        : "any master of " + strings::Join(shown, ", ")) +
                     ": " + Reason(problem.message()) +
                     "; is it running? Set --master or MESETA_MASTER");
}

Status StatusOf(const std::string& who, const http::Response& response) {
  if (response.status >= 200 && response.status < 300) return OkStatus();
  std::string said(strings::Trim(response.body.substr(0, kMaxShownAnswer)));
  if (!said.empty()) said = ": " + said;
  const std::string code = std::to_string(response.status);
  switch (response.status) {
    case 401:
      return Unauthenticated(who + " asks who you are" + said +
                             "; give --credential, or --principal and --secret");
    case 403:
      return PermissionDenied(who + " does not let you" + said);
    case 404:
      return NotFound(who + " answered 404" + said);
    case 503:
      return Unavailable(who + " is not ready (503)" + said);
    default:
      return Internal(who + " answered " + code + said);
  }
}

Result<http::Response> ClusterClient::Send(http::ClientRequest request) {
  if (!access_.authorization.empty()) {
    request.headers.Set("Authorization", access_.authorization);
  }
  const Duration deadline = request.timeout;
  return http::Fetch(std::move(request), deadline, access_.tls);
}

Result<http::Response> ClusterClient::ToMaster(http::ClientRequest request,
                                               const std::string& target) {
  request.max_redirects = kMaxRedirects;
  request.redirect_authorization = true;  // To the leader that a master names.
  if (access_.masters.size() > 1 && request.timeout == http::kDefaultRequestTimeout) {
    request.timeout = kSeveralTimeout;
  }
  const auto end = std::chrono::steady_clock::now() + std::chrono::nanoseconds(kLeaderPatience.nanos());
  for (;;) {
    Status problem;
    bool again = false;
    if (auto answer = OneRound(request, target, &problem, &again)) return *std::move(answer);
    if (!again || std::chrono::steady_clock::now() >= end) return problem;
    std::this_thread::sleep_for(kRoundPause);
  }
}

std::optional<Result<http::Response>> ClusterClient::OneRound(http::ClientRequest request,
                                                              const std::string& target,
                                                              Status* problem, bool* again) {
  const bool several = access_.masters.size() > 1;
  for (size_t i = 0; i < access_.masters.size(); ++i) {
    const std::string& master = access_.masters[i];
    if (several && !Answers(master)) {
      // What a master says that runs tells more.
      if (!*again) *problem = Unreachable(access_.masters, Unavailable("no answer"));
      continue;
    }
    request.url = master + target;
    auto response = Send(request);
    if (!response.ok()) {
      if (!*again) *problem = Unreachable(access_.masters, response.status());
      // It answered a moment ago. What changes something may have done so already.
      if (several && request.method != "GET") return Result<http::Response>(*problem);
      *again = *again || several;
      continue;
    }
    const Status answer = StatusOf("The master at " + ShownAddress(master), *response);
    if (response->status == 503) {  // Without a leader; another may know better.
      *problem = answer;
      *again = true;
      continue;
    }
    std::swap(access_.masters[0], access_.masters[i]);
    if (!answer.ok()) return Result<http::Response>(answer);
    return response;
  }
  return std::nullopt;
}

bool ClusterClient::Answers(const std::string& master) {
  http::ClientRequest request;
  request.url = master + "/version";
  return http::Fetch(std::move(request), kProbeTimeout, access_.tls).ok();
}

Result<http::Response> ClusterClient::Get(const std::string& target, Duration deadline) {
  http::ClientRequest request;
  request.timeout = deadline;
  return ToMaster(std::move(request), target);
}

Result<http::Response> ClusterClient::Post(const std::string& target,
                                           const std::string& content_type, std::string body,
                                           const std::string& accept) {
  http::ClientRequest request;
  request.method = "POST";
  request.headers.Set("Content-Type", content_type);
  request.headers.Set("Accept", accept);
  request.body = std::move(body);
  return ToMaster(std::move(request), target);
}

Result<std::vector<TaskRow>> ClusterClient::Tasks() {
  std::vector<TaskRow> rows;
  std::set<std::pair<std::string, std::string>> seen;  // Pages shift while tasks come.
  for (size_t offset = 0; offset < kMaxListedTasks; offset += kTasksPerPage) {
    ASSIGN_OR_RETURN(
        const http::Response response,
        Get("/tasks?limit=" + std::to_string(kTasksPerPage) + "&offset=" + std::to_string(offset)));
    ASSIGN_OR_RETURN(std::vector<TaskRow> page, ReadTasks(response.body));
    const bool last = page.size() < kTasksPerPage;
    for (TaskRow& row : page) {
      if (seen.emplace(row.framework, row.id).second) rows.push_back(std::move(row));
    }
    if (last) break;
  }
  std::stable_sort(rows.begin(), rows.end(),
                   [](const TaskRow& a, const TaskRow& b) { return a.since > b.since; });
  return rows;
}

Result<std::vector<AgentRow>> ClusterClient::Agents() {
  ASSIGN_OR_RETURN(const http::Response response, Get("/slaves"));
  return ReadAgents(response.body);
}

Result<std::vector<FrameworkRow>> ClusterClient::Frameworks(bool all) {
  ASSIGN_OR_RETURN(const http::Response response, Get("/frameworks"));
  return ReadFrameworks(response.body, all);
}

}  // namespace meseta::cli
