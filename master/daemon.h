// MasterDaemon: a whole master as an object. Owns its port, its actors and its registry's store;
// several may live in one process.
//
//   HTTP threads -> master actor -> registrar actor (disk)
//                        |  \-----> allocator actor -> proposals back
//                        |  \-----> view actor -> snapshots -> GETs on the render pool
//                        \--------> stream actor -> event streams
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "actors/base/status.h"
#include "master/master_flags.h"

namespace meseta::master {

class MasterDaemon {
 public:
  // Opens the registry, binds the port and leads. `flag_values` is what GET /flags shows.
  // `on_fatal` is called once, with a sentence, when the master cannot go on; the owner then ends it.
  static Result<std::unique_ptr<MasterDaemon>> Start(
      const MasterFlags& flags, std::map<std::string, std::string> flag_values,
      std::function<void(const std::string&)> on_fatal);
  ~MasterDaemon();  // Stop()s.
  MasterDaemon(const MasterDaemon&) = delete;
  MasterDaemon& operator=(const MasterDaemon&) = delete;

  // Ends everything in order. Idempotent.
  void Stop();

  // With which status of exit_codes.h the process ends after `on_fatal`.
  [[nodiscard]] int failure_code() const;

  [[nodiscard]] std::string address() const;  // "127.0.0.1:5050"
  [[nodiscard]] std::string url() const;      // "http://127.0.0.1:5050"
  // Agents that are registered and may be offered, for `meseta dev`.
  [[nodiscard]] size_t active_agents() const;

  struct State;  // Of daemon.cc.

 private:
  explicit MasterDaemon(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace meseta::master
