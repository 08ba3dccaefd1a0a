// Streams over real loopback sockets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <future>
#include <string>

#include "actors/net/any_stream.h"
#include "actors/net/io_runtime.h"
#include "actors/net/listener.h"

namespace meseta::net {
namespace {

using ::testing::HasSubstr;
constexpr Duration kLong = Duration::Seconds(20);

asio::awaitable<void> Echo(std::shared_ptr<AnyStream> stream) {
  char data[4096];
  for (;;) {
    const std::span<char> into(data);
    auto [error, n] = co_await stream->ReadSome(into, kLong);
    if (error) co_return;
    const asio::const_buffer buffers[1] = {asio::const_buffer(data, n)};
    auto [failed, written] = co_await stream->Write(buffers, kLong);
    if (failed) co_return;
  }
}

StreamHandler EchoHandler() {
  return [](std::unique_ptr<AnyStream> stream) {
    const auto executor = stream->executor();
    Spawn(executor, Echo(std::move(stream)));
  };
}

// Connects, sends `text`, reads until as much came back.
asio::awaitable<void> RoundTrip(ConnectTarget target, std::string text,
                                std::promise<Result<std::string>>& done) {
  auto stream = co_await Connect(target, kLong);
  if (!stream.ok()) {
    done.set_value(stream.status());
    co_return;
  }
  const asio::const_buffer buffers[1] = {asio::const_buffer(text.data(), text.size())};
  auto [failed, written] = co_await (*stream)->Write(buffers, kLong);
  std::string got;
  char data[4096];
  while (!failed && got.size() < text.size()) {
    const std::span<char> into(data);
    auto [error, n] = co_await (*stream)->ReadSome(into, kLong);
    if (error) break;
    got.append(data, n);
  }
  done.set_value(got);
}

Result<std::string> Exchange(IoRuntime& runtime, ConnectTarget target, std::string text) {
  std::promise<Result<std::string>> done;
  auto future = done.get_future();
  Spawn(runtime.Next().get_executor(), RoundTrip(std::move(target), std::move(text), done));
  return future.get();
}

TEST(Stream, TcpEcho) {
  IoRuntime runtime(2);
  auto listener = Listener::Open(runtime, {}, EchoHandler());
  ASSERT_TRUE(listener.ok()) << listener.status();
  ASSERT_NE((*listener)->port(), 0);
  ConnectTarget target;
  target.host = "127.0.0.1";
  target.port = (*listener)->port();
  for (int i = 0; i < 20; ++i) {
    const std::string text(static_cast<size_t>(1) << (i % 16), 'x');
    auto result = Exchange(runtime, target, text);
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_EQ(*result, text);
  }
  target.host = "localhost";
  EXPECT_EQ(Exchange(runtime, target, "by name").value_or(""), "by name");
  runtime.Stop();
}

TEST(Stream, UnixEcho) {
  IoRuntime runtime(1);
  ListenerOptions options;
  options.unix_path = testing::TempDir() + "meseta_stream_" + std::to_string(getpid());
  auto listener = Listener::Open(runtime, options, EchoHandler());
  ASSERT_TRUE(listener.ok()) << listener.status();
  ConnectTarget target;
  target.unix_path = options.unix_path;
  EXPECT_EQ(Exchange(runtime, target, "hello").value_or(""), "hello");
  (*listener)->Close();
  EXPECT_NE(access(options.unix_path.c_str(), F_OK), 0);
  target.unix_path = std::string(300, 'p');
  EXPECT_EQ(Exchange(runtime, target, "x").status().code(), StatusCode::kInvalidArgument);
  runtime.Stop();
}

TEST(Stream, RefusedConnectionNamesTheAddress) {
  IoRuntime runtime(1);
  auto listener = Listener::Open(runtime, {}, EchoHandler());
  ASSERT_TRUE(listener.ok());
  ConnectTarget target;
  target.host = "127.0.0.1";
  target.port = (*listener)->port();
  (*listener)->Close();
  std::promise<void> closed;
  // The acceptor is closed by the thread that runs it, before whatever is posted afterwards.
  for (size_t i = 0; i < runtime.size(); ++i) runtime.Post([&closed] { closed.set_value(); });
  closed.get_future().wait();
  auto result = Exchange(runtime, target, "x");
  ASSERT_FALSE(result.ok());
  EXPECT_THAT(result.status().message(), HasSubstr("127.0.0.1:" + std::to_string(target.port)));
}

TEST(Stream, PortInUseIsOneSentence) {
  IoRuntime runtime(1);
  auto first = Listener::Open(runtime, {}, EchoHandler());
  ASSERT_TRUE(first.ok());
  ListenerOptions options;
  options.port = (*first)->port();
  auto second = Listener::Open(runtime, options, EchoHandler());
  ASSERT_FALSE(second.ok());
  EXPECT_THAT(second.status().message(), HasSubstr("Cannot listen on 127.0.0.1:"));
}

asio::awaitable<void> ReadTwice(std::unique_ptr<AnyStream> stream, std::promise<ErrorCode>& late,
                                std::promise<ErrorCode>& write_after) {
  char data[16];
  const std::span<char> into(data);
  auto [error, n] = co_await stream->ReadSome(into, Duration::Millis(20));
  late.set_value(error);
  const asio::const_buffer buffers[1] = {asio::const_buffer("late", 4)};
  auto [failed, written] = co_await stream->Write(buffers, kLong);
  write_after.set_value(failed);
}

TEST(Stream, LateReadTimesOutAndALastWriteIsPossible) {
  IoRuntime runtime(1);
  std::promise<ErrorCode> late;
  std::promise<ErrorCode> write_after;
  auto listener = Listener::Open(runtime, {}, [&](std::unique_ptr<AnyStream> stream) {
    const auto executor = stream->executor();
    Spawn(executor, ReadTwice(std::move(stream), late, write_after));
  });
  ASSERT_TRUE(listener.ok());
  IoRuntime client(1);
  ConnectTarget target;
  target.host = "127.0.0.1";
  target.port = (*listener)->port();
  // Sends nothing (an empty text needs no echo), but keeps the connection until the server ends it.
  std::promise<Result<std::string>> got;
  auto connect_and_read = [&]() -> asio::awaitable<void> {
    auto stream = co_await Connect(target, kLong);
    char data[16];
    const std::span<char> into(data);
    auto [error, n] = co_await (*stream)->ReadSome(into, kLong);
    got.set_value(std::string(data, n));
  };
  Spawn(client.Next().get_executor(), connect_and_read());
  EXPECT_EQ(late.get_future().get(), asio::error::timed_out);
  EXPECT_FALSE(write_after.get_future().get());
  EXPECT_EQ(got.get_future().get().value_or(""), "late");
}

TEST(Listener, BoundsConnectionsAndServesTheRestLater) {
  IoRuntime runtime(1);
  ListenerOptions options;
  options.max_connections = 2;
  std::vector<std::unique_ptr<AnyStream>> held;
  std::atomic<int> accepted = 0;
  std::promise<void> two;
  std::promise<void> three;
  auto listener = Listener::Open(runtime, options, [&](std::unique_ptr<AnyStream> stream) {
    held.push_back(std::move(stream));
    const int n = ++accepted;
    if (n == 2) two.set_value();
    if (n == 3) three.set_value();
  });
  ASSERT_TRUE(listener.ok());
  IoRuntime client(1);
  std::vector<std::unique_ptr<AnyStream>> clients;
  auto connect = [&]() -> asio::awaitable<void> {
    ConnectTarget target;
    target.host = "127.0.0.1";
    target.port = (*listener)->port();
    for (int i = 0; i < 3; ++i) {
      auto stream = co_await Connect(target, kLong);
      if (stream.ok()) clients.push_back(std::move(*stream));
    }
  };
  Spawn(client.Next().get_executor(), connect());
  two.get_future().wait();
  EXPECT_EQ((*listener)->connections(), 2U);
  EXPECT_EQ(accepted, 2);
  runtime.Post([&] { held.erase(held.begin()); });
  three.get_future().wait();
  EXPECT_EQ(accepted, 3);
  client.Stop();
  runtime.Stop();
}

TEST(IoRuntime, PostsInOrderAndTimersFireOrAreCancelled) {
  IoRuntime runtime(2);
  std::vector<int> order;
  std::promise<void> done;
  auto never = runtime.PostAfter(Duration::Hours(1), [] { FAIL(); });
  runtime.PostAfter(Duration::Millis(1), [&] { done.set_value(); });
  std::promise<void> posted;
  for (int i = 0; i < 100; ++i) runtime.Post([&order, i] { order.push_back(i); });
  runtime.Post([&] { posted.set_value(); });
  posted.get_future().wait();
  ASSERT_EQ(order.size(), 100U);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(order[static_cast<size_t>(i)], i);
  done.get_future().wait();
  never->Cancel();
  runtime.Stop();
  runtime.Stop();
}

}  // namespace
}  // namespace meseta::net
