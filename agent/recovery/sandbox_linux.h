// Sandboxes on disk. Blocks: call on a pool.
#pragma once

#include <string>

#include "actors/base/status.h"

namespace meseta::agent {

// Makes <runs>/latest a link to this sandbox, which need not exist yet.
Status LinkLatest(const std::string& sandbox);

// Removes the sandbox (never following links out of it), a `latest` link to it, and folders above
// it up to <work_dir>/slaves/<agent> that are empty then. What is not there is removed already.
// REQUIRES: `sandbox` is what paths::Sandbox() made of `work_dir`.
Status DeleteSandbox(const std::string& work_dir, const std::string& sandbox);

// Share of the file system of `path` that is used, 0 to 1.
Result<double> DiskUsage(const std::string& path);

}  // namespace meseta::agent
