// AnyStream: one concrete byte stream for TCP, TLS and unix sockets.
//
// It is also a compile-time firewall: Asio's composed operations are instantiated once, in
// any_stream.cc. All calls happen on the thread of the stream's io_context; one read and one write
// may be under way at a time. The stream must outlive its operations. A deadline that passes
// cancels all operations of the stream; the one that was late ends with asio::error::timed_out, and
// after a late read a last Write is still possible.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "actors/base/time.h"
#include "actors/net/asio.h"

namespace meseta::net {

class TlsContext;

// What the peer's verified certificate says of it.
struct PeerCertificate {
  std::string common_name;
  std::vector<std::string> dns_names;  // subjectAltName.
  std::vector<std::string> ips;        // subjectAltName, in text form.
};

class AnyStream {
 public:
  virtual ~AnyStream() = default;

  // TLS handshakes; nothing for the other kinds. The client checks the certificate against `host`.
  virtual asio::awaitable<ErrorCode> ServerHandshake(Duration timeout) = 0;
  virtual asio::awaitable<ErrorCode> ClientHandshake(std::string host, Duration timeout) = 0;

  virtual asio::awaitable<IoResult> ReadSome(std::span<char> into, Duration timeout) = 0;
  // Writes everything or fails; the deadline is that of the whole. The buffers and the array that
  // lists them must live until the call completes.
  virtual asio::awaitable<IoResult> Write(std::span<const asio::const_buffer> buffers,
                                          Duration timeout) = 0;
  // Tells the peer that nothing more will be sent (FIN, or TLS close_notify).
  virtual asio::awaitable<void> ShutdownWrite(Duration timeout) = 0;
  // Ends all operations with operation_aborted. Idempotent.
  virtual void Close() = 0;

  // Nothing to read and not closed by the peer, as an idle connection should be before it is used
  // again. REQUIRES: no read is under way.
  virtual bool Quiet() = 0;

  virtual asio::any_io_executor executor() = 0;
  // "ip:port", or "unix".
  [[nodiscard]] virtual const std::string& peer() const = 0;
  [[nodiscard]] virtual bool secure() const = 0;
  // Of a TLS peer that presented a certificate which our CA signed; null otherwise.
  [[nodiscard]] virtual const PeerCertificate* peer_certificate() const = 0;
  // Keeps something alive as long as the stream, such as its place among a listener's connections.
  virtual void Hold(std::shared_ptr<void> token) = 0;
};

// Where to connect.
struct ConnectTarget {
  std::string host;  // A name or an ip.
  uint16_t port = 0;
  std::string unix_path;            // When set, a unix socket instead of host and port.
  std::shared_ptr<TlsContext> tls;  // When set, the stream is TLS and checked against `host`.
};

// Looks up, connects and shakes hands on the executor of the calling coroutine, within `timeout`.
asio::awaitable<Result<std::unique_ptr<AnyStream>>> Connect(ConnectTarget target, Duration timeout);

}  // namespace meseta::net
