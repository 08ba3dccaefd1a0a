// AgentDaemon: a whole agent as an object. Owns its port, its actor, its checkpoint and its
// containerizer; several may live in one process.
//
//   master <-- link --> agent actor <--> containerizer --> one meseta-shim per container
//                            |  \------> checkpoint writer (disk)
//                            \---------> snapshot -> GETs on the pool
//
// Stop() leaves tasks running: the next agent on the same work_dir finds them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "actors/base/status.h"
#include "agent/agent_flags.h"

namespace meseta::agent {

// A process that cannot be mistaken for a later one with the same pid.
struct ContainerProcess {
  int64_t pid = 0;
  int64_t start_time = 0;  // Clock ticks since boot.
};
// Shims and tasks that the run files below `runs_directory` name, of this boot. What lives of them
// is for the caller to check (ProcessStartTime).
[[nodiscard]] std::vector<ContainerProcess> RecordedProcesses(const std::string& runs_directory);
// 0 when there is no such process, or it is a zombie.
[[nodiscard]] int64_t ProcessStartTime(int64_t pid);

class AgentDaemon {
 public:
  // Opens the checkpoint, recovers, binds the port and dials the masters. `flag_values` is what
  // GET /flags shows. `on_fatal` is called with a sentence when the agent cannot go on, or was told
  // to end by its master; the owner then ends it. Any thread.
  static Result<std::unique_ptr<AgentDaemon>> Start(
      const AgentFlags& flags, std::map<std::string, std::string> flag_values,
      std::function<void(const std::string&)> on_fatal);
  ~AgentDaemon();  // Stop()s.
  AgentDaemon(const AgentDaemon&) = delete;
  AgentDaemon& operator=(const AgentDaemon&) = delete;

  // Ends everything in order, except tasks. Idempotent.
  void Stop();

  [[nodiscard]] std::string address() const;  // "127.0.0.1:5051"
  [[nodiscard]] std::string url() const;      // "http://127.0.0.1:5051"
  // A master has accepted this agent on the present link.
  [[nodiscard]] bool registered() const;

  struct State;

 private:
  explicit AgentDaemon(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace meseta::agent
