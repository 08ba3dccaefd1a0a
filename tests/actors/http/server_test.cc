// The server over real loopback sockets.
#include "actors/http/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <mutex>
#include <thread>

#include "actors/http/gzip.h"
#include "tests/actors/http/raw_client.h"
#include "tests/actors/http/server_fixture.h"

namespace meseta::http {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

RouteOptions Methods(std::vector<std::string> methods) {
  RouteOptions options;
  options.methods = std::move(methods);
  return options;
}

Router BasicRouter() {
  Router router;
  router.Add("/health", Methods({"GET"}),
             [](Request, ResponderPtr responder) { responder->Send(Response()); });
  router.Add("/echo", Methods({"POST"}), [](Request request, ResponderPtr responder) {
    responder->Send(Response::Text(200, request.body));
  });
  router.Add("/api/v1", Methods({"POST"}), [](Request request, ResponderPtr responder) {
    responder->Send(Response::Json("{\"path\":\"" + request.path + "\"}"));
  });
  router.Add("/json", Methods({"GET"}), [](Request, ResponderPtr responder) {
    responder->Send(Response::Json("{\"a\":\"" + std::string(4000, 'a') + "\"}"));
  });
  router.Add("/drop", {}, [](Request, ResponderPtr) {});
  router.Add("/throw", {}, [](Request, ResponderPtr) { throw std::runtime_error("oops"); });
  router.Add("/later", {}, [](Request request, ResponderPtr responder) {
    std::thread([request = std::move(request), responder = std::move(responder)] {
      responder->Send(Response::Text(200, "later " + request.query.at("n")));
    }).detach();
  });
  RouteOptions small;
  small.max_body_bytes = 10;
  router.Add("/small", small, [](Request request, ResponderPtr responder) {
    responder->Send(Response::Text(200, request.body));
  });
  router.Alias("/master");
  return router;
}

class ServerTest : public ::testing::Test {
 protected:
  ServerTest() : server_(BasicRouter()) { port_ = server_.Start(); }
  std::string Ask(std::string_view bytes) {
    RawClient client(port_);
    client.Send(bytes);
    return client.ReadResponse();
  }

