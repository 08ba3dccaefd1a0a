#include "frameworks/services/api/leader_proxy.h"

#include <algorithm>
#include <array>
#include <utility>

#include "frameworks/services/api/answers.h"

namespace meseta::services {
namespace {

constexpr std::string_view kVia = "1.1 meseta-services";
constexpr Duration kProxyTimeout = Duration::Seconds(60);

// Of one connection, not of what it carries.
bool IsHopByHop(std::string_view name) {
  static constexpr std::array<std::string_view, 10> kNames{
      "Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "TE", "Trailer",
      "Transfer-Encoding", "Upgrade", "Content-Length", "Host"};
  return std::any_of(kNames.begin(), kNames.end(),
                     [&](std::string_view known) { return http::SameName(name, known); });
}

bool IsEvents(const http::Request& request) { return request.path.starts_with("/v2/events"); }

// The client has undone the compression.
bool DescribesBody(std::string_view name) { return http::SameName(name, "Content-Encoding"); }

}  // namespace

void LeaderProxy::Handle(http::Request request, http::ResponderPtr responder, int attempt) {
  const auto leadership = api_.leadership->Get();
  if (leadership->term && leadership->term->leads()) {
    return serve_(leadership->term, std::move(request), std::move(responder));
  }
  const bool proxied =
      request.headers.Get("Via").value_or("").find(kVia) != std::string::npos;
  if (!leadership->term && leadership->leader && !proxied) {
    return Forward(*leadership->leader, std::move(request), std::move(responder));
  }
  if (attempt < kRetries) {
    api_.io->PostAfter(kRetryPause, [self = shared_from_this(), request = std::move(request),
                                     responder = std::move(responder), attempt]() mutable {
      self->Handle(std::move(request), std::move(responder), attempt + 1);
    });
    return;
  }
  if (proxied) {
    return responder->Send(ErrorAnswer(
        502, "Detected proxying loop: the daemons do not agree on who leads yet; try again"));
  }
  http::Response response = ErrorAnswer(
      503, "Could not determine the current leader: " +
               (leadership->waits_for.empty() ? "leadership is changing" : leadership->waits_for));
  response.headers.Set("Retry-After", "1");
  responder->Send(std::move(response));
}

void LeaderProxy::Forward(const std::string& leader, http::Request request,
                          http::ResponderPtr responder) {
  const std::string url = api_.scheme + "://" + leader + request.target;
  if (IsEvents(request)) {
    http::Response response;
    response.status = 302;
    response.headers.Set("Location", url);
    return responder->Send(std::move(response));
  }
  http::ClientRequest forward;
  forward.method = request.method;
  forward.url = url;
  forward.body = std::move(request.body);
  forward.timeout = kProxyTimeout;
  for (const auto& [name, value] : request.headers) {
    if (!IsHopByHop(name) && !http::SameName(name, "Accept-Encoding")) {
      forward.headers.Add(name, value);
    }
  }
  forward.headers.Add("Via", std::string(kVia));
  api_.client->Send(std::move(forward), [responder = std::move(responder),
                                         leader](Result<http::Response> answer) {
    if (!answer.ok()) {
      return responder->Send(ErrorAnswer(
          502, "The leader at " + leader + " does not answer: " + answer.status().message()));
    }
    http::Response response;
    response.status = answer->status;
    response.body = std::move(answer->body);
    for (const auto& [name, value] : answer->headers) {
      if (!IsHopByHop(name) && !DescribesBody(name)) response.headers.Add(name, value);
    }
    response.headers.Add("Via", std::string(kVia));
    responder->Send(std::move(response));
  });
}

}  // namespace meseta::services
