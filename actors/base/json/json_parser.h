// ParseJson: strict JSON text to a boost::json::value.
//
// No extensions (comments, trailing commas, bare Infinity), valid UTF-8 only, the last of duplicate
// keys wins, numbers are correctly rounded. Fails with InvalidArgument and a sentence that follows
// Mesos', so that a caller can put it after "Failed to parse body into JSON: ":
//   "syntax error at line 3 near: <up to kMaxJsonExcerpt bytes of the rest of the line>"
//   "Parsed JSON included non-whitespace trailing characters: ..."
//   "Value out of range"                       a number beyond the range of a double
//   "Nested deeper than 100 levels"
// Pure; memory is proportional to the text, whose size the caller has bounded.
#pragma once

#include <boost/json/value.hpp>
#include <cstddef>
#include <string_view>

#include "actors/base/status.h"

namespace meseta {

// Protobuf refuses deeper messages in binary form, too.
inline constexpr size_t kMaxJsonDepth = 100;
inline constexpr size_t kMaxJsonExcerpt = 20;

[[nodiscard]] Result<boost::json::value> ParseJson(std::string_view text);
// With the memory of the tree from `storage`.
[[nodiscard]] Result<boost::json::value> ParseJson(std::string_view text,
                                                   boost::json::storage_ptr storage);

}  // namespace meseta
