// LeaderProxy: what a daemon that does not lead does with a request: it asks the leader, and hands the
// answer on (reference: Marathon surface 1.1, headers and transport). Events are redirected instead.
//
// While nobody leads, or leadership moves, a request is held for kRetries times kRetryPause; then 503.
// A request that has passed through another daemon is not proxied again: it is held, then 502.
#pragma once

#include <memory>
#include <string>

#include "actors/http/message.h"
#include "frameworks/services/api/services_api.h"

namespace meseta::services {

class LeaderProxy : public std::enable_shared_from_this<LeaderProxy> {
 public:
  static constexpr int kRetries = 20;
  static constexpr Duration kRetryPause = Duration::Millis(250);

  // `serve` handles a request when this daemon leads.
  using Serve = std::function<void(const TermPtr&, http::Request, http::ResponderPtr)>;
  LeaderProxy(const ApiContext& api, Serve serve) : api_(api), serve_(std::move(serve)) {}

  void Handle(http::Request request, http::ResponderPtr responder, int attempt = 0);

 private:
  void Forward(const std::string& leader, http::Request request, http::ResponderPtr responder);

  const ApiContext& api_;
  const Serve serve_;
};

}  // namespace meseta::services
