#include "master/api/scheduler_api.h"

#include <utility>

#include "actors/endpoints/api_call.h"
#include "master/core/master_core.h"

namespace meseta::master {
namespace {

using Call = v1::scheduler::Call;

constexpr char kStreamIdHeader[] = "Mesos-Stream-Id";

void Subscribe(const TermPtr& term, const std::string& uuid, const http::Request& request, Call call,
               const http::ResponderPtr& responder) {
  const auto accept = http::NegotiateAccept(request);
  if (!accept.ok()) return responder->Send(http::Response::Text(406, accept.status().message()));
  if (request.headers.Has(kStreamIdHeader)) {
    return responder->Send(http::Response::Text(
        400, "Subscribe calls should not include the 'Mesos-Stream-Id' header"));
  }
  const StreamId stream(uuid);
  http::Response head;
  head.headers.Set("Content-Type", std::string(http::MediaType(*accept)));
  head.headers.Set(kStreamIdHeader, stream.value());
  auto writer = responder->Stream(std::move(head), [post = term->post, stream] {
    post(StreamClosed{stream});
  });
  // First the stream, then the call: the answer must find the stream.
  term->open_stream(stream, *accept, std::move(writer));
  term->post(SubscribeArrived{stream, std::move(call), request.principal});
}

void Handle(const TermPtr& term, const std::function<std::string()>& new_uuid,
            const http::Request& request, const http::ResponderPtr& responder) {
  Call call;
  if (auto refusal = endpoints::ParseApiCall(request, &call)) {
    return responder->Send(std::move(*refusal));
  }
  std::optional<std::string> principal;
  if (!request.principal.empty()) principal = request.principal;
  if (const Status status = ValidateSchedulerCall(call, principal); !status.ok()) {
    return responder->Send(http::Response::Text(
        400, "Failed to validate scheduler::Call: " + status.message()));
  }
  if (call.type() == Call::UNKNOWN) {
    return responder->Send(http::Response::Text(501, "The call type UNKNOWN asks for nothing"));
  }
  if (call.type() == Call::SUBSCRIBE) {
    return Subscribe(term, new_uuid(), request, std::move(call), responder);
  }
  std::optional<StreamId> stream;
  if (auto header = request.headers.Get(kStreamIdHeader)) stream = StreamId(std::move(*header));
  term->post(CallArrived{std::move(call), std::move(stream), request.principal, responder});
}

}  // namespace

TermHandler SchedulerApi(std::function<std::string()> new_uuid) {
  return [new_uuid = std::move(new_uuid)](const TermPtr& term, const http::Request& request,
                                          const http::ResponderPtr& responder) {
    Handle(term, new_uuid, request, responder);
  };
}

}  // namespace meseta::master
