// Watching a deployment of meseta-services until it has ended: polls, shows the progress (redrawn in
// place on a terminal, one line for each change otherwise) on stderr. Main thread; blocks.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "frameworks/cli/services_client.h"

namespace meseta::cli {

struct Watched {
  StartedDeployment deployment;
  std::vector<std::string> apps;
  bool removes = false;  // Success is that the apps are gone.
};

// The exit code, with what is to be said printed: kExitOk when it went well, kExitFailure when it
// failed or `timeout` passed (it goes on then), kExitInterrupted after Ctrl-C (it goes on, too).
Result<int> WatchDeployment(const Watched& watched, std::optional<Duration> timeout,
                            ServicesClient& client);

}  // namespace meseta::cli
