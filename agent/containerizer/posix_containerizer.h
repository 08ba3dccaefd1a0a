// PosixContainerizer: containers that are process trees below a meseta-shim, without images.
//
// Decisions are ContainerCore's; this performs them: blocking work (users, folders, fork, /proc) on
// the executor, descriptors and all state on one strand of the event loop. The sink and usage
// callbacks are called on a thread of the loop.
//
// REQUIRES of the owner: the executor runs what it is given, on any threads but the loop's. In the
// end this is destroyed, then the executor drained and the loop stopped, then the sink's target and
// the loop destroyed. Containers keep running, for the next agent to Recover().
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "agent/containerizer/containerizer.h"
#include "agent/isolators/isolator.h"

namespace boost::asio {
class io_context;
}  // namespace boost::asio

namespace meseta::agent {

class PosixContainerizer final : public Containerizer {
 public:
  struct Options {
    std::string runs_directory;   // Of the shims' per-run files; absolute, survives agent restarts.
    std::string shim_program;     // Empty: meseta-shim beside the running program.
    std::string fetcher_program;  // Empty: meseta-fetcher beside it.
    Duration fetcher_stall_timeout = Duration::Minutes(1);
    bool switch_user = true;      // False: all containers run as the agent's own user.
    bool sync_run_files = false;  // fsync them; see agent/launcher/shim_protocol.h.
  };
  using Executor = std::function<void(std::function<void()>)>;

  PosixContainerizer(Options options, std::vector<std::unique_ptr<Isolator>> isolators,
                     boost::asio::io_context& io, Executor executor, Sink sink);
  ~PosixContainerizer() override;

  void Launch(ContainerSpec spec) override;
  void Kill(const ContainerId& id, Duration grace) override;
  void Recover(std::vector<ContainerToRecover> containers) override;
  void Forget(const ContainerId& id) override;
  void Usage(const ContainerId& id, UsageCallback done) override;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace meseta::agent
