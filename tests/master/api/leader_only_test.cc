// LeaderOnly: who is served, who is redirected, and that no request is left without an answer when a
// term ends. Method: a responder that keeps what it was sent.
#include "master/api/leader_only.h"

#include <gtest/gtest.h>

namespace meseta::master {
namespace {

struct Kept : http::Responder {
  void Send(http::Response response) override { sent.push_back(std::move(response)); }
  std::shared_ptr<http::StreamWriter> Stream(http::Response, std::function<void()>) override {
    ++streams;
    return nullptr;
  }
  std::vector<http::Response> sent;
  int streams = 0;
};

http::Request Get(const std::string& target) {
  http::Request request;
  request.method = "GET";
  request.target = target;
  request.path = target.substr(0, target.find('?'));
  return request;
}

struct Fixture : ::testing::Test {
  Fixture() { term->leads = [this] { return leads; }; }

  void Ask(const std::string& target, const TermHandler& handler) {
    LeaderOnly([this] { return std::make_shared<Leadership>(leadership); }, handler)(Get(target),
                                                                                  responder);
  }
  static void Answer(const TermPtr&, const http::Request&, const http::ResponderPtr& responder) {
    responder->Send(http::Response::Text(200, "served"));
  }

  bool leads = true;
  std::shared_ptr<TermRefs> term = std::make_shared<TermRefs>();
  Leadership leadership;
  std::shared_ptr<Kept> responder = std::make_shared<Kept>();
};
using LeaderOnlyTest = Fixture;

TEST_F(LeaderOnlyTest, ALeaderServes) {
  leadership.term = term;
  Ask("/state", Answer);
  ASSERT_EQ(responder->sent.size(), 1u);
  EXPECT_EQ(responder->sent[0].body, "served");
}

TEST_F(LeaderOnlyTest, AStandbyRedirectsWithPathAndQuery) {
  leadership.leader = "10.0.0.2:5050";
  Ask("/master/tasks?limit=3&order=asc", Answer);
  ASSERT_EQ(responder->sent.size(), 1u);
  EXPECT_EQ(responder->sent[0].status, 307);
  EXPECT_EQ(responder->sent[0].headers.Get("Location"),
            "//10.0.0.2:5050/master/tasks?limit=3&order=asc");
}

TEST_F(LeaderOnlyTest, AnAbsoluteTargetDoesNotLeadElsewhere) {
  leadership.leader = "10.0.0.2:5050";
  http::Request request = Get("/state");
  request.target = "http://evil.example/state";
  EXPECT_EQ(NotTheLeader(leadership, request).headers.Get("Location"), "//10.0.0.2:5050/state");
}

TEST_F(LeaderOnlyTest, WithoutALeaderItSaysWhy) {
  leadership.waits_for = "1 of 3 voting members are here";
  Ask("/state", Answer);
  ASSERT_EQ(responder->sent.size(), 1u);
  EXPECT_EQ(responder->sent[0].status, 503);
  EXPECT_EQ(responder->sent[0].body, "No leader elected: 1 of 3 voting members are here");
}

TEST_F(LeaderOnlyTest, NothingIsServedAfterTheLease) {
  leadership.term = term;
  leads = false;
  Ask("/state", Answer);
  ASSERT_EQ(responder->sent.size(), 1u);
  EXPECT_EQ(responder->sent[0].status, 503);
}

TEST_F(LeaderOnlyTest, ARequestThatItsTermLosesIsAnswered503) {
  leadership.term = term;
  http::ResponderPtr held;
  Ask("/api/v1", [&](const TermPtr&, const http::Request&, const http::ResponderPtr& guarded) {
    held = guarded;
  });
  EXPECT_TRUE(responder->sent.empty());
  leads = false;
  held.reset();
  ASSERT_EQ(responder->sent.size(), 1u);
  EXPECT_EQ(responder->sent[0].status, 503);
}

TEST_F(LeaderOnlyTest, ADroppedRequestOfALivingTermIsLeftToTheServer) {
  leadership.term = term;
  Ask("/api/v1", [](const TermPtr&, const http::Request&, const http::ResponderPtr&) {});
  EXPECT_TRUE(responder->sent.empty());  // Its responder then answers 500 by itself.
}

TEST_F(LeaderOnlyTest, AStreamIsAnAnswer) {
  leadership.term = term;
  Ask("/api/v1/scheduler",
      [](const TermPtr&, const http::Request&, const http::ResponderPtr& guarded) {
        guarded->Stream({}, [] {});
      });
  leads = false;
  EXPECT_EQ(responder->streams, 1);
  EXPECT_TRUE(responder->sent.empty());
}

}  // namespace
}  // namespace meseta::master
