// Protobuf messages to and from JSON, by reflection, in Mesos' dialect:
//
//   int64, uint64   numbers (read also from 5.0 and "5", never from 5.5 or out of range)
//   double          numbers with a fraction ("1.0"); "Infinity" and "-Infinity" are strings
//   enum            its name; an unknown name is as if absent, an error in a required field
//   bytes           base64 (base64.h says how lenient)
//   map             an object, keys in order
//   bool            true, false (read also from "true", "false")
//   null            absent
//
// Written are fields that are set, repeated ones that are not empty, and, as Mesos does, unset fields
// whose .proto gives an explicit default and that are not deprecated. In order of declaration.
// Read: unknown names are skipped; for a repeated field one value stands for an array of one;
// google.protobuf.Duration is {"seconds":..,"nanos":..} or a text such as "2s" or "1.5mins".
// Required fields are enforced at the end. Failures are InvalidArgument and follow Mesos' sentences:
//   "Expecting a JSON object"
//   "Missing required fields: weight"
//   "Not expecting a JSON string for field 'tasks'"
//   "Failed to find enum for 'NO_SUCH'"
//   "Failed to base64 decode bytes field 'uuid': Invalid character '%'"
//
// Pure and reentrant.
#pragma once

#include <google/protobuf/message.h>

#include <boost/json/value.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "actors/base/json/json_parser.h"
#include "actors/base/json/json_writer.h"
#include "actors/base/status.h"

namespace meseta {

void AppendJson(const google::protobuf::Message& message, JsonWriter& writer);
[[nodiscard]] std::string ToJson(const google::protobuf::Message& message);

// Replaces *out; when it fails, *out holds what had been read so far. The first parses `json`
// (ParseJson's failures), the second takes what ParseJson returned.
Status FromJson(std::string_view json, google::protobuf::Message* out);
Status FromJson(const boost::json::value& json, google::protobuf::Message* out);
// A literal is text, not a JSON string value.
inline Status FromJson(const char* json, google::protobuf::Message* out) {
  return FromJson(std::string_view(json), out);
}

// A JSON array of messages; "Expecting a JSON array" when it is none.
template <class Message>
[[nodiscard]] Result<std::vector<Message>> ArrayFromJson(const boost::json::value& json) {
  if (!json.is_array()) return InvalidArgument("Expecting a JSON array");
  std::vector<Message> messages;
  messages.reserve(json.get_array().size());
  for (const boost::json::value& element : json.get_array()) {
    Message message;
    RETURN_IF_ERROR(FromJson(element, &message));
    messages.push_back(std::move(message));
  }
  return messages;
}

}  // namespace meseta
