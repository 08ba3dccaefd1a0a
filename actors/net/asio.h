// The little of Boost.Asio that our network headers name, and how coroutines are started.
//
// Coroutine rule (g++ 12 miscompiles otherwise): no aggregate, lambda or braced-list temporary
// inside an expression that contains co_await; name it first.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/system/error_code.hpp>
#include <cstddef>
#include <string_view>
#include <utility>

#include "actors/base/status.h"

namespace meseta::net {

namespace asio = boost::asio;
using ErrorCode = boost::system::error_code;
using IoResult = std::pair<ErrorCode, std::size_t>;

// Runs a coroutine to its end on `executor`. An exception that leaves it is logged, never rethrown.
void Spawn(const asio::any_io_executor& executor, asio::awaitable<void> coroutine);

// The sentence of a failed socket operation: "context: connection refused".
Status IoStatus(const ErrorCode& error, std::string_view context);

// Suspends the calling coroutine. Returns early only when its io_context is torn down.
asio::awaitable<void> Sleep(long milliseconds);

}  // namespace meseta::net
