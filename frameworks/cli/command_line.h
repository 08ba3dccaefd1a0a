// The commands of `meseta`: their names, flags and help, and how arguments become a CommandLine.
// Pure.
//
// Words come first, flags anywhere before "--"; what follows "--" is taken as it is. Flags of every
// command may also stand before its name: meseta --master=host:5050 task ls.
#pragma once

#include <string>
#include <vector>

#include "actors/base/flags.h"
#include "frameworks/cli/options.h"

namespace meseta::cli {

// Exit codes beside those of actors/base/exit_codes.h.
inline constexpr int kExitUnreachable = 69;  // No master answered.
inline constexpr int kExitDenied = 77;       // The master or an agent did not let us.
inline constexpr int kExitInterrupted = 130;

// Failures are InvalidArgument and end with the help to look at.
[[nodiscard]] Result<CommandLine> ParseCommandLine(const std::vector<std::string>& args,
                                                   const Environment& environment);

// What `meseta help` prints.
[[nodiscard]] std::string OverviewText();
// Help of every command in turn, for docs.
[[nodiscard]] std::string AllHelpText();

// The exit code that fits a failed Status.
[[nodiscard]] int ExitCodeOf(const Status& status);

}  // namespace meseta::cli
