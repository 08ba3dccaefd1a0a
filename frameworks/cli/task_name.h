// A name that may stand in a task id: letters, digits, '.', '_' and '-', at most 63 of them. Pure.
#pragma once

#include <string>
#include <string_view>

namespace meseta::cli {

// Out of what the user named, or the first word of a command without its folder: "/bin/sleep 5"
// gives "sleep". "task" when nothing is left.
[[nodiscard]] std::string TaskName(std::string_view text);

}  // namespace meseta::cli
