// Ids as people type them: the beginning is enough where it is unique. Pure.
#pragma once

#include <string>
#include <vector>

#include "actors/base/status.h"

namespace meseta::cli {

inline constexpr size_t kMaxListedIds = 10;

// The id that `typed` is or begins. An exact match wins over longer ids. `kind` ("task") names the
// thing in failures: NotFound, or FailedPrecondition with the candidates when several begin so.
[[nodiscard]] Result<std::string> ResolveId(const std::string& typed,
                                            const std::vector<std::string>& ids,
                                            const std::string& kind);

}  // namespace meseta::cli
