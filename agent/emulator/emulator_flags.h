// The flags of meseta-emulator.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "actors/base/flags.h"
#include "actors/base/logging_flags.h"

namespace meseta::agent {

// Agents of one process: what its memory and one master's channels per link allow.
inline constexpr int kMaxEmulatedAgents = 100'000;
inline constexpr int kMaxEmulatorLinks = 64;

struct EmulatorFlags {
  LoggingFlags logging;
  std::vector<std::string> master;  // host:port of each.
  int agents = 0;
  int links = 4;
  int first = 1;
  std::string name = "emulated";
  std::string ip = "127.0.0.1";
  int port = 5051;
  double cpus = 8;
  double mem = 16384;
  double disk = 102400;
  std::string attributes;
  std::optional<Duration> task_duration;
  double fail_ratio = 0;
  bool unregister = true;
  bool json = false;
  Path credential;
  Path tls_ca_file;

  void AddTo(FlagSet& flags);
};

}  // namespace meseta::agent
