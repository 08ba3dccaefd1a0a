// Random messages of any type, by reflection: every field kind, map, oneof and nesting that the type
// has, with values that JSON must carry exactly.
#pragma once

#include <google/protobuf/message.h>

#include "actors/base/rng.h"

namespace meseta::test {

// Fills `message`: required fields always, others with even odds, fewer the deeper. Strings are
// valid UTF-8, doubles any but NaN.
void FillRandomly(google::protobuf::Message* message, Rng* rng, int depth = 0);

}  // namespace meseta::test
