// Isolator: one way to keep containers apart and to count what they use.
//
// A containerizer asks all of its isolators in order: each adds what it needs to the shim's spec,
// sees the container's processes when usage is asked for, and cleans up after the end. Calls come
// on worker threads, those of one container one at a time. Blocking is fine.
#pragma once

#include <string_view>
#include <vector>

#include "actors/base/ids.h"
#include "actors/base/status.h"
#include "agent/containerizer/containerizer.h"
#include "agent/launcher/shim_messages.h"

namespace meseta::agent {

class Isolator {
 public:
  virtual ~Isolator() = default;

  // As in the flag --isolation: "posix/cpu".
  [[nodiscard]] virtual std::string_view Name() const = 0;
  // Before anything of the container exists. A failure fails the launch with its sentence.
  virtual Status Prepare(const ContainerSpec& spec, ShimSpec* launch) = 0;
  // Adds what it knows about the processes below the shim `shim_pid`.
  virtual Status AddUsage(const ContainerId& id, int64_t shim_pid,
                          v1::ResourceStatistics* statistics) = 0;
  // After the end, also of a container whose Prepare failed. Idempotent.
  virtual void Cleanup(const ContainerId& id) = 0;
};

}  // namespace meseta::agent
