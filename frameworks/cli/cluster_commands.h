// The commands that look at a cluster and print: task, agent and framework. Main thread; block.
#pragma once

#include "frameworks/cli/cluster_client.h"
#include "frameworks/cli/options.h"

namespace meseta::cli {

// Prints to stdout; a failure is for stderr and the exit code. REQUIRES: one of kTask*, kAgent*,
// kFramework*.
Status RunClusterCommand(const CommandLine& line, ClusterClient& client);

}  // namespace meseta::cli
