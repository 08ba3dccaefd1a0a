// The commands about the masters of a cluster: meseta master members ls|add|remove|promote and
// meseta master transfer. Main thread; block until what was asked for has happened.
#pragma once

#include "frameworks/cli/cluster_client.h"
#include "frameworks/cli/options.h"

namespace meseta::cli {

// REQUIRES: one of kMembers*, kMasterTransfer.
Status RunMasterCommand(const CommandLine& line, ClusterClient& client);

}  // namespace meseta::cli
