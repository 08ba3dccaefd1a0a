// Messages, writes and changes as one short line each, for traces.
#pragma once

#include <string>

#include "state/log/raft_core.h"

namespace meseta::logsim {

std::string Describe(const log::Message& message);
std::string Describe(const log::LogWrite& write);
std::string Describe(const log::MemberChange& change);
std::string Describe(const log::Configuration& configuration);

}  // namespace meseta::logsim
