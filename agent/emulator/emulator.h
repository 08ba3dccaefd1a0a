// Emulator: emulated agents as an object, for meseta-emulator and for tests of scale in one process.
//
// The agents are dealt to shards. A shard is a thread with an EmulatedAgentsCore and one link to each
// master; shards share nothing but the network threads. So N agents take shards x masters sockets.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "actors/base/status.h"
#include "agent/emulator/emulated_agents_core.h"
#include "agent/emulator/emulator_flags.h"

namespace meseta::agent {

class Emulator {
 public:
  // `flag_values` is not used: there is no /flags. `on_fatal` is called with a sentence when it
  // cannot go on. Any thread.
  static Result<std::unique_ptr<Emulator>> Start(const EmulatorFlags& flags,
                                                 std::map<std::string, std::string> flag_values,
                                                 std::function<void(const std::string&)> on_fatal);
  ~Emulator();  // Stop()s.
  Emulator(const Emulator&) = delete;
  Emulator& operator=(const Emulator&) = delete;

  // With --unregister the agents leave their master first, for at most kLeaveLimit. Idempotent.
  static constexpr Duration kLeaveLimit = Duration::Seconds(10);
  void Stop();

  // Of all shards. Any thread.
  [[nodiscard]] EmulatedStats stats() const;

  struct State;

 private:
  explicit Emulator(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

[[nodiscard]] std::string StatsJson(const EmulatedStats& stats, Duration since_start);

}  // namespace meseta::agent
