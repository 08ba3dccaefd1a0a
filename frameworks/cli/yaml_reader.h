// ParseYaml: YAML text to JSON values, one per document.
//
// Plain scalars are typed by the core schema of YAML 1.2: null, true and false (not yes, on, off),
// integers also as 0x and 0o, floats; whatever is quoted or a block stays a string, so "8080" is no
// number. !!str, !!int, !!float, !!bool and !!null are followed; other tags are refused. Anchors and
// aliases are copied. Refused with the line, since JSON has no such thing or it hides mistakes:
// duplicate keys, keys that are lists or maps, merge keys (<<), .inf and .nan.
// Pure; depth and the number of values are bounded, aliases included.
#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "actors/base/status.h"

namespace meseta::cli {

inline constexpr size_t kMaxYamlDepth = 100;
inline constexpr size_t kMaxYamlValues = 200'000;

// InvalidArgument: "line 3: ..."
[[nodiscard]] Result<std::vector<boost::json::value>> ParseYaml(std::string_view text);

// What a plain scalar is; InvalidArgument for those that JSON cannot say.
[[nodiscard]] Result<boost::json::value> CoreSchemaScalar(const std::string& text);

}  // namespace meseta::cli
