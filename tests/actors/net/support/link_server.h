// A daemon's port for tests of links: a listener whose connections all ask for a link.
#pragma once

#include <memory>
#include <string>

#include "actors/net/io_runtime.h"
#include "actors/net/link_transport.h"
#include "actors/net/listener.h"

namespace meseta::net {

class LinkServer {
 public:
  // `port` 0: any.
  LinkServer(IoRuntime& runtime, LinkTransport* transport, uint16_t port = 0,
             std::shared_ptr<TlsContext> tls = nullptr);
  ~LinkServer();

  [[nodiscard]] std::string address() const;
  [[nodiscard]] uint16_t port() const;

 private:
  std::unique_ptr<Listener> listener_;
};

}  // namespace meseta::net
