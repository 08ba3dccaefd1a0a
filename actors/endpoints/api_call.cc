#include "actors/endpoints/api_call.h"

#include <algorithm>
#include <cctype>

#include "actors/base/json/json_codec.h"

namespace meseta::endpoints {
namespace {

// "application/json; charset=utf-8" -> "application/json".
std::string MediaType(std::string value) {
  value = value.substr(0, value.find(';'));
  while (!value.empty() && value.back() == ' ') value.pop_back();
  std::transform(value.begin(), value.end(), value.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return value;
}

std::optional<http::Response> ParseJsonBody(const std::string& body,
                                            google::protobuf::Message* call) {
  const auto value = ParseJson(body);
  if (!value.ok()) {
    return http::Response::Text(400, "Failed to parse body into JSON: " + value.status().message());
  }
  if (const Status status = FromJson(*value, call); !status.ok()) {
    return http::Response::Text(
        400, "Failed to convert JSON into Call protobuf: " + status.message());
  }
  return std::nullopt;
}

}  // namespace

std::optional<http::Response> ParseApiCall(const http::Request& request,
                                           google::protobuf::Message* call) {
  const auto content_type = request.headers.Get("Content-Type");
  if (!content_type) return http::Response::Text(400, "Expecting 'Content-Type' to be present");
  const std::string type = MediaType(*content_type);
  if (type == kJsonType) return ParseJsonBody(request.body, call);
  if (type == kProtobufType) {
    if (call->ParseFromString(request.body)) return std::nullopt;
    return http::Response::Text(400, "Failed to parse body into Call protobuf");
  }
  return http::Response::Text(415, std::string("Expecting 'Content-Type' of ") + kJsonType +
                                       " or " + kProtobufType);
}

Status ValidateApiCall(const google::protobuf::Message& call, std::string_view api,
                       const std::set<std::string>& without_body) {
  const std::string prefix = "Failed to validate " + std::string(api) + ": ";
  if (!call.IsInitialized()) {
    return InvalidArgument(prefix + "Not initialized: " + call.InitializationErrorString());
  }
  const auto* descriptor = call.GetDescriptor();
  const auto* reflection = call.GetReflection();
  const auto* type = descriptor->FindFieldByName("type");
  CHECK(type != nullptr && type->enum_type() != nullptr) << descriptor->full_name();
  if (!reflection->HasField(call, type)) {
    return InvalidArgument(prefix + "Expecting 'type' to be present");
  }
  const std::string& name = reflection->GetEnum(call, type)->name();
  if (name == "UNKNOWN" || without_body.count(name) > 0) return OkStatus();
  std::string field_name = name;
  std::transform(field_name.begin(), field_name.end(), field_name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const auto* body = descriptor->FindFieldByName(field_name);
  if (body != nullptr && !reflection->HasField(call, body)) {
    return InvalidArgument(prefix + "Expecting '" + field_name + "' to be present");
  }
  return OkStatus();
}

}  // namespace meseta::endpoints
