// Gets one http or https URL into an open file, by libcurl. Blocking; for the fetcher program.
#pragma once

#include <string>

#include "actors/base/status.h"
#include "actors/base/time.h"

namespace meseta::agent {

// Follows at most 10 redirections, to http and https only. Any answer but 200 is an error.
Status Download(const std::string& url, int fd, Duration stall_timeout);

}  // namespace meseta::agent
