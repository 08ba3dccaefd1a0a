#include "tests/actors/net/support/link_server.h"

#include <utility>

#include "actors/http/server.h"
#include "actors/net/link_http.h"

namespace meseta::net {
namespace {

http::Router HealthRouter() {
  http::Router router;
  router.Add("/health", {}, [](http::Request, http::ResponderPtr responder) {
    responder->Send(http::Response::Text(200, "well"));
  });
  return router;
}

}  // namespace

LinkServer::LinkServer(IoRuntime& runtime, LinkTransport* transport, uint16_t port,
                       std::shared_ptr<TlsContext> tls)
    : server_(std::make_unique<http::Server>(HealthRouter(), http::ServerOptions())) {
  ServeLinks(*server_, *transport);
  ListenerOptions options;
  options.port = port;
  options.tls = std::move(tls);
  auto opened = Listener::Open(runtime, options, [this](std::unique_ptr<AnyStream> stream) {
    server_->Serve(std::move(stream));
  });
  CHECK(opened.ok()) << opened.status();
  listener_ = std::move(*opened);
}

LinkServer::~LinkServer() {
  listener_->Close();
  server_->Shutdown();
}

std::string LinkServer::address() const { return "127.0.0.1:" + std::to_string(port()); }

uint16_t LinkServer::port() const { return listener_->port(); }

}  // namespace meseta::net
