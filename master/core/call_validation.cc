// ValidateSchedulerCall of master_core.h.
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include "master/core/master_core.h"

namespace meseta::master {
namespace {

using Call = v1::scheduler::Call;

constexpr size_t kUuidBytes = 16;

// Name of the field that the type's body is in; empty: needs none.
std::string BodyOf(Call::Type type) {
  switch (type) {
    case Call::TEARDOWN:
    case Call::REVIVE:
    case Call::SUPPRESS:
    case Call::UNKNOWN:
      return "";
    default: {
      std::string name = Call::Type_Name(type);
      for (char& c : name) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
      return name;
    }
  }
}

bool HasField(const Call& call, const std::string& name) {
  const google::protobuf::FieldDescriptor* field = Call::descriptor()->FindFieldByName(name);
  return field != nullptr && call.GetReflection()->HasField(call, field);
}

Status ValidateSubscribeCall(const Call& call, const std::optional<std::string>& principal) {
  const v1::FrameworkInfo& info = call.subscribe().framework_info();
  if (call.framework_id().value() != info.id().value()) {
    return InvalidArgument("'framework_id' differs from 'subscribe.framework_info.id'");
  }
  if (principal && info.has_principal() && *principal != info.principal()) {
    return InvalidArgument("Authenticated principal '" + *principal +
                           "' does not match principal '" + info.principal() +
                           "' set in `FrameworkInfo`");
  }
  return OkStatus();
}

Status ValidateUuid(const std::string& bytes) {
  if (bytes.size() == kUuidBytes) return OkStatus();
  return InvalidArgument("Not a valid UUID: it has " + std::to_string(bytes.size()) +
                         " bytes, not " + std::to_string(kUuidBytes));
}

}  // namespace

Status ValidateSchedulerCall(const Call& call, const std::optional<std::string>& principal) {
  if (!call.IsInitialized()) {
    return InvalidArgument("Not initialized: " + call.InitializationErrorString());
  }
  if (!call.has_type()) return InvalidArgument("Expecting 'type' to be present");
  const std::string body = BodyOf(call.type());
  if (call.type() == Call::SUBSCRIBE) {
    if (!call.has_subscribe()) return InvalidArgument("Expecting 'subscribe' to be present");
    return ValidateSubscribeCall(call, principal);
  }
  if (!call.has_framework_id()) return InvalidArgument("Expecting 'framework_id' to be present");
  if (!body.empty() && !HasField(call, body)) {
    return InvalidArgument("Expecting '" + body + "' to be present");
  }
  switch (call.type()) {
    case Call::ACKNOWLEDGE:
      return ValidateUuid(call.acknowledge().uuid());
    case Call::ACKNOWLEDGE_OPERATION_STATUS:
      RETURN_IF_ERROR(ValidateUuid(call.acknowledge_operation_status().uuid()));
      if (!call.acknowledge_operation_status().has_agent_id()) {
        return InvalidArgument("Expecting 'agent_id' to be present");
      }
      return OkStatus();
    case Call::UPDATE_FRAMEWORK:
      if (call.framework_id().value() != call.update_framework().framework_info().id().value()) {
        return InvalidArgument("'framework_id' differs from 'update_framework.framework_info.id'");
      }
      return OkStatus();
    default:
      return OkStatus();
  }
}

}  // namespace meseta::master
