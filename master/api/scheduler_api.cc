#include "master/api/scheduler_api.h"

#include <utility>

#include "actors/endpoints/api_call.h"
#include "master/core/master_core.h"

namespace meseta::master {
namespace {

using Call = v1::scheduler::Call;

constexpr char kStreamIdHeader[] = "Mesos-Stream-Id";

void Subscribe(const SchedulerApiContext& context, const http::Request& request, Call call,
               const http::ResponderPtr& responder) {
  const auto accept = http::NegotiateAccept(request);
  if (!accept.ok()) return responder->Send(http::Response::Text(406, accept.status().message()));
  if (request.headers.Has(kStreamIdHeader)) {
    return responder->Send(http::Response::Text(
        400, "Subscribe calls should not include the 'Mesos-Stream-Id' header"));
  }
  const StreamId stream(context.new_uuid());
  http::Response head;
  head.headers.Set("Content-Type", std::string(http::MediaType(*accept)));
  head.headers.Set(kStreamIdHeader, stream.value());
  auto writer = responder->Stream(std::move(head), [post = context.post, stream] {
    post(StreamClosed{stream});
  });
  // First the stream, then the call: the answer must find the stream.
  context.open_stream(stream, *accept, std::move(writer));
  context.post(SubscribeArrived{stream, std::move(call), request.principal});
}

void Handle(const SchedulerApiContext& context, http::Request request,
            const http::ResponderPtr& responder) {
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
    return Subscribe(context, request, std::move(call), responder);
  }
  std::optional<StreamId> stream;
  if (auto header = request.headers.Get(kStreamIdHeader)) stream = StreamId(std::move(*header));
  context.post(CallArrived{std::move(call), std::move(stream), request.principal, responder});
}

}  // namespace

http::Handler SchedulerApi(SchedulerApiContext context) {
  return [context = std::move(context)](http::Request request, http::ResponderPtr responder) {
    Handle(context, std::move(request), responder);
  };
}

}  // namespace meseta::master
