// Starts shims and finds them again. Blocking for about a millisecond a call (fork, exec, the spec);
// meant for a worker thread. Thread-safe: holds constants only.
//
// Launch: the shim has its spec and waits for `go`; ShimReady comes on the channel. Whoever drops
// the channel before `go` has started nothing.
#pragma once

#include <memory>
#include <string>

#include "actors/base/ids.h"
#include "actors/base/status.h"
#include "agent/launcher/shim_channel.h"

namespace meseta::agent {

class ShimLauncher {
 public:
  // REQUIRES: `strand` outlives this and all channels. `program`: absolute path of meseta-shim.
  ShimLauncher(IoStrand& strand, std::string program)
      : strand_(strand), program_(std::move(program)) {}

  // The channel is not started yet. `id` only shows in the process list.
  Result<std::shared_ptr<ShimChannel>> Launch(const ContainerId& id, const ShimSpec& spec) const;
  // Runs the command of a check: it starts at once, writes nothing, has no `run_directory`, and is killed
  // with all it started when the channel is closed, also by the death of this process.
  Result<std::shared_ptr<ShimChannel>> LaunchProbe(const ShimSpec& spec) const;
  // To a shim that an earlier agent started; says hello, which ShimStarted or ShimExited answers.
  Result<std::shared_ptr<ShimChannel>> Reconnect(const std::string& root,
                                                 const ContainerId& id) const;

 private:
  Result<std::shared_ptr<ShimChannel>> Start(const std::string& argument, const ShimSpec& spec) const;
  IoStrand& strand_;
  const std::string program_;
};

}  // namespace meseta::agent
