// A server on an ephemeral loopback port, with a few routes.
#pragma once

#include <memory>
#include <string>

#include "actors/http/router.h"
#include "actors/http/server.h"
#include "actors/net/io_runtime.h"
#include "actors/net/listener.h"

namespace meseta::http {

class TestServer {
 public:
  explicit TestServer(Router router, ServerOptions options = {}, int threads = 2)
      : runtime_(threads), server_(std::move(router), std::move(options)) {}
  ~TestServer() {
    if (listener_) listener_->Close();
    server_.Shutdown();
    runtime_.Stop();
  }

  // After SetUpgradeHandler, if any. The port, or 0.
  uint16_t Start(net::ListenerOptions options = {}) {
    auto listener = net::Listener::Open(
        runtime_, std::move(options),
        [this](std::unique_ptr<net::AnyStream> stream) { server_.Serve(std::move(stream)); });
    if (!listener.ok()) return 0;
    listener_ = std::move(*listener);
    return listener_->port();
  }

  Server& server() { return server_; }
  net::IoRuntime& runtime() { return runtime_; }
  net::Listener& listener() { return *listener_; }

 private:
  net::IoRuntime runtime_;
  Server server_;
  std::unique_ptr<net::Listener> listener_;
};

}  // namespace meseta::http
