// Isolation that needs no privileges: a session and process group per container (the shim's work),
// rlimits, and usage summed over the process tree.
#pragma once

#include "agent/isolators/isolator.h"

namespace meseta::agent {

class PosixIsolator final : public Isolator {
 public:
  [[nodiscard]] std::string_view Name() const override { return "posix"; }
  Status Prepare(const ContainerSpec& spec, ShimSpec* launch) override;
  Status AddUsage(const ContainerId& id, int64_t shim_pid,
                  v1::ResourceStatistics* statistics) override;
  void Cleanup(const ContainerId& /*id*/) override {}
};

}  // namespace meseta::agent
