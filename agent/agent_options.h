// What an AgentCore is told about its agent by the daemon: values of flags and of the machine.
#pragma once

#include <string>
#include <vector>

#include "actors/base/time.h"
#include "actors/messages/v1.h"
#include "agent/executors/command_executor.h"

namespace meseta::agent {

struct AgentOptions {
  v1::AgentInfo info;  // Without id: hostname, port, resources, attributes.
  std::string ip;      // That tasks are reachable at (they share the host's network).
  std::string version;
  std::vector<v1::AgentInfo::Capability> capabilities;
  CommandTaskOptions command;  // work_dir, launcher_dir, pid, ...
  Duration gc_delay = Duration::Days(7);
  double gc_disk_headroom = 0.1;
  // host:port of each; the core says which to dial. None: its links come from elsewhere (tests).
  std::vector<std::string> masters;
};

}  // namespace meseta::agent
