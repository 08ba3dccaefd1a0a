// A daemon's port for tests of links: an HTTP server with /health whose upgrades become links.
#pragma once

#include <memory>
#include <string>

#include "actors/http/server.h"
#include "actors/net/io_runtime.h"
#include "actors/net/link_transport.h"
#include "actors/net/listener.h"

namespace meseta::net {

class LinkServer {
 public:
  // `port` 0: any.
  LinkServer(IoRuntime& runtime, LinkTransport* transport, uint16_t port = 0,
             std::shared_ptr<TlsContext> tls = nullptr);
  ~LinkServer();  // REQUIRES: the runtime still runs.

  [[nodiscard]] std::string address() const;
  [[nodiscard]] uint16_t port() const;

 private:
  std::unique_ptr<http::Server> server_;
  std::unique_ptr<Listener> listener_;
};

}  // namespace meseta::net
