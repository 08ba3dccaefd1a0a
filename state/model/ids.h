// What ids chosen by users and peers may be: they become path components and keys.
#pragma once

#include <cstddef>
#include <string_view>

#include "actors/base/status.h"

namespace meseta::model {

inline constexpr size_t kMaxIdLength = 255;  // A file name's.

// Not empty, at most kMaxIdLength characters, not "." or "..", without slash, backslash and control
// characters. The sentences are those of Mesos.
Status ValidateId(std::string_view id);

}  // namespace meseta::model
