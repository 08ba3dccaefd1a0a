// The client against our own server, over real loopback sockets.
#include "actors/http/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <future>

#include "actors/http/recordio.h"
#include "tests/actors/http/server_fixture.h"

namespace meseta::http {
namespace {

using ::testing::HasSubstr;

// What the routes below have seen and hold.
struct Seen {
  std::mutex mutex;
  std::vector<std::shared_ptr<StreamWriter>> streams;
  std::atomic<int> closed = 0;
  std::promise<void> first_closed;
};

Router ClientRouter(Seen& seen) {
  Router router;
  router.Add("/echo", {}, [](Request request, ResponderPtr responder) {
    Response response = Response::Text(200, request.method + " " + request.body);
    response.headers.Add("X-Peer", request.peer);
    responder->Send(std::move(response));
  });
  router.Add("/json", {}, [](Request, ResponderPtr responder) {
    responder->Send(Response::Json(std::string(100'000, 'j')));
  });
  router.Add("/redirect", {}, [](Request request, ResponderPtr responder) {
    Response response = Response::Text(307, "elsewhere");
    response.headers.Add("Location", "//" + request.headers.Get("Host").value_or("") + "/echo");
    responder->Send(std::move(response));
  });
  router.Add("/loop", {}, [](Request, ResponderPtr responder) {
    Response response = Response::Text(302, "again");
    response.headers.Add("Location", "/loop");
    responder->Send(std::move(response));
  });
  router.Add("/silent", {}, [](Request, ResponderPtr responder) {
    static std::mutex mutex;
    static std::vector<ResponderPtr> kept;
    const std::lock_guard<std::mutex> lock(mutex);
    kept.push_back(std::move(responder));
  });
  router.Add("/stream", {}, [&seen](Request, ResponderPtr responder) {
    Response head;
    head.headers.Add("Content-Type", "application/json");
    auto writer = responder->Stream(std::move(head), [&seen] {
      if (++seen.closed == 1) seen.first_closed.set_value();
    });
    writer->Write(EncodeRecord("first"));
    const std::lock_guard<std::mutex> lock(seen.mutex);
    seen.streams.push_back(writer);
  });
  return router;
}

class ClientTest : public ::testing::Test {
 protected:
  ClientTest() : server_(ClientRouter(seen_)), client_(runtime_, {}) {
    base_ = "http://127.0.0.1:" + std::to_string(server_.Start());
  }
  ~ClientTest() override { runtime_.Stop(); }

  Result<Response> Send(ClientRequest request) {
    std::promise<Result<Response>> done;
    auto future = done.get_future();
    client_.Send(std::move(request), [&done](Result<Response> r) { done.set_value(std::move(r)); });
    return future.get();
  }
  ClientRequest Get(const std::string& path) {
    ClientRequest request;
    request.url = base_ + path;
    return request;
  }

  Seen seen_;
  TestServer server_;
  net::IoRuntime runtime_{2};
  Client client_;
  std::string base_;
};

TEST_F(ClientTest, SendsAndReusesTheConnection) {
  auto first = Send(Get("/echo"));
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->body, "GET ");
  ClientRequest post = Get("/echo");
  post.method = "POST";
  post.body = std::string(500'000, 'p');
  auto second = Send(post);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(second->body, "POST " + post.body);
  EXPECT_EQ(first->headers.Get("X-Peer"), second->headers.Get("X-Peer"));
}

TEST_F(ClientTest, DecompressesAndBoundsTheAnswer) {
  auto whole = Send(Get("/json"));
  ASSERT_TRUE(whole.ok()) << whole.status();
  EXPECT_EQ(whole->body, std::string(100'000, 'j'));
  ClientRequest small = Get("/json");
  small.max_body_bytes = 99'999;
  EXPECT_EQ(Send(small).status().code(), StatusCode::kResourceExhausted);
}

TEST_F(ClientTest, FollowsRedirectsWhenAsked) {
  EXPECT_EQ(Send(Get("/redirect"))->status, 307);
  ClientRequest follow = Get("/redirect");
  follow.method = "POST";
  follow.body = "kept";
  follow.max_redirects = 2;
  EXPECT_EQ(Send(follow)->body, "POST kept");
  ClientRequest loop = Get("/loop");
  loop.max_redirects = 3;
  EXPECT_EQ(Send(loop)->status, 302);
}

TEST_F(ClientTest, FailuresAreSentences) {
  ClientRequest silent = Get("/silent");
  silent.timeout = Duration::Millis(30);
  EXPECT_EQ(Send(silent).status().code(), StatusCode::kDeadlineExceeded);
  ClientRequest bad;
  bad.url = "nonsense";
  EXPECT_EQ(Send(bad).status().code(), StatusCode::kInvalidArgument);
  ClientRequest control = Get("/echo");
  control.headers.Add("X-Bad", "a\r\nX-Injected: b");
  EXPECT_EQ(Send(control).status().code(), StatusCode::kInvalidArgument);
  ClientRequest refused;
  refused.url = "http://127.0.0.1:1/";
  EXPECT_THAT(Send(refused).status().message(), HasSubstr("127.0.0.1:1"));
}

TEST_F(ClientTest, StreamsRecordsUntilTheServerCloses) {
  RecordDecoder decoder;
  std::vector<std::string> records;
  std::promise<void> first;
  std::promise<Status> ended;
  int head_status = 0;
  auto stream = client_.Stream(
      Get("/stream"), [&](const Response& head) { head_status = head.status; },
      [&](std::string_view data) {
        auto decoded = decoder.Decode(data);
        ASSERT_TRUE(decoded.ok());
        for (auto& record : *decoded) records.push_back(record);
        if (records.size() == 1) first.set_value();
      },
      [&](const Status& status) { ended.set_value(status); });
  first.get_future().wait();
  std::shared_ptr<StreamWriter> writer;
  {
    const std::lock_guard<std::mutex> lock(seen_.mutex);
    writer = seen_.streams.at(0);
  }
  EXPECT_TRUE(writer->Write(EncodeRecord("second")));
  writer->Close();
  EXPECT_FALSE(writer->Write("too late"));
  EXPECT_TRUE(ended.get_future().get().ok());
  EXPECT_EQ(head_status, 200);
  EXPECT_EQ(records, (std::vector<std::string>{"first", "second"}));
  seen_.first_closed.get_future().wait();
}

TEST_F(ClientTest, TheServerNoticesAtOnceThatASubscriberLeaves) {
  std::promise<void> first;
  std::promise<Status> ended;
  std::atomic<bool> got = false;
  auto stream = client_.Stream(
      Get("/stream"), nullptr,
      [&](std::string_view) {
        if (!got.exchange(true)) first.set_value();
      },
      [&](const Status& status) { ended.set_value(status); });
  first.get_future().wait();
  stream->Close();
  EXPECT_EQ(ended.get_future().get().code(), StatusCode::kUnavailable);
  seen_.first_closed.get_future().wait();  // No write was needed.
  const std::lock_guard<std::mutex> lock(seen_.mutex);
  EXPECT_TRUE(seen_.streams.at(0)->closed());
}

TEST_F(ClientTest, UnixSocket) {
  net::ListenerOptions options;
  options.unix_path = testing::TempDir() + "meseta_client_" + std::to_string(getpid());
  auto listener = net::Listener::Open(
      runtime_, options, [this](auto stream) { server_.server().Serve(std::move(stream)); });
  ASSERT_TRUE(listener.ok()) << listener.status();
  ClientRequest request;
  request.url = "http://localhost/echo";
  request.unix_path = options.unix_path;
  auto response = Send(request);
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->headers.Get("X-Peer"), "unix");
}

TEST_F(ClientTest, FetchBlocks) {
  auto response = Fetch(Get("/echo"), Duration::Seconds(20));
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->body, "GET ");
}

TEST(Client, EndsOperationsWhenDestroyed) {
  Seen seen;
  TestServer server(ClientRouter(seen));
  const uint16_t port = server.Start();
  net::IoRuntime runtime(1);
  std::promise<Result<Response>> done;
  {
    Client client(runtime, {});
    ClientRequest request;
    request.url = "http://127.0.0.1:" + std::to_string(port) + "/silent";
    client.Send(request, [&](Result<Response> r) { done.set_value(std::move(r)); });
  }
  EXPECT_EQ(done.get_future().get().status().code(), StatusCode::kUnavailable);
}

}  // namespace
}  // namespace meseta::http
