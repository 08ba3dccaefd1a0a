// The sentences about a replica's directory that does not work: what, where and the way out.
#pragma once

#include <string>

#include "actors/base/status.h"

namespace meseta::log {

// kDataLoss: something that was durable is missing or changed. `what`: a clause, "entry 7 is missing".
[[nodiscard]] Status DiskDamage(const std::string& directory, const std::string& what);
// kUnavailable: the system refused. `doing`: "open", "write to"; `detail` ends with the text of errno.
[[nodiscard]] Status DiskFailure(const std::string& directory, const std::string& doing,
                                 const std::string& detail);
// kUnavailable: another process (or replica of this one) has it open.
[[nodiscard]] Status DiskInUse(const std::string& directory);

[[nodiscard]] std::string ErrnoText(int error);

}  // namespace meseta::log
