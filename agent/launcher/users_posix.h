// Users by name, from the machine's name service. Blocking: for worker threads.
#pragma once

#include <string>

#include "actors/base/status.h"
#include "agent/launcher/shim_messages.h"

namespace meseta::agent {

// Numbers of the user and of all groups it is in.
Result<UserIds> ResolveUser(const std::string& name);

// What a container of this user needs: nullopt when it is the agent's own (or empty). Another user
// than the agent's own needs an agent that runs as root.
Result<std::optional<UserIds>> UserToSwitchTo(const std::string& name);

}  // namespace meseta::agent