  TestServer server_;
  uint16_t port_ = 0;
};

TEST_F(ServerTest, AnswersAndKeepsAlive) {
  RawClient client(port_);
  for (int i = 0; i < 3; ++i) {
    client.Send("GET /health HTTP/1.1\r\nHost: x\r\n\r\n");
    const std::string response = client.ReadResponse();
    EXPECT_THAT(response, StartsWith("HTTP/1.1 200 OK\r\nDate: "));
    EXPECT_THAT(response, HasSubstr("Content-Length: 0\r\n"));
    EXPECT_THAT(response, Not(HasSubstr("Connection:")));
  }
  client.Send("GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(client.ReadToEnd(), HasSubstr("Connection: close\r\n"));
}

TEST_F(ServerTest, TextsOfLibprocess) {
  const std::string missing = Ask("GET /nosuch HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(missing, StartsWith("HTTP/1.1 404 Not Found\r\n"));
  EXPECT_THAT(missing, HasSubstr("Content-Type: text/plain; charset=utf-8\r\n"));
  EXPECT_EQ(BodyOf(missing), "404 Not Found.");
  const std::string method = Ask("GET /api/v1 HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(method, StartsWith("HTTP/1.1 405 Method Not Allowed\r\n"));
  EXPECT_THAT(method, HasSubstr("Allow: POST\r\n"));
  EXPECT_EQ(BodyOf(method),
            "405 Method Not Allowed. Expecting one of { 'POST' }, but received 'GET'.");
}

TEST_F(ServerTest, RoutesByLongestPrefixAndAlias) {
  const std::string tail = " HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n";
  EXPECT_EQ(BodyOf(Ask("POST /api/v1/operator" + tail)), "{\"path\":\"/api/v1/operator\"}");
  EXPECT_EQ(BodyOf(Ask("POST /master/api/v1" + tail)), "{\"path\":\"/master/api/v1\"}");
  EXPECT_THAT(Ask("POST /api/v10" + tail), StartsWith("HTTP/1.1 404"));
}

TEST_F(ServerTest, BodiesByLengthAndByChunks) {
  const std::string big(300'000, 'b');
  EXPECT_EQ(BodyOf(Ask("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n" + big)),
            big);
  EXPECT_EQ(BodyOf(Ask("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                       "3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\nTrailer: t\r\n\r\n")),
            "abc0123456789");
  const std::string zipped = Gzip("hello");
  EXPECT_EQ(
      BodyOf(Ask("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: " +
                 std::to_string(zipped.size()) + "\r\n\r\n" + zipped)),
      "hello");
}

TEST_F(ServerTest, PipelinedRequestsAreAnsweredInOrder) {
  RawClient client(port_);
  std::string all;
  for (int i = 0; i < 50; ++i) {
    all += "GET /later?n=" + std::to_string(i) + " HTTP/1.1\r\nHost: x\r\n\r\n";
  }
  client.Send(all);
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(BodyOf(client.ReadResponse()), "later " + std::to_string(i));
  }
}

TEST_F(ServerTest, ContinuesWhenAsked) {
  RawClient client(port_);
  client.Send(
      "POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
  EXPECT_EQ(client.ReadUntil("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.Send("abc");
  EXPECT_EQ(BodyOf(client.ReadResponse()), "abc");
  RawClient refused(port_);
  refused.Send(
      "POST /nosuch HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
  EXPECT_THAT(refused.ReadToEnd(), StartsWith("HTTP/1.1 404"));
}

TEST_F(ServerTest, LimitsBodiesByRoute) {
  EXPECT_EQ(BodyOf(Ask("POST /small HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n0123456789")),
            "0123456789");
  EXPECT_THAT(Ask("POST /small HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\n01234567890"),
              StartsWith("HTTP/1.1 413"));
  EXPECT_THAT(Ask("POST /small HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                  "B\r\n01234567890\r\n0\r\n\r\n"),
              StartsWith("HTTP/1.1 413"));
  EXPECT_THAT(Ask("GET /health HTTP/1.1\r\nHost: x\r\nX: " + std::string(70'000, 'x') + "\r\n\r\n"),
              StartsWith("HTTP/1.1 431"));
  // The answer arrives although the client still sends.
  EXPECT_THAT(Ask("POST /small HTTP/1.1\r\nHost: x\r\nContent-Length: 900000\r\n\r\n" +
                  std::string(900'000, 'x')),
              StartsWith("HTTP/1.1 413"));
}

TEST_F(ServerTest, HeadAndHttp10) {
  const std::string get = Ask("GET /json HTTP/1.1\r\nHost: x\r\n\r\n");
  RawClient client(port_);
  client.Send("HEAD /json HTTP/1.1\r\nHost: x\r\n\r\nGET /health HTTP/1.1\r\nHost: x\r\n\r\n");
  const std::string head = client.ReadUntil("\r\n\r\n");
  EXPECT_THAT(head, HasSubstr("Content-Length: 4008\r\n"));
  EXPECT_THAT(client.ReadUntil("\r\n\r\n"), StartsWith("HTTP/1.1 200 OK"));
  RawClient old(port_);
  old.Send("GET /health HTTP/1.0\r\n\r\n");
  EXPECT_THAT(old.ReadToEnd(), HasSubstr("Connection: close\r\n"));
  RawClient kept(port_);
  kept.Send("GET /health HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_THAT(kept.ReadResponse(), HasSubstr("Connection: keep-alive\r\n"));
}

TEST_F(ServerTest, GzipAndJsonp) {
  const std::string zipped =
      Ask("GET /json HTTP/1.1\r\nHost: x\r\nAccept-Encoding: deflate, gzip\r\n\r\n");
  EXPECT_THAT(zipped, HasSubstr("Content-Encoding: gzip\r\n"));
  const std::string plain = "{\"a\":\"" + std::string(4000, 'a') + "\"}";
  EXPECT_EQ(Gunzip(BodyOf(zipped), 10'000).value_or(""), plain);
  const std::string wrapped = Ask("GET /json?jsonp=cb HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(BodyOf(wrapped), "cb(" + plain + ")");
  EXPECT_THAT(wrapped, HasSubstr("Content-Type: text/javascript\r\n"));
  EXPECT_EQ(BodyOf(Ask("GET /json?jsonp=%3Cscript%3E HTTP/1.1\r\nHost: x\r\n\r\n")), plain);
}

TEST_F(ServerTest, HandlersThatFailAnswer500) {
  EXPECT_THAT(Ask("GET /drop HTTP/1.1\r\nHost: x\r\n\r\n"), StartsWith("HTTP/1.1 500"));
  EXPECT_THAT(Ask("GET /throw HTTP/1.1\r\nHost: x\r\n\r\n"), StartsWith("HTTP/1.1 500"));
}

}  // namespace
}  // namespace meseta::http
