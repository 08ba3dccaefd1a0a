// The flags of meseta-master, under Mesos' names where Mesos has one.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "actors/base/flags.h"
#include "actors/base/logging_flags.h"
#include "actors/daemon/network.h"
#include "master/allocator/allocator_core.h"
#include "master/core/effects.h"
#include "master/view/view_core.h"

namespace meseta::master {

struct MasterFlags {
  MasterFlags();

  daemon::NetworkFlags network;
  LoggingFlags logging;
  Path work_dir;                     // The replicated log lives in its folder "log".
  std::vector<std::string> peers;    // host:port of the masters to form a cluster with; or none.
  Duration election_timeout = Duration::Millis(800);
  std::optional<std::string> cluster;
  Duration allocation_interval = Duration::Seconds(1);
  std::string min_allocatable_resources = "cpus:0.01|mem:32";
  std::optional<std::string> fair_sharing_excluded_resource_names;
  bool filter_gpu_resources = true;
  bool authenticate_agents = false;
  bool authenticate_frameworks = false;
  bool authenticate_http_frameworks = false;
  MasterOptions core;                // Offers, agents, frameworks, registry.
  ViewCore::Options view;            // Bounds of history.
  int render_threads = 2;
  std::optional<std::string> zk;     // Mesos' own; refused with a sentence.
  std::optional<int> quorum;         // Mesos' own; without effect.

  void AddTo(FlagSet& flags);
  // Consistency of flags that belong together.
  [[nodiscard]] Status Check() const;
  // Of flags that are texts; checked by AddTo's flags already.
  [[nodiscard]] Result<AllocatorOptions> Allocator() const;
};

}  // namespace meseta::master
