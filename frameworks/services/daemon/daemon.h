// ServicesDaemon: a whole meseta-services as an object. Owns its port, its store (one member of a
// replicated group) and, while it leads, the actors of its term; several may live in one process.
//
//   HTTP threads -> pool (parse, render) -> services actor -> store (replicated log) -> back
//                                              |    \-------> scheduler (SDK) <-> masters
//                                              |    \-------> prober, event streams
//                                              \------------> snapshots -> GETs on the pool
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "actors/base/status.h"
#include "frameworks/services/daemon/services_flags.h"

namespace meseta::services {

class ServicesDaemon {
 public:
  // Opens the store, binds the port and joins the group. `flag_values` is what GET /config shows.
  // `on_fatal` is called once, with a sentence, when the daemon cannot go on; the owner then ends it.
  static Result<std::unique_ptr<ServicesDaemon>> Start(
      const ServicesFlags& flags, std::map<std::string, std::string> flag_values,
      std::function<void(const std::string&)> on_fatal);
  ~ServicesDaemon();  // Stop()s.
  ServicesDaemon(const ServicesDaemon&) = delete;
  ServicesDaemon& operator=(const ServicesDaemon&) = delete;

  // Ends everything in order; apps go on. Idempotent.
  void Stop();

  [[nodiscard]] std::string url() const;  // "http://127.0.0.1:8080"

  struct State;  // Of daemon.cc.

 private:
  explicit ServicesDaemon(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace meseta::services
