// Prober: performs the probes that HealthCore asks for: HTTP, HTTPS (certificates are not verified,
// as Marathon does), TCP connect.
//
// Each probe has a connection of its own, gives exactly one result within its timeout, and reads no
// more than the head, or kMaxBodyBytes of the body when that is kept. Redirects are not followed.
// Results come on network threads. Beyond kMaxAtOnce, probes fail at once.
//
// Thread-safe. Once the destructor has begun, no further result is given.
#pragma once

#include <functional>
#include <memory>

#include "actors/base/status.h"
#include "actors/net/io_runtime.h"
#include "frameworks/services/health/health_core.h"

namespace meseta::http {
class Client;
}

namespace meseta::services {

class Prober {
 public:
  static constexpr size_t kMaxAtOnce = 2 * HealthCore::kMaxProbesAtOnce;
  static constexpr size_t kMaxBodyBytes = 16 * 1024;
  static constexpr size_t kMaxContentTypeBytes = 256;

  using OnResult = std::function<void(ProbeResult)>;

  // `runtime` must outlive it.
  [[nodiscard]] static Result<std::unique_ptr<Prober>> Make(net::IoRuntime& runtime,
                                                            OnResult on_result);
  ~Prober();
  Prober(const Prober&) = delete;
  Prober& operator=(const Prober&) = delete;

  void Start(const Probe& probe);

 private:
  struct State;
  Prober(std::shared_ptr<State> state, std::shared_ptr<http::Client> client);
  std::shared_ptr<State> state_;
  std::shared_ptr<http::Client> client_;
};

}  // namespace meseta::services
