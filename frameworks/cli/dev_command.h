// `meseta dev`: a whole cluster in this process, for trying things and for tests.
//
// A master, agents and meseta-services on loopback, the agents on free ports, all data below one
// folder:
//   <data_dir>/master    registry
//   <data_dir>/agent-<n> sandboxes and checkpoints, numbered from 0
//   <data_dir>/services  apps and what belongs to them
//   <data_dir>/log       log files
// Unlike a real agent, whose tasks outlive it, the end of this one ends its tasks.
#pragma once

#include "frameworks/cli/options.h"

namespace meseta::cli {

// Blocks until SIGINT or SIGTERM, or until a daemon cannot go on. The exit code; problems are on
// stderr already.
int DevCommand(const Options& options);

}  // namespace meseta::cli
