#include "state/model/attributes.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "state/model/values.h"

namespace meseta::model {

Result<AttributeList> ParseAttributes(std::string_view text) {
  AttributeList attributes;
  for (const std::string& token : Tokenize(text, ";\n")) {
    const size_t colon = token.find(':');
    if (colon == std::string::npos || colon == 0 || colon + 1 == token.size()) {
      return InvalidArgument("Invalid attribute key:value pair '" + token + "'");
    }
    const std::string name = token.substr(0, colon);
    const std::string value_text = token.substr(colon + 1);
    Result<ParsedValue> value = ParseValue(value_text);
    if (!value.ok()) {
      return InvalidArgument("Failed to parse attribute " + name + " text " + value_text +
                             " error " + value.status().message());
    }
    v1::Attribute attribute;
    attribute.set_name(name);
    if (const auto* scalar = std::get_if<Scalar>(&*value)) {
      attribute.set_type(v1::Value::SCALAR);
      attribute.mutable_scalar()->set_value(scalar->value());
    } else if (const auto* ranges = std::get_if<Ranges>(&*value)) {
      attribute.set_type(v1::Value::RANGES);
      ranges->ToProto(attribute.mutable_ranges());
    } else if (const auto* plain = std::get_if<Text>(&*value)) {
      attribute.set_type(v1::Value::TEXT);
      attribute.mutable_text()->set_value(plain->value);
    } else {
      return InvalidArgument("Bad type for attribute " + name + " text " + value_text +
                             ": sets are not supported");
    }
    *attributes.Add() = std::move(attribute);
  }
  return attributes;
}

std::string ValueToString(const v1::Attribute& attribute) {
  switch (attribute.type()) {
    case v1::Value::SCALAR: return Scalar::FromDouble(attribute.scalar().value()).ToString();
    case v1::Value::RANGES: return Ranges::FromProto(attribute.ranges()).ToString();
    case v1::Value::SET: return Set::FromProto(attribute.set()).ToString();
    case v1::Value::TEXT: return attribute.text().value();
  }
  return "";
}

std::string AttributesToString(const AttributeList& attributes) {
  std::string text;
  for (const v1::Attribute& attribute : attributes) {
    if (!text.empty()) text += ";";
    text += attribute.name() + ":" + ValueToString(attribute);
  }
  return text;
}

bool SameAttributes(const AttributeList& a, const AttributeList& b) {
  const auto sorted = [](const AttributeList& list) {
    std::vector<std::string> keys;
    for (const v1::Attribute& attribute : list) {
      keys.push_back(attribute.name() + ":" + std::to_string(attribute.type()) + ":" +
                     ValueToString(attribute));
    }
    std::sort(keys.begin(), keys.end());
    return keys;
  };
  return a.size() == b.size() && sorted(a) == sorted(b);
}

}  // namespace meseta::model
