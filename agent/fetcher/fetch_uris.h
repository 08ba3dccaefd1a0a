// Fetches the URIs of a task into its sandbox, one after another. Blocking; for the fetcher program,
// which runs as the task's user.
#pragma once

#include "actors/base/status.h"
#include "agent/fetcher/fetch_protocol.h"

namespace meseta::agent {

// Stops at the first failure. Tells each success as a line on stderr.
Status FetchUris(const FetchSpec& spec);

}  // namespace meseta::agent
