// The pipeline against our own server, over real loopback sockets.
#include "actors/http/pipeline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "tests/actors/http/server_fixture.h"

namespace meseta::http {
namespace {

using ::testing::HasSubstr;

constexpr auto kPatience = std::chrono::seconds(60);

// What has come back, in order.
class Answers {
 public:
  Pipeline::OnResponse Taker() {
    return [this](Result<Response> response) {
      const std::lock_guard<std::mutex> lock(mutex_);
      answers_.push_back(std::move(response));
      changed_.notify_all();
    };
  }
  // The first `count`; fewer when they do not come.
  std::vector<Result<Response>> Wait(size_t count) {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait_for(lock, kPatience, [&] { return answers_.size() >= count; });
    return answers_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Result<Response>> answers_;
};

class PipelineTest : public ::testing::Test {
 protected:
  ~PipelineTest() override {
    pipeline_.reset();
    runtime_.Stop();
  }
  void Serve(ServerOptions options = {}) {
    Router router;
    router.Add("/echo", {}, [](Request request, ResponderPtr responder) {
      responder->Send(Response::Text(200, request.headers.Get("X-Common").value_or("") +
                                              request.body));
    });
    router.Add("/silent", {}, [this](Request, ResponderPtr responder) {
      const std::lock_guard<std::mutex> lock(mutex_);
      silent_.push_back(std::move(responder));
      changed_.notify_all();
    });
    server_ = std::make_unique<TestServer>(std::move(router), std::move(options));
    options_.base = "http://127.0.0.1:" + std::to_string(server_->Start());
  }
  Pipeline& pipeline() {
    if (!pipeline_) pipeline_ = std::make_unique<Pipeline>(runtime_, options_);
    return *pipeline_;
  }
  void AwaitSilent() {
    std::unique_lock<std::mutex> lock(mutex_);
    ASSERT_TRUE(changed_.wait_for(lock, kPatience, [&] { return !silent_.empty(); }));
  }

  Answers answers_;
  PipelineOptions options_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<ResponderPtr> silent_;
  std::unique_ptr<TestServer> server_;
  net::IoRuntime runtime_{2};
  std::unique_ptr<Pipeline> pipeline_;
};

TEST_F(PipelineTest, ManyAnswersComeInOrder) {
  Serve();
  options_.max_in_flight = 100;
  options_.headers.Set("X-Common", "#");
  constexpr int kCount = 5000;
  for (int i = 0; i < kCount; ++i) pipeline().Post("/echo", std::to_string(i), answers_.Taker());
  const auto answers = answers_.Wait(kCount);
  ASSERT_EQ(answers.size(), static_cast<size_t>(kCount));
  for (int i = 0; i < kCount; ++i) {
    ASSERT_TRUE(answers[i].ok()) << answers[i].status();
    ASSERT_EQ(answers[i]->body, "#" + std::to_string(i));
  }
}

TEST_F(PipelineTest, BodiesOfAnySizePass) {
  Serve();
  const std::vector<size_t> sizes = {0, 1, 100'000, 0, 700'000};
  for (const size_t size : sizes) {
    pipeline().Post("/echo", std::string(size, 'x'), answers_.Taker());
  }
  const auto answers = answers_.Wait(sizes.size());
  ASSERT_EQ(answers.size(), sizes.size());
  for (size_t i = 0; i < sizes.size(); ++i) EXPECT_EQ(answers[i]->body.size(), sizes[i]);
}

TEST_F(PipelineTest, ErrorsAreAnswersToo) {
  Serve();
  pipeline().Post("/no/such", "", answers_.Taker());
  pipeline().Post("/echo", "x", answers_.Taker());
  const auto answers = answers_.Wait(2);
  EXPECT_EQ(answers.at(0)->status, 404);
  EXPECT_EQ(answers.at(1)->body, "x");
}

TEST_F(PipelineTest, ABreakFailsAllThatIsUnansweredAndAllThatFollows) {
  Serve();
  pipeline().Post("/echo", "x", answers_.Taker());
  for (int i = 0; i < 3; ++i) pipeline().Post("/silent", "", answers_.Taker());
  AwaitSilent();
  server_.reset();  // Cuts the connection.
  ASSERT_EQ(answers_.Wait(4).size(), 4u);
  Serve();  // Somewhere; nothing is sent there.
  pipeline().Post("/echo", "y", answers_.Taker());
  const auto answers = answers_.Wait(5);
  ASSERT_EQ(answers.size(), 5u);
  EXPECT_TRUE(answers[0].ok());
  for (size_t i = 1; i < 5; ++i) EXPECT_FALSE(answers[i].ok()) << i;
}

TEST_F(PipelineTest, AServerThatClosesIdleConnectionsIsConnectedToAgain) {
  ServerOptions server;
  server.deadlines.idle = Duration::Millis(50);
  Serve(std::move(server));
  for (size_t i = 1; i <= 3; ++i) {
    pipeline().Post("/echo", "x", answers_.Taker());
    const auto answers = answers_.Wait(i);
    ASSERT_EQ(answers.size(), i);
    ASSERT_TRUE(answers.back().ok()) << answers.back().status();
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
  }
}

TEST_F(PipelineTest, AnIdleConnectionIsClosedAndMadeAnew) {
  Serve();
  options_.max_idle_time = Duration::Millis(1);
  for (size_t i = 1; i <= 2; ++i) {
    pipeline().Post("/echo", "x", answers_.Taker());
    ASSERT_EQ(answers_.Wait(i).size(), i);
    ASSERT_TRUE(answers_.Wait(i).back().ok());
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (server_->server().stats().connections > 0) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline);
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }
}

TEST_F(PipelineTest, ASilentServerIsGivenUp) {
  Serve();
  options_.timeout = Duration::Millis(100);
  pipeline().Post("/silent", "", answers_.Taker());
  const auto answers = answers_.Wait(1);
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0].status().code(), StatusCode::kDeadlineExceeded);
}

TEST_F(PipelineTest, ManyRequestsAreRefused) {
  Serve();
  options_.max_requests = 3;
  for (int i = 0; i < 4; ++i) pipeline().Post("/silent", "", answers_.Taker());
  const auto answers = answers_.Wait(4);
  ASSERT_EQ(answers.size(), 4u);
  EXPECT_EQ(answers[3].status().code(), StatusCode::kResourceExhausted);
}

TEST_F(PipelineTest, NobodyThere) {
  options_.base = "http://127.0.0.1:1";
  pipeline().Post("/echo", "", answers_.Taker());
  const auto answers = answers_.Wait(1);
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_THAT(answers[0].status().message(), HasSubstr("127.0.0.1:1"));
}

TEST_F(PipelineTest, NothingComesAfterClose) {
  Serve();
  auto late = std::make_shared<std::atomic<int>>(0);
  for (int i = 0; i < 100; ++i) {
    pipeline().Post("/silent", "", [late](const Result<Response>&) { ++*late; });
  }
  AwaitSilent();
  pipeline_.reset();
  server_.reset();
  runtime_.Stop();
  EXPECT_EQ(*late, 0);
}

}  // namespace
}  // namespace meseta::http
