#include "master/api/scheduler_api.h"

#include <charconv>
#include <utility>

#include "actors/endpoints/api_call.h"
#include "master/core/master_core.h"

namespace meseta::master {
namespace {

using Call = v1::scheduler::Call;

constexpr char kStreamIdHeader[] = "Mesos-Stream-Id";
constexpr char kTermHeader[] = "Meseta-Framework-Term";

// 0 without the header.
Result<uint64_t> FrameworkTerm(const http::Request& request) {
  const auto header = request.headers.Get(kTermHeader);
  if (!header) return 0;
  uint64_t term = 0;
  const char* const end = header->data() + header->size();
  const auto [last, error] = std::from_chars(header->data(), end, term);
  if (error == std::errc() && last == end && term > 0) return term;
  return InvalidArgument(std::string("Failed to parse the '") + kTermHeader +
                         "' header: expecting a whole number above 0, not '" + *header + "'");
}

void Subscribe(const TermPtr& term, const std::string& uuid, const http::Request& request, Call call,
               const http::ResponderPtr& responder) {
  const auto accept = http::NegotiateAccept(request);
  if (!accept.ok()) return responder->Send(http::Response::Text(406, accept.status().message()));
  if (request.headers.Has(kStreamIdHeader)) {
    return responder->Send(http::Response::Text(
        400, "Subscribe calls should not include the 'Mesos-Stream-Id' header"));
  }
  const auto framework_term = FrameworkTerm(request);
  if (!framework_term.ok()) {
    return responder->Send(http::Response::Text(400, framework_term.status().message()));
  }
  const StreamId stream(uuid);
  http::Response head;
  head.headers.Set("Content-Type", std::string(http::MediaType(*accept)));
  head.headers.Set(kStreamIdHeader, stream.value());
  auto writer = responder->Stream(std::move(head), [post = term->post, stream] {
    post(StreamClosed{stream});
  });
  // First the stream, then the call: the answer must find the stream.
  term->open_stream(stream, *accept, StreamFraming::kRecordIo, std::move(writer));
  term->post(SubscribeArrived{stream, std::move(call), request.principal, *framework_term});
}

void Handle(const TermPtr& term, const std::function<std::string()>& new_uuid,
            const http::Request& request, const http::ResponderPtr& responder) {
  Call call;
  if (auto refusal = endpoints::ParseApiCall(request, &call)) {
    return responder->Send(std::move(*refusal));
  }
  if (auto refusal = RefuseSchedulerCall(call, request.principal)) {
    return responder->Send(std::move(*refusal));
  }
  if (call.type() == Call::SUBSCRIBE) {
    return Subscribe(term, new_uuid(), request, std::move(call), responder);
  }
  std::optional<StreamId> stream;
  if (auto header = request.headers.Get(kStreamIdHeader)) stream = StreamId(std::move(*header));
  term->post(CallArrived{std::move(call), std::move(stream), request.principal, responder});
}

}  // namespace

std::optional<http::Response> RefuseSchedulerCall(const Call& call, const std::string& principal) {
  std::optional<std::string> authenticated;
  if (!principal.empty()) authenticated = principal;
  if (const Status status = ValidateSchedulerCall(call, authenticated); !status.ok()) {
    return http::Response::Text(400, "Failed to validate scheduler::Call: " + status.message());
  }
  if (call.type() == Call::UNKNOWN) {
    return http::Response::Text(501, "The call type UNKNOWN asks for nothing");
  }
  return std::nullopt;
}

TermHandler SchedulerApi(std::function<std::string()> new_uuid) {
  return [new_uuid = std::move(new_uuid)](const TermPtr& term, const http::Request& request,
                                          const http::ResponderPtr& responder) {
    Handle(term, new_uuid, request, responder);
  };
}

}  // namespace meseta::master
