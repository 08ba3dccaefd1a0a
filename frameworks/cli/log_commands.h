// The commands that look after the replicated log: log inspect, verify, backup and restore. Main
// thread; block.
#pragma once

#include "frameworks/cli/cluster_client.h"
#include "frameworks/cli/options.h"

namespace meseta::cli {

// Whether it is one of ours that needs no master.
[[nodiscard]] bool IsOfflineLogCommand(const CommandLine& line);

// Prints to stdout; what was wrong goes to stderr. The exit code.
// REQUIRES: IsOfflineLogCommand.
Result<int> RunOfflineLogCommand(const CommandLine& line);

// `log backup` of a running master. REQUIRES: kLogBackup without --dir.
Status BackupFromMaster(const CommandLine& line, ClusterClient& client);

}  // namespace meseta::cli
