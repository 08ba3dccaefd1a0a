// The phases of one container, from Launch or Recover to its end. Pure.
//
//   Launch   preparing -> fetching -> spawning -> awaiting ready -> starting -> running -> ended
//            (without URIs at once: spawning, which then includes the preparation)
//   Recover  inspecting -> reconnecting ----------------------------------------> running -> ended
//
// Invariants: exactly one of ContainerFailed and ContainerExited is reported, as the last event;
// ContainerStarted only before it. A kill in any phase ends the container: before the task was
// started it is reported as ContainerExited with kKilled and SIGTERM as its wait status.
//
// Work that has been begun (prepare, fetch, spawn, inspect) always comes back as an event, also
// after the end; what comes back then is only undone.
#pragma once

#include <optional>

#include "actors/base/ids.h"
#include "actors/base/status.h"
#include "actors/base/time.h"
#include "agent/containerizer/containerizer.h"
#include "agent/launcher/shim_messages.h"

namespace meseta::agent {

// What is found of a run on disk and among the processes.
struct RunFindings {
  std::optional<ShimExited> exit;  // The exit file is there.
  bool connected = false;          // The shim lives and a channel to it has been opened.
  int64_t shim_pid = 0;            // Of the shim, when it lives.
};

class ContainerCore {
 public:
  enum class Phase {
    kNew, kPreparing, kFetching, kSpawning, kAwaitingReady, kStarting,
    kInspecting, kReconnecting, kRunning, kReadingExit, kEnded,
  };

  // To be performed in this order.
  struct Effects {
    bool prepare = false;        // Users, sandbox, run directory, limits; answered by Prepared().
    bool fetch = false;
    bool stop_fetch = false;
    bool spawn = false;          // The shim, with its spec; answered by Spawned(). With `prepare`:
                                 // both in one go, answered by Spawned() alone.
    bool inspect = false;        // Read the run's files; connect if the shim lives.
    bool read_exit = false;      // Read the exit file; kill what is left of the session.
    bool start_channel = false;  // Begin to listen to the shim.
    bool send_go = false;
    std::optional<Duration> send_kill;
    bool close_channel = false;
    std::optional<ContainerEvent> report;
  };

  // `orphan`: nobody asks for it; it is killed and its end is not reported.
  ContainerCore(ContainerId id, bool orphan) : id_(std::move(id)), orphan_(orphan) {}

  [[nodiscard]] Effects Launch(bool has_uris);
  [[nodiscard]] Effects Prepared(const Status& status);
  [[nodiscard]] Effects Fetched(const Status& status);
  [[nodiscard]] Effects Spawned(const Status& status);
  [[nodiscard]] Effects Recover();
  [[nodiscard]] Effects Inspected(const RunFindings& findings);
  [[nodiscard]] Effects Handle(const ShimEvent& event);
  [[nodiscard]] Effects ExitRead(const std::optional<ShimExited>& exit);
  [[nodiscard]] Effects Kill(Duration grace);

  [[nodiscard]] Phase phase() const { return phase_; }
  [[nodiscard]] bool ended() const { return phase_ == Phase::kEnded; }

 private:
  Effects Fail(const Status& status);
  Effects End(const ShimExited& exited);
  Effects EndKilled();
  Effects Lost();
  Effects Report(ContainerEvent event);
  Effects OnReady();
  Effects OnStarted(const ShimStarted& started);
  Effects OnGone();

  const ContainerId id_;
  const bool orphan_;
  Phase phase_ = Phase::kNew;
  // A kill that waits for a shim to hear it (starting, inspecting, reconnecting).
  std::optional<Duration> kill_;
};

}  // namespace meseta::agent
