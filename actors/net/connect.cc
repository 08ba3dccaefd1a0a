#include <sys/un.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <utility>
#include <vector>

#include "actors/net/address.h"
#include "actors/net/any_stream.h"
#include "actors/net/any_stream_factory.h"
#include "actors/net/deadlines.h"

namespace meseta::net {
namespace {

using tcp = asio::ip::tcp;
using Local = asio::local::stream_protocol;
using StreamResult = Result<std::unique_ptr<AnyStream>>;

constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);
constexpr size_t kMaxUnixPathBytes = sizeof(sockaddr_un{}.sun_path) - 1;

// What is left of a timeout that several steps share.
class Budget {
 public:
  explicit Budget(Duration timeout) : timeout_(timeout), start_(std::chrono::steady_clock::now()) {}
  [[nodiscard]] Duration Left() const {
    if (timeout_ == Duration::Max()) return timeout_;
    const auto spent = std::chrono::steady_clock::now() - start_;
    const auto nanos = std::chrono::duration_cast<std::chrono::nanoseconds>(spent).count();
    return std::max(timeout_ - Duration::Nanos(nanos), Duration::Nanos(0));
  }

 private:
  Duration timeout_;
  std::chrono::steady_clock::time_point start_;
};

asio::awaitable<StreamResult> ConnectUnix(asio::any_io_executor executor, std::string path,
                                          Duration timeout) {
  const std::string context = "Cannot connect to the socket '" + path + "'";
  if (path.size() > kMaxUnixPathBytes)
    co_return InvalidArgument(context + ": the path is too long");
  Local::socket socket(executor);
  const Local::endpoint endpoint(path);
  Deadlines deadlines(executor, [&socket] {
    ErrorCode unused;
    socket.cancel(unused);
  });
  deadlines.Set(Deadlines::kRead, timeout);
  auto [error] = co_await socket.async_connect(endpoint, kTuple);
  if (deadlines.Clear(Deadlines::kRead) && error)
    co_return DeadlineExceeded(context + ": timed out");
  if (error) co_return IoStatus(error, context);
  co_return StreamResult(UnixStream(std::move(socket)));
}

asio::awaitable<Result<std::vector<tcp::endpoint>>> LookUp(asio::any_io_executor executor,
                                                           HostPort where, Duration timeout) {
  std::vector<tcp::endpoint> endpoints;
  ErrorCode error;
  const auto ip = asio::ip::make_address(where.host, error);
  if (!error) {
    endpoints.emplace_back(ip, where.port);
    co_return endpoints;
  }
  const std::string context = "Cannot look up '" + where.host + "'";
  tcp::resolver resolver(executor);
  Deadlines deadlines(executor, [&resolver] { resolver.cancel(); });
  deadlines.Set(Deadlines::kRead, timeout);
  const std::string port = std::to_string(where.port);
  auto [failed, found] = co_await resolver.async_resolve(where.host, port, kTuple);
  if (deadlines.Clear(Deadlines::kRead) && failed) {
    co_return DeadlineExceeded(context + ": timed out");
  }
  if (failed) co_return Unavailable(context + ": " + failed.message());
  for (const auto& entry : found) endpoints.push_back(entry.endpoint());
  co_return endpoints;
}

// One attempt per address, each with the time that is left.
asio::awaitable<Result<tcp::socket>> ConnectTcp(asio::any_io_executor executor, HostPort where,
                                                Budget budget) {
  auto endpoints = co_await LookUp(executor, where, budget.Left());
  if (!endpoints.ok()) co_return endpoints.status();
  const std::string context = "Cannot connect to " + where.ToString();
  Status last = Unavailable(context + ": it has no address");
  for (const tcp::endpoint& endpoint : *endpoints) {
    tcp::socket socket(executor);
    Deadlines deadlines(executor, [&socket] {
      ErrorCode unused;
      socket.cancel(unused);
    });
    deadlines.Set(Deadlines::kRead, budget.Left());
    auto [error] = co_await socket.async_connect(endpoint, kTuple);
    const bool late = deadlines.Clear(Deadlines::kRead);
    if (error && late) co_return DeadlineExceeded(context + ": timed out");
    if (error) {
      last = IoStatus(error, context);
      continue;
    }
    ErrorCode ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    co_return Result<tcp::socket>(std::move(socket));
  }
  co_return last;
}

}  // namespace

asio::awaitable<StreamResult> Connect(ConnectTarget target, Duration timeout) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  const Budget budget(timeout);
  if (!target.unix_path.empty()) {
    co_return co_await ConnectUnix(executor, target.unix_path, timeout);
  }
  HostPort where;
  where.host = target.host;
  where.port = target.port;
  auto socket = co_await ConnectTcp(executor, where, budget);
  if (!socket.ok()) co_return socket.status();
  if (target.tls == nullptr) co_return StreamResult(TcpStream(std::move(*socket)));
  auto stream = TlsStream(std::move(*socket), target.tls);
  const ErrorCode error = co_await stream->ClientHandshake(target.host, budget.Left());
  if (error) co_return IoStatus(error, "The TLS handshake with " + where.ToString() + " failed");
  co_return StreamResult(std::move(stream));
}

}  // namespace meseta::net
