// Joins links to a daemon's HTTP server: requests with `Upgrade: meseta-link` become links.
// For the daemons' main objects; links meseta_http and meseta_net.
#pragma once

#include <string>
#include <utility>

#include "actors/http/server.h"
#include "actors/net/link_transport.h"
#include "actors/net/link_upgrade.h"

namespace meseta::net {

// To be called before the server's first Serve(). The transport must outlive what the server serves:
// Shutdown() the server before the transport is destroyed.
inline void ServeLinks(http::Server& server, LinkTransport& transport) {
  server.SetUpgradeHandler(std::string(kLinkUpgrade), [&transport](http::UpgradeRequest request) {
    const std::string authorization = request.head.headers.Get("Authorization").value_or("");
    transport.Accept(std::move(request.stream), authorization, std::move(request.early_bytes));
  });
}

}  // namespace meseta::net
