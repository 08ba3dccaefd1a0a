// The commands of `meseta service`. Main thread; block.
#pragma once

#include "frameworks/cli/cluster_client.h"
#include "frameworks/cli/options.h"

namespace meseta::cli {

[[nodiscard]] bool IsServiceCommand(CommandId id);

// Prints to stdout, progress to stderr. The exit code; a failure is for stderr. `logs` also asks the
// masters of `access`. REQUIRES: IsServiceCommand(line.id).
Result<int> RunServiceCommand(const CommandLine& line, Access access);

}  // namespace meseta::cli
