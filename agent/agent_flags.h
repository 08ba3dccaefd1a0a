// The flags of meseta-agent, under Mesos' names where Mesos has one.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "actors/base/flags.h"
#include "actors/base/logging_flags.h"
#include "actors/daemon/network.h"

namespace meseta::agent {

struct AgentFlags {
  AgentFlags();

  daemon::NetworkFlags network;  // Port 5051.
  LoggingFlags logging;
  std::vector<std::string> master;  // host:port of each.
  Path work_dir;
  std::optional<Path> runtime_dir;   // Of the shims' files; unset: <work_dir>/run.
  std::optional<Path> launcher_dir;  // Of meseta-shim and meseta-fetcher; unset: this program's.
  std::string resources;
  std::string attributes;
  std::string default_role = "*";
  std::string isolation = "posix/cpu,posix/mem";
  bool switch_user = true;
  std::string reconfiguration_policy = "equal";
  Duration recovery_timeout = Duration::Minutes(15);
  Duration gc_delay = Duration::Days(7);
  double gc_disk_headroom = 0.1;
  Duration disk_watch_interval = Duration::Minutes(1);
  Duration fetcher_stall_timeout = Duration::Minutes(1);
  int max_completed_executors_per_framework = 150;
  int worker_threads = 4;

  void AddTo(FlagSet& flags);
};

// What --isolation may name on this agent.
[[nodiscard]] Status CheckIsolation(const std::string& isolation);

}  // namespace meseta::agent
