// Base64 (RFC 4648): how JSON carries `bytes` fields and HTTP carries Basic credentials.
// Pure functions.
#pragma once

#include <string>
#include <string_view>

#include "actors/base/status.h"

namespace meseta {

// The standard alphabet, padded.
[[nodiscard]] std::string Base64Encode(std::string_view bytes);

// Lenient, as Mesos is: both alphabets (`+/` and `-_`), white space skipped, padding optional and
// nothing after it read, unused bits of the last character ignored (clients send any 22 letters as
// a uuid). A single left-over character carries less than a byte and is dropped. Fails on any other
// character: "Invalid character '%'".
[[nodiscard]] Result<std::string> Base64Decode(std::string_view text);

}  // namespace meseta
