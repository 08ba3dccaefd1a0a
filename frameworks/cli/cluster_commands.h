// The commands that look at a cluster and print: task, agent and framework. Main thread; block.
#pragma once

#include <string>

#include "frameworks/cli/cluster_client.h"
#include "frameworks/cli/options.h"

namespace meseta::cli {

// Prints to stdout; a failure is for stderr and the exit code. REQUIRES: one of kTask*, kAgent*,
// kFramework*.
Status RunClusterCommand(const CommandLine& line, ClusterClient& client);

// What the task with exactly this id wrote, as `task logs` prints it: --follow and --stderr count.
Status PrintTaskLogs(const std::string& task_id, const Options& options, ClusterClient& client);

}  // namespace meseta::cli
