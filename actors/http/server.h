// Server: HTTP/1.x over any stream.
//
// Each connection lives on the network thread of its stream; handlers run there too and must not
// block. Requests of one connection are answered in order, one at a time. Everything a peer can
// make us hold is bounded: header, body, requests in flight, buffered bodies, outbox of a stream; a
// peer that is slow or silent meets a deadline. Bad input is answered with a 4xx and closes that
// connection only.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "actors/base/time.h"
#include "actors/http/auth.h"
#include "actors/http/exchange.h"
#include "actors/http/message.h"
#include "actors/http/request_parser.h"
#include "actors/http/router.h"
#include "actors/net/any_stream.h"

namespace meseta::http {

struct ServerDeadlines {
  Duration idle = Duration::Seconds(120);       // Between requests.
  Duration header = Duration::Seconds(15);      // From a request's first byte to its last header.
  Duration body_grace = Duration::Seconds(30);  // For a body, plus its size at the least rate.
  size_t min_body_bytes_per_second = 4096;
  Duration write = Duration::Seconds(30);  // For each 256 KiB written.
};

struct ServerOptions {
  // Realms without one are open.
  std::map<Realm, std::shared_ptr<const Authenticator>> authenticators;
  ServerDeadlines deadlines;
  size_t max_header_bytes = kMaxHeaderBytes;
  size_t max_requests_in_flight = 10'000;  // 503 beyond it. Streams do not count.
  size_t max_buffered_body_bytes = size_t{512} * 1024 * 1024;  // Of all requests; 503 beyond it.
  size_t max_outbox_bytes = kMaxOutboxBytes;
  bool jsonp = true;  // ?jsonp=cb wraps JSON answers to GET.
};

// A connection that changes its protocol. The handler writes the 101, or a refusal.
struct UpgradeRequest {
  Request head;  // With peer and principal.
  std::unique_ptr<net::AnyStream> stream;
  std::string early_bytes;  // Read already, behind the head.
};
using UpgradeHandler = std::function<void(UpgradeRequest)>;

// "HTTP/1.1 101 Switching Protocols" with its headers and the empty line.
[[nodiscard]] std::string SwitchingProtocolsHead(std::string_view protocol,
                                                 const Headers& headers = {});

// Counted since the start; gauges where said.
struct ServerStats {
  std::atomic<uint64_t> requests = 0;
  std::atomic<uint64_t> responses_4xx = 0;
  std::atomic<uint64_t> responses_5xx = 0;
  std::atomic<uint64_t> malformed = 0;            // Refused by the parser.
  std::atomic<uint64_t> timed_out = 0;            // Peers that met a deadline within a request.
  std::atomic<uint64_t> overloaded = 0;           // 503 by our bounds.
  std::atomic<uint64_t> streams_cut = 0;          // Subscribers that did not keep up.
  std::atomic<uint64_t> connections = 0;          // Gauge.
  std::atomic<uint64_t> streams = 0;              // Gauge.
  std::atomic<uint64_t> requests_in_flight = 0;   // Gauge.
  std::atomic<uint64_t> buffered_body_bytes = 0;  // Gauge.
};

struct ServerCore;

class Server {
 public:
  Server(Router router, ServerOptions options);
  ~Server();  // Shuts down without grace.
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Before the first Serve(). Requests with "Upgrade: `protocol`" go to `handler` once `realm` has
  // been authenticated; on any path.
  void SetUpgradeHandler(std::string protocol, Realm realm, UpgradeHandler handler);
  void SetUpgradeHandler(std::string protocol, UpgradeHandler handler) {
    SetUpgradeHandler(std::move(protocol), Realm::kNone, std::move(handler));
  }

  // Takes over a connected stream, its TLS handshake done. Any thread.
  void Serve(std::unique_ptr<net::AnyStream> stream);

  // Closes idle connections, ends streams, lets requests in flight finish for `grace`, then cuts
  // what is left. REQUIRES: not called on a network thread, and the runtime still runs.
  void Shutdown(Duration grace = Duration::Nanos(0));

  [[nodiscard]] const ServerStats& stats() const;

 private:
  std::shared_ptr<ServerCore> core_;
};

}  // namespace meseta::http
