// The --resources flag: "cpus(role):2;mem:1024;ports:[31000-32000];disks:{a,b}", or a JSON array.
#include <utility>

#include "actors/base/json/json_codec.h"
#include "actors/base/json/json_parser.h"
#include "state/model/resource_format.h"
#include "state/model/resources.h"

namespace meseta::model {
namespace {

Result<v1::Resource> ParseOne(const std::string& name, const std::string& text,
                              const std::string& role) {
  Result<ParsedValue> value = ParseValue(text);
  if (!value.ok()) {
    return value.status().code() == StatusCode::kInvalidArgument
               ? InvalidArgument("Failed to parse resource " + name + " value " + text + " error " +
                                 value.status().message())
               : value.status();
  }
  v1::Resource resource;
  resource.set_name(name);
  resource.set_role(role);
  if (const auto* scalar = std::get_if<Scalar>(&*value)) {
    resource.set_type(v1::Value::SCALAR);
    resource.mutable_scalar()->set_value(scalar->value());
  } else if (const auto* ranges = std::get_if<Ranges>(&*value)) {
    resource.set_type(v1::Value::RANGES);
    ranges->ToProto(resource.mutable_ranges());
  } else if (const auto* set = std::get_if<Set>(&*value)) {
    resource.set_type(v1::Value::SET);
    set->ToProto(resource.mutable_set());
  } else {
    return InvalidArgument("Bad type for resource " + name + " value " + text + " type TEXT");
  }
  return resource;
}

// "name" or "name(role)" before the colon.
Result<v1::Resource> ParseToken(const std::string& token, const std::string& default_role) {
  const std::vector<std::string> pair = Tokenize(token, ":");
  if (pair.size() != 2) {
    return InvalidArgument("Bad value for resources, missing or extra ':' in " + token);
  }
  const size_t open = pair[0].find('(');
  if (open == std::string::npos) {
    return ParseOne(std::string(Trim(pair[0])), pair[1], default_role);
  }
  const size_t close = pair[0].find(')');
  if (close == std::string::npos || close < open) {
    return InvalidArgument("Bad value for resources, mismatched parentheses in " + token);
  }
  return ParseOne(std::string(Trim(std::string_view(pair[0]).substr(0, open))), pair[1],
                  std::string(Trim(std::string_view(pair[0]).substr(open + 1, close - open - 1))));
}

Result<std::vector<v1::Resource>> ParseJsonArray(std::string_view text,
                                                 const std::string& default_role) {
  const auto context = [](const Status& status) {
    return status.WithContext("Some JSON resources were not formatted properly");
  };
  Result<boost::json::value> json = ParseJson(text);
  if (!json.ok()) return context(json.status());
  Result<std::vector<v1::Resource>> parsed = ArrayFromJson<v1::Resource>(*json);
  if (!parsed.ok()) return context(parsed.status());
  for (v1::Resource& resource : *parsed) {
    if (!resource.has_role() && resource.reservations_size() == 0) resource.set_role(default_role);
  }
  return parsed;
}

Result<std::vector<v1::Resource>> ParseText(std::string_view text,
                                            const std::string& default_role) {
  std::vector<v1::Resource> parsed;
  for (const std::string& token : Tokenize(text, ";")) {
    ASSIGN_OR_RETURN(v1::Resource resource, ParseToken(token, default_role));
    parsed.push_back(std::move(resource));
  }
  return parsed;
}

// What an operator may state for an agent.
Status ValidateForAgent(const v1::Resource& resource, std::map<std::string, v1::Value::Type>* types) {
  if (IsPersistentVolume(resource)) {
    return InvalidArgument("Persistent volumes cannot be specified at the command line");
  }
  if (resource.has_revocable()) {
    return InvalidArgument(
        "Revocable resources cannot be specified at the command line; do not include a 'revocable' "
        "key in the resources JSON");
  }
  if (IsDynamicallyReserved(resource)) {
    return InvalidArgument(
        "Dynamic reservations cannot be specified at the command line; do not include a "
        "reservation with DYNAMIC type in the resources JSON");
  }
  if (types->emplace(resource.name(), resource.type()).first->second != resource.type()) {
    return InvalidArgument("Resources with the same name ('" + resource.name() +
                           "') but different types are not allowed");
  }
  return OkStatus();
}

}  // namespace

Result<Resources> Resources::Parse(std::string_view text, const std::string& default_role) {
  Result<std::vector<v1::Resource>> parsed = Trim(text).starts_with('[')
                                                 ? ParseJsonArray(text, default_role)
                                                 : ParseText(text, default_role);
  if (!parsed.ok()) return parsed.status();
  Resources resources;
  std::map<std::string, v1::Value::Type> types;
  for (v1::Resource& resource : *parsed) {
    RETURN_IF_ERROR(Validate(resource));
    UpgradeReservations(&resource);
    RETURN_IF_ERROR(ValidateForAgent(resource, &types));
    resources.Add(resource);
  }
  return resources;
}

}  // namespace meseta::model
