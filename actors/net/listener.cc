#include "actors/net/listener.h"

#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <optional>
#include <utility>

#include "actors/base/logging.h"
#include "actors/net/address.h"
#include "actors/net/any_stream_factory.h"

namespace meseta::net {
namespace {

using tcp = asio::ip::tcp;
using Local = asio::local::stream_protocol;
constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);
constexpr size_t kMaxUnixPathBytes = sizeof(sockaddr_un{}.sun_path) - 1;

}  // namespace

struct Listener::State {
  State(IoRuntime& runtime_in, ListenerOptions options_in, StreamHandler on_stream_in)
      : runtime(runtime_in), options(std::move(options_in)), on_stream(std::move(on_stream_in)) {}

  IoRuntime& runtime;
  const ListenerOptions options;
  const StreamHandler on_stream;
  asio::io_context& context = runtime.Next();  // Where accepting happens.
  std::optional<tcp::acceptor> tcp_acceptor;
  std::optional<Local::acceptor> unix_acceptor;
  std::string ip;
  uint16_t port = 0;
  std::atomic<bool> closed = false;
  std::shared_ptr<std::atomic<size_t>> live = std::make_shared<std::atomic<size_t>>(0);
};

namespace {

Status BindError(const ErrorCode& error, const std::string& where) {
  return ErrnoStatus(error.value(), "Cannot listen on " + where);
}

// Counts a stream as long as it lives; outlives the listener if need be.
std::shared_ptr<void> TakePlace(std::shared_ptr<std::atomic<size_t>> live) {
  ++*live;
  return std::shared_ptr<void>(nullptr, [live = std::move(live)](void*) { --*live; });
}

asio::awaitable<void> Welcome(std::unique_ptr<AnyStream> stream, StreamHandler on_stream,
                              Duration handshake_timeout) {
  const ErrorCode error = co_await stream->ServerHandshake(handshake_timeout);
  if (error) {
    VLOG(1) << "TLS handshake with " << stream->peer() << " failed: " << error.message();
    co_return;
  }
  on_stream(std::move(stream));
}

std::unique_ptr<AnyStream> MakeStream(tcp::socket socket, const std::shared_ptr<TlsContext>& tls) {
  ErrorCode ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  socket.set_option(asio::socket_base::keep_alive(true), ignored);
  if (tls != nullptr) return TlsStream(std::move(socket), tls);
  return TcpStream(std::move(socket));
}

std::unique_ptr<AnyStream> MakeStream(Local::socket socket, const std::shared_ptr<TlsContext>&) {
  return UnixStream(std::move(socket));
}

template <class State, class Acceptor>
asio::awaitable<void> AcceptLoop(std::shared_ptr<State> state, Acceptor& acceptor) {
  const long pause = kAcceptPause.millis();
  while (!state->closed) {
    if (*state->live >= state->options.max_connections) {
      LOG_EVERY_N(WARNING, 200) << "All " << state->options.max_connections
                                << " connections are in use; new ones wait";
      co_await Sleep(pause);
      continue;
    }
    asio::io_context& home = state->runtime.Next();
    auto [error, socket] = co_await acceptor.async_accept(home, kTuple);
    if (state->closed) co_return;
    if (error) {
      // Such as EMFILE: accepting again at once would spin.
      LOG_EVERY_N(WARNING, 200) << "Cannot accept a connection: " << error.message();
      co_await Sleep(pause);
      continue;
    }
    auto stream = MakeStream(std::move(socket), state->options.tls);
    stream->Hold(TakePlace(state->live));
    const asio::any_io_executor executor = stream->executor();
    Spawn(executor, Welcome(std::move(stream), state->on_stream, state->options.handshake_timeout));
  }
}

template <class State>
Status OpenTcp(State& state) {
  ErrorCode error;
  const auto ip = asio::ip::make_address(state.options.ip, error);
  if (error) return InvalidArgument("'" + state.options.ip + "' is not an IP address to listen on");
  const tcp::endpoint endpoint(ip, state.options.port);
  HostPort name;
  name.host = state.options.ip;
  name.port = state.options.port;
  const std::string where = name.ToString();
  tcp::acceptor& acceptor = state.tcp_acceptor.emplace(state.context);
  acceptor.open(endpoint.protocol(), error);
  if (error) return BindError(error, where);
  acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(kListenBacklog, error);
  if (error) return BindError(error, where);
  const auto bound = acceptor.local_endpoint(error);
  if (error) return BindError(error, where);
  state.ip = bound.address().to_string();
  state.port = bound.port();
  return OkStatus();
}

template <class State>
Status OpenUnix(State& state) {
  const std::string& path = state.options.unix_path;
  if (path.size() > kMaxUnixPathBytes) {
    return InvalidArgument("The socket path '" + path + "' is longer than " +
                           std::to_string(kMaxUnixPathBytes) + " bytes");
  }
  struct stat info {};
  if (lstat(path.c_str(), &info) == 0 && S_ISSOCK(info.st_mode)) unlink(path.c_str());
  ErrorCode error;
  const Local::endpoint endpoint(path);
  Local::acceptor& acceptor = state.unix_acceptor.emplace(state.context);
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(kListenBacklog, error);
  if (error) return BindError(error, "'" + path + "'");
  return OkStatus();
}

}  // namespace

Result<std::unique_ptr<Listener>> Listener::Open(IoRuntime& runtime, ListenerOptions options,
                                                 StreamHandler on_stream) {
  auto state = std::make_shared<State>(runtime, std::move(options), std::move(on_stream));
  const asio::any_io_executor executor = state->context.get_executor();
  if (state->options.unix_path.empty()) {
    RETURN_IF_ERROR(OpenTcp(*state));
    Spawn(executor, AcceptLoop(state, *state->tcp_acceptor));
  } else {
    RETURN_IF_ERROR(OpenUnix(*state));
    Spawn(executor, AcceptLoop(state, *state->unix_acceptor));
  }
  return std::unique_ptr<Listener>(new Listener(std::move(state)));
}

Listener::Listener(std::shared_ptr<State> state) : state_(std::move(state)) {}

Listener::~Listener() { Close(); }

uint16_t Listener::port() const { return state_->port; }
const std::string& Listener::ip() const { return state_->ip; }
size_t Listener::connections() const { return *state_->live; }

void Listener::Close() {
  if (state_->closed.exchange(true)) return;
  if (!state_->options.unix_path.empty()) unlink(state_->options.unix_path.c_str());
  asio::post(state_->context, [state = state_] {
    ErrorCode ignored;
    if (state->tcp_acceptor) state->tcp_acceptor->close(ignored);
    if (state->unix_acceptor) state->unix_acceptor->close(ignored);
  });
}

}  // namespace meseta::net
