// Listener: the one port of a daemon (or a unix socket), accepting plain or TLS streams.
//
// Accepted streams are spread over the network threads; each is handed over, TLS handshake done, on
// its own thread. Connections are bounded: beyond the bound, or without file descriptors, accepting
// pauses and the kernel's backlog holds newcomers. A failed or slow handshake closes that
// connection only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "actors/base/status.h"
#include "actors/net/any_stream.h"
#include "actors/net/io_runtime.h"

namespace meseta::net {

inline constexpr int kListenBacklog = 4096;
inline constexpr size_t kDefaultMaxConnections = 60'000;
inline constexpr Duration kServerHandshakeTimeout = Duration::Seconds(10);
inline constexpr Duration kAcceptPause = Duration::Millis(50);

struct ListenerOptions {
  std::string ip = "127.0.0.1";
  uint16_t port = 0;      // 0: any free port.
  std::string unix_path;  // When set, a unix socket instead; a stale socket file is replaced.
  std::shared_ptr<TlsContext> tls;
  size_t max_connections = kDefaultMaxConnections;
  Duration handshake_timeout = kServerHandshakeTimeout;
};

using StreamHandler = std::function<void(std::unique_ptr<AnyStream>)>;

class Listener {
 public:
  // The port is bound and accepting when this returns. `runtime` must outlive the listener.
  static Result<std::unique_ptr<Listener>> Open(IoRuntime& runtime, ListenerOptions options,
                                                StreamHandler on_stream);
  ~Listener();  // Close()s.
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  [[nodiscard]] uint16_t port() const;
  [[nodiscard]] const std::string& ip() const;
  // Streams that were accepted and still live.
  [[nodiscard]] size_t connections() const;
  // Stops accepting, soon; accepted streams stay. Thread-safe, idempotent.
  void Close();

 private:
  struct State;
  explicit Listener(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace meseta::net
