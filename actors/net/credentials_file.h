// Reads the files named by --credentials and --credential; errors name the file.
#pragma once

#include <string>

#include "actors/base/status.h"
#include "actors/net/credentials.h"

namespace meseta::net {

// `path` is a path or a file:// URL of an absolute path.
[[nodiscard]] Result<Credentials> ReadCredentialsFile(const std::string& path);
[[nodiscard]] Result<Credential> ReadCredentialFile(const std::string& path);

}  // namespace meseta::net
