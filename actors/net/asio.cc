#include "actors/net/asio.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <exception>
#include <string>

#include "actors/base/logging.h"

namespace meseta::net {

void Spawn(const asio::any_io_executor& executor, asio::awaitable<void> coroutine) {
  auto done = [](const std::exception_ptr& error) {
    if (!error) return;
    try {
      std::rethrow_exception(error);
    } catch (const std::exception& e) {
      LOG(ERROR) << "A network task ended with an exception: " << e.what();
    }
  };
  asio::co_spawn(executor, std::move(coroutine), done);
}

Status IoStatus(const ErrorCode& error, std::string_view context) {
  std::string text(context);
  text += ": ";
  if (error == asio::error::timed_out) return DeadlineExceeded(text + "timed out");
  if (error == asio::error::eof || error == asio::ssl::error::stream_truncated) {
    return Unavailable(text + "the peer closed the connection");
  }
  if (error == asio::error::operation_aborted) return Unavailable(text + "closed");
  if (error.category() == boost::system::system_category()) {
    return ErrnoStatus(error.value(), context);
  }
  return Unavailable(text + error.message());
}

asio::awaitable<void> Sleep(long milliseconds) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  asio::steady_timer timer(executor, std::chrono::milliseconds(milliseconds));
  constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);
  co_await timer.async_wait(kTuple);
}

}  // namespace meseta::net
