// Envelope <-> the bytes of a LinkEnvelope (actors/messages/internal/link.proto). Pure.
//
// By hand instead of by the generated class: on the hot path of every message it halves the cost,
// because no intermediate strings are made. A test holds the two to the same bytes.
#pragma once

#include <string>
#include <string_view>

#include "actors/net/transport.h"

namespace meseta::net {

[[nodiscard]] std::string EncodeEnvelope(const Envelope& envelope);

// False when `bytes` is malformed. Unknown fields are skipped; of a repeated one the last counts.
[[nodiscard]] bool DecodeEnvelope(std::string_view bytes, Envelope* envelope);

}  // namespace meseta::net
