// Unpacks an archive into a sandbox, by libarchive. Blocking; for the fetcher program.
//
// Nothing is made outside of the sandbox: members with absolute paths or "..", links whose target
// leads out of it, devices, sockets and pipes are errors, and every file is opened beneath the
// sandbox by the kernel. Set-user-id, set-group-id and sticky bits are dropped.
#pragma once

#include <cstdint>
#include <string>

#include "actors/base/status.h"
#include "agent/fetcher/beneath_linux.h"
#include "agent/fetcher/fetch_plan.h"

namespace meseta::agent {

struct ExtractLimits {
  uint64_t max_bytes = uint64_t{64} << 30;  // Of all unpacked files.
  uint64_t max_members = 4'000'000;
};

// `fd` is the archive, at its start. kGzip makes the one file `gzip_name`.
Status Extract(int fd, ArchiveKind kind, const std::string& gzip_name, const Beneath& sandbox,
               const ExtractLimits& limits);

}  // namespace meseta::agent
