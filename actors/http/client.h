// Client: HTTP/1.1 requests over TCP, TLS and unix sockets.
//
// Asynchronous: callbacks come once each, on a network thread, and must not block. Connections are
// kept for reuse, bounded in number and age; a kept one that the server has closed meanwhile is not
// used. Everything is bounded: time, header, body, operations at once. Any thread may call.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "actors/base/time.h"
#include "actors/http/message.h"
#include "actors/net/io_runtime.h"

namespace meseta::net {
class TlsContext;
}

namespace meseta::http {

inline constexpr Duration kDefaultRequestTimeout = Duration::Seconds(30);
inline constexpr size_t kMaxClientBodyBytes = size_t{512} * 1024 * 1024;

struct ClientRequest {
  std::string method = "GET";
  std::string url;        // "http://host:port/path?query", https for TLS.
  std::string unix_path;  // When set, connects to this socket; url still gives Host and target.
  Headers headers;  // Host, Content-Length, User-Agent and Accept-Encoding are added if absent.
  std::string body;
  // Of everything for Send; for Stream until the head has come.
  Duration timeout = kDefaultRequestTimeout;
  // Of a stream: the longest silence. Max: none (servers send heartbeats; the caller may count
  // them).
  Duration stream_silence = Duration::Max();
  size_t max_body_bytes = kMaxClientBodyBytes;  // Of Send, after decompression.
  int max_redirects = 0;  // Followed for 301, 302, 303, 307 and 308; otherwise returned.
  bool redirect_authorization = false;  // Send Authorization to another host too.
};

struct ClientOptions {
  std::shared_ptr<net::TlsContext> tls;  // For https; null: the system's CA certificates.
  size_t max_idle_connections = 64;
  Duration max_idle_time = Duration::Seconds(30);
  size_t max_operations = 10'000;  // At once; kResourceExhausted beyond it.
};

// A streaming answer under way. Dropping it does not end the stream.
class ClientStream {
 public:
  virtual ~ClientStream() = default;
  // Ends it soon; on_end still comes. Thread-safe.
  virtual void Close() = 0;
};

class Client {
 public:
  using OnResponse = std::function<void(Result<Response>)>;
  using OnHead = std::function<void(const Response&)>;   // Status and headers; no body.
  using OnData = std::function<void(std::string_view)>;  // Body bytes in order.
  using OnEnd = std::function<void(const Status&)>;      // OK: the body is complete.

  Client(net::IoRuntime& runtime, ClientOptions options);
  // Operations under way end soon with kUnavailable. `runtime` must still exist.
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void Send(ClientRequest request, OnResponse done);
  // on_end comes exactly once and last; without on_head when there was no answer.
  std::shared_ptr<ClientStream> Stream(ClientRequest request, OnHead on_head, OnData on_data,
                                       OnEnd on_end);

 private:
  std::shared_ptr<class ClientCore> core_;
};

// Sends and waits, for programs without a runtime of their own. REQUIRES: not on a network thread.
Result<Response> Fetch(ClientRequest request, Duration deadline,
                       std::shared_ptr<net::TlsContext> tls = nullptr);

}  // namespace meseta::http
