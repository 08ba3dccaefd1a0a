#include "tests/actors/net/support/link_server.h"

#include <span>
#include <utility>

namespace meseta::net {
namespace {

constexpr size_t kMaxHead = 8192;

std::string HeaderValue(const std::string& head, const std::string& name) {
  const size_t at = head.find("\r\n" + name + ": ");
  if (at == std::string::npos) return {};
  const size_t start = at + name.size() + 4;
  return head.substr(start, head.find("\r\n", start) - start);
}

asio::awaitable<void> ReadHead(std::unique_ptr<AnyStream> stream, LinkTransport* transport) {
  std::string bytes;
  char data[1024];
  const std::span<char> into(data);
  while (bytes.size() < kMaxHead) {
    const auto [error, n] = co_await stream->ReadSome(into, Duration::Seconds(20));
    if (error) co_return;
    bytes.append(data, n);
    const size_t end = bytes.find("\r\n\r\n");
    if (end == std::string::npos) continue;
    const std::string head = bytes.substr(0, end + 2);
    if (HeaderValue(head, "Upgrade") != "meseta-link") co_return;
    transport->Accept(std::move(stream), HeaderValue(head, "Authorization"),
                      bytes.substr(end + 4));
    co_return;
  }
}

}  // namespace

LinkServer::LinkServer(IoRuntime& runtime, LinkTransport* transport, uint16_t port,
                       std::shared_ptr<TlsContext> tls) {
  ListenerOptions options;
  options.port = port;
  options.tls = std::move(tls);
  auto opened = Listener::Open(runtime, options, [transport](std::unique_ptr<AnyStream> stream) {
    const auto executor = stream->executor();
    Spawn(executor, ReadHead(std::move(stream), transport));
  });
  CHECK(opened.ok()) << opened.status();
  listener_ = std::move(*opened);
}

LinkServer::~LinkServer() = default;

std::string LinkServer::address() const { return "127.0.0.1:" + std::to_string(port()); }

uint16_t LinkServer::port() const { return listener_->port(); }

}  // namespace meseta::net
