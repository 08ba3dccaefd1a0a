// What every v1 API endpoint (scheduler, operator, agent, executor) does first: parse the body by its
// Content-Type and check that the call names its type and brings the body that the type needs.
// Status codes and sentences are Mesos' (reference: HTTP surface 1.4, captures). Pure; any thread.
#pragma once

#include <google/protobuf/message.h>

#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "actors/base/status.h"
#include "actors/http/message.h"

namespace meseta::endpoints {

inline constexpr char kJsonType[] = "application/json";
inline constexpr char kProtobufType[] = "application/x-protobuf";

// Parses the request's body into *call. Nothing on success; else the answer: 400 or 415.
std::optional<http::Response> ParseApiCall(const http::Request& request,
                                           google::protobuf::Message* call);

// Checks `type` (an optional enum field) and that the message field named like the type, in lower
// case, is present unless `without_body` names the type. `api` is how sentences name the call:
// "scheduler::Call".
Status ValidateApiCall(const google::protobuf::Message& call, std::string_view api,
                       const std::set<std::string>& without_body);

}  // namespace meseta::endpoints
