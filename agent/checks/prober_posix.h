// PosixProber: performs probes on the host's network and as processes beside the task.
//
// HTTP and HTTPS (certificates are not verified) have a connection of their own, end with the head of
// the answer and follow no redirects. Commands run as the task's user in its sandbox, without output,
// each below a meseta-shim --probe that kills all of it after the timeout, at Stop(), and when the
// agent dies.
//
// Thread-safe. Once the destructor has begun, no further result is given. Results come on network
// threads. Bounded by the agent core's number of probes at once.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "actors/base/status.h"
#include "actors/net/io_runtime.h"
#include "agent/checks/probe.h"

namespace meseta::agent {

class PosixProber final : public Prober {
 public:
  // Runs blocking work elsewhere; false: it is too busy.
  using Executor = std::function<bool(std::function<void()>)>;

  struct Options {
    std::string shim_program;  // Absolute path.
    bool switch_user = true;   // Commands run as ContainerSpec::user.
  };

  // `runtime` must outlive it.
  [[nodiscard]] static Result<std::unique_ptr<PosixProber>> Make(Options options,
                                                                 net::IoRuntime& runtime,
                                                                 Executor executor,
                                                                 OnResult on_result);
  ~PosixProber() override;

  void Start(Probe probe) override;
  void Stop(ProbeId id) override;

 private:
  struct State;
  explicit PosixProber(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace meseta::agent
