// What slow, hostile, silent and vanishing peers get.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <mutex>
#include <thread>

#include "tests/actors/http/bad_requests.h"
#include "tests/actors/http/raw_client.h"
#include "tests/actors/http/server_fixture.h"

namespace meseta::http {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr std::string_view kHealth = "GET /health HTTP/1.1\r\nHost: x\r\n\r\n";

// Streams that a test subscribed, and how they ended.
struct Subscriptions {
  std::mutex mutex;
  std::vector<std::shared_ptr<StreamWriter>> writers;
  std::promise<std::shared_ptr<StreamWriter>> first;
  std::promise<void> closed;
};

Router LimitsRouter(Subscriptions* subscriptions) {
  Router router;
  router.Add("/health", {}, [](Request, ResponderPtr responder) { responder->Send(Response()); });
  RouteOptions megabyte;
  megabyte.max_body_bytes = 1'000'000;
  router.Add("/", megabyte, [](Request request, ResponderPtr responder) {
    responder->Send(Response::Text(200, std::to_string(request.body.size())));
  });
  RouteOptions read_only;
  read_only.realm = Realm::kReadOnly;
  router.Add("/secret", read_only, [](Request request, ResponderPtr responder) {
    responder->Send(Response::Text(200, "hello " + request.principal));
  });
  router.Add("/never", {}, [](Request, ResponderPtr responder) {
    static std::mutex mutex;
    static std::vector<ResponderPtr> kept;
    const std::lock_guard<std::mutex> lock(mutex);
    kept.push_back(std::move(responder));
  });
  if (subscriptions == nullptr) return router;
  router.Add("/subscribe", {}, [subscriptions](Request, ResponderPtr responder) {
    auto writer =
        responder->Stream(Response(), [subscriptions] { subscriptions->closed.set_value(); });
    subscriptions->first.set_value(writer);
  });
  return router;
}

std::string Ask(uint16_t port, std::string_view bytes) {
  RawClient client(port);
  client.Send(bytes);
  return client.ReadResponse();
}

TEST(ServerLimits, BadRequestsHarmNobodyElse) {
  TestServer server(LimitsRouter(nullptr));
  const uint16_t port = server.Start();
  RawClient witness(port);
  for (const BadRequest& bad : BadRequests()) {
    RawClient client(port);
    client.Send(bad.bytes);
    EXPECT_THAT(client.ReadToEnd(), StartsWith("HTTP/1.1 " + std::to_string(bad.status)))
        << bad.bytes.substr(0, 200);
    witness.Send(kHealth);
    ASSERT_THAT(witness.ReadResponse(), StartsWith("HTTP/1.1 200 OK"));
  }
  EXPECT_GE(server.server().stats().malformed, 100U);
}

TEST(ServerLimits, AHeaderThatTricklesIsCut) {
  ServerOptions options;
  options.deadlines.header = Duration::Millis(50);
  TestServer server(LimitsRouter(nullptr), options);
  RawClient client(server.Start());
  client.Send("GET /health HTTP/1.1\r\nHost:");
  EXPECT_THAT(client.ReadToEnd(), StartsWith("HTTP/1.1 408 Request Timeout\r\n"));
  EXPECT_EQ(server.server().stats().timed_out, 1U);
}

TEST(ServerLimits, ABodyThatTricklesIsCut) {
  ServerOptions options;
  options.deadlines.body_grace = Duration::Millis(50);
  TestServer server(LimitsRouter(nullptr), options);
  RawClient client(server.Start());
  client.Send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n01234");
  EXPECT_THAT(client.ReadToEnd(), StartsWith("HTTP/1.1 408 Request Timeout\r\n"));
  EXPECT_EQ(server.server().stats().buffered_body_bytes, 0U);
  client.Close();
}

TEST(ServerLimits, AnIdleConnectionIsClosedSilently) {
  ServerOptions options;
  options.deadlines.idle = Duration::Millis(50);
  TestServer server(LimitsRouter(nullptr), options);
  RawClient client(server.Start());
  client.Send(kHealth);
  EXPECT_THAT(client.ReadResponse(), StartsWith("HTTP/1.1 200"));
  EXPECT_EQ(client.ReadToEnd(), "");
}

TEST(ServerLimits, AnAnswerThatIsNotReadIsCut) {
  ServerOptions options;
  options.deadlines.write = Duration::Millis(50);
  Router router;
  router.Add("/big", {}, [](Request, ResponderPtr responder) {
    responder->Send(Response::Text(200, std::string(64 * 1024 * 1024, 'b')));
  });
  TestServer server(std::move(router), options);
  RawClient client(server.Start());
  client.LimitReceiveBuffer();
  client.Send("GET /big HTTP/1.1\r\nHost: x\r\n\r\n");
  // The server gives up although the client neither reads nor leaves.
  while (server.server().stats().timed_out == 0) std::this_thread::yield();
  while (server.server().stats().connections != 0) std::this_thread::yield();
}

TEST(ServerLimits, RequestsInFlightAreBounded) {
  ServerOptions options;
  options.max_requests_in_flight = 1;
  TestServer server(LimitsRouter(nullptr), options);
  const uint16_t port = server.Start();
  RawClient first(port);
  first.Send("GET /never HTTP/1.1\r\nHost: x\r\n\r\n");
  while (server.server().stats().requests_in_flight == 0) std::this_thread::yield();
  const std::string refused = Ask(port, kHealth);
  EXPECT_THAT(refused, StartsWith("HTTP/1.1 503"));
  EXPECT_THAT(refused, HasSubstr("Retry-After: 1\r\n"));
}

TEST(ServerLimits, ASubscriberThatDoesNotReadIsCut) {
  Subscriptions subscriptions;
  ServerOptions options;
  options.max_outbox_bytes = 64 * 1024;
  TestServer server(LimitsRouter(&subscriptions), options);
  RawClient client(server.Start());
  client.LimitReceiveBuffer();
  client.Send("POST /subscribe HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
  auto writer = subscriptions.first.get_future().get();
  // The kernel takes a few megabytes, then the outbox fills.
  size_t written = 0;
  while (writer->Write(std::string(10'000, 'e'))) {
    written += 10'000;
    ASSERT_LT(written, size_t{4} << 30);
  }
  subscriptions.closed.get_future().wait();
  EXPECT_TRUE(writer->closed());
  EXPECT_FALSE(writer->Write("more"));
}

TEST(ServerLimits, ASubscriptionOutlivesConnectionClose) {
  Subscriptions subscriptions;
  TestServer server(LimitsRouter(&subscriptions));
  RawClient client(server.Start());
  client.Send(
      "POST /subscribe HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
  const std::string head = client.ReadUntil("\r\n\r\n");
  EXPECT_THAT(head, HasSubstr("Transfer-Encoding: chunked\r\n"));
  auto writer = subscriptions.first.get_future().get();
  EXPECT_TRUE(writer->Write("one"));
  EXPECT_EQ(client.ReadUntil("one\r\n"), "3\r\none\r\n");
  EXPECT_TRUE(writer->Write("two!"));
  EXPECT_EQ(client.ReadUntil("two!\r\n"), "4\r\ntwo!\r\n");
  writer->Close();
  EXPECT_EQ(client.ReadToEnd(), "0\r\n\r\n");
  subscriptions.closed.get_future().wait();
}

TEST(ServerLimits, AStreamToHttp10EndsWithTheConnection) {
  Subscriptions subscriptions;
  TestServer server(LimitsRouter(&subscriptions));
  RawClient client(server.Start());
  client.Send("POST /subscribe HTTP/1.0\r\nContent-Length: 0\r\n\r\n");
  auto writer = subscriptions.first.get_future().get();
  writer->Write("raw");
  writer->Close();
  const std::string all = client.ReadToEnd();
  EXPECT_THAT(all, ::testing::Not(HasSubstr("chunked")));
  EXPECT_EQ(BodyOf(all), "raw");
}

TEST(ServerLimits, ALargeFirstPieceFitsAnyOutbox) {
  Subscriptions subscriptions;
  ServerOptions options;
  options.max_outbox_bytes = 1000;
  TestServer server(LimitsRouter(&subscriptions), options);
  RawClient client(server.Start());
  client.Send("GET /subscribe HTTP/1.1\r\nHost: x\r\n\r\n");
  auto writer = subscriptions.first.get_future().get();
  EXPECT_TRUE(writer->Write(std::string(3'000'000, 's')));
  EXPECT_TRUE(writer->Write("event"));
  EXPECT_THAT(client.ReadUntil("event"), HasSubstr(std::string(3'000'000, 's')));
}

TEST(ServerLimits, ThePeerThatLeavesIsNoticedWithoutAWrite) {
  Subscriptions subscriptions;
  TestServer server(LimitsRouter(&subscriptions));
  {
    RawClient client(server.Start());
    client.Send("GET /subscribe HTTP/1.1\r\nHost: x\r\n\r\n");
    client.ReadUntil("\r\n\r\n");
  }
  subscriptions.closed.get_future().wait();
}

TEST(ServerLimits, ShutdownEndsStreamsAndFinishesAnswers) {
  Subscriptions subscriptions;
  Router router = LimitsRouter(&subscriptions);
  std::promise<ResponderPtr> asked;
  router.Add("/wait", {},
             [&asked](Request, ResponderPtr responder) { asked.set_value(std::move(responder)); });
  TestServer server(std::move(router));
  const uint16_t port = server.Start();
  RawClient idle(port);
  idle.Send(kHealth);
  idle.ReadResponse();
  RawClient stream(port);
  stream.Send("GET /subscribe HTTP/1.1\r\nHost: x\r\n\r\n");
  stream.ReadUntil("\r\n\r\n");
  RawClient waiting(port);
  waiting.Send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
  ResponderPtr responder = asked.get_future().get();
  auto shutdown =
      std::async(std::launch::async, [&] { server.server().Shutdown(Duration::Seconds(20)); });
  EXPECT_EQ(idle.ReadToEnd(), "");
  EXPECT_EQ(stream.ReadToEnd(), "0\r\n\r\n");
  responder->Send(Response::Text(200, "finished"));
  const std::string last = waiting.ReadToEnd();
  EXPECT_THAT(last, HasSubstr("Connection: close\r\n"));
  EXPECT_EQ(BodyOf(last), "finished");
  shutdown.wait();
  EXPECT_EQ(server.server().stats().connections, 0U);
}

TEST(ServerLimits, RealmsAreAuthenticated) {
  ServerOptions options;
  options.authenticators[Realm::kReadOnly] = std::make_shared<BasicAuthenticator>(
      "mesos-master-readonly",
      std::make_shared<const net::Credentials>(net::Credentials::Parse("ann secret").value()));
  TestServer server(LimitsRouter(nullptr), options);
  const uint16_t port = server.Start();
  const std::string refused = Ask(port, "GET /secret HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(refused, StartsWith("HTTP/1.1 401 Unauthorized\r\n"));
  EXPECT_THAT(refused, HasSubstr("WWW-Authenticate: Basic realm=\"mesos-master-readonly\"\r\n"));
  EXPECT_EQ(BodyOf(Ask(port, "GET /secret HTTP/1.1\r\nHost: x\r\nAuthorization: " +
                                 net::BasicAuthorization({"ann", "secret"}) + "\r\n\r\n")),
            "hello ann");
  EXPECT_THAT(Ask(port, kHealth), StartsWith("HTTP/1.1 200"));
}

TEST(ServerLimits, UpgradeHandsOverTheStreamAndWhatWasRead) {
  TestServer server(LimitsRouter(nullptr));
  std::promise<std::string> early;
  std::shared_ptr<net::AnyStream> kept;
  server.server().SetUpgradeHandler("meseta-link", [&](UpgradeRequest request) {
    early.set_value(request.head.path + " " + request.early_bytes);
    kept = std::move(request.stream);
  });
  RawClient client(server.Start());
  client.Send(
      "GET /link HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: meseta-link\r\n\r\nframe");
  EXPECT_EQ(early.get_future().get(), "/link frame");
  EXPECT_EQ(SwitchingProtocolsHead("meseta-link", {{"X-A", "b"}}).substr(0, 34),
            "HTTP/1.1 101 Switching Protocols\r\n");
  server.listener().Close();
  server.runtime().Stop();
  kept.reset();
}

}  // namespace
}  // namespace meseta::http
