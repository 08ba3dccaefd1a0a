// Attributes of an agent: "rack:r1;gen:3;slots:[1-4]" -> TEXT, SCALAR, RANGES.
//
// Pure functions; order is kept, one name may occur several times.
#pragma once

#include <string>
#include <string_view>

#include "actors/base/status.h"
#include "actors/messages/v1.h"

namespace meseta::model {

using AttributeList = google::protobuf::RepeatedPtrField<v1::Attribute>;

// The --attributes flag. Sets are refused, as in Mesos.
Result<AttributeList> ParseAttributes(std::string_view text);
// The form that ParseAttributes reads: "rack:r1;gen:3".
[[nodiscard]] std::string AttributesToString(const AttributeList& attributes);
[[nodiscard]] std::string ValueToString(const v1::Attribute& attribute);
// The same attributes in any order.
[[nodiscard]] bool SameAttributes(const AttributeList& a, const AttributeList& b);

}  // namespace meseta::model
