// `meseta run`: options to a RunSession, its end to an exit code.
#pragma once

#include "frameworks/cli/cluster_client.h"
#include "frameworks/cli/options.h"

namespace meseta::cli {

// Blocks until the run is over. The exit code; problems are on stderr already.
int RunCommand(const CommandLine& line, Access access);

}  // namespace meseta::cli
