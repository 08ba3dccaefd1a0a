// The scheduler over a link against masters that misbehave, over real loopback sockets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "actors/messages/internal/scheduler.pb.h"
#include "actors/net/link_http.h"
#include "actors/net/link_transport.h"
#include "frameworks/sdk/cpp/calls.h"
#include "frameworks/sdk/cpp/scheduler.h"
#include "tests/frameworks/sdk/cpp/fake_master.h"

namespace meseta::sdk {
namespace {

using testing::HasSubstr;
using Call = v1::scheduler::Call;

class FakeLinkMaster {
 public:
  struct Got {
    net::LinkId link = 0;
    uint64_t session = 0;
    uint64_t number = 0;
    uint64_t term = 0;
    Call call;
  };

  explicit FakeLinkMaster(std::set<net::PeerRole> authenticated = {}) : server_(http::Router()) {
    net::LinkTransportOptions options;
    options.role = net::PeerRole::kMaster;
    options.policy.authenticated_roles = std::move(authenticated);
    auto credentials = std::make_shared<net::Credentials>();
    EXPECT_TRUE(credentials->Add({"p", "s"}).ok());
    options.credentials = credentials;
    transport_ = std::make_unique<net::LinkTransport>(server_.runtime(), std::move(options));
    transport_->Register("scheduler", {net::PeerRole::kFramework},
                         [this](net::LinkEvent event) { Handle(std::move(event)); });
    net::ServeLinks(server_.server(), *transport_);
    port_ = server_.Start();
  }
  ~FakeLinkMaster() {
    transport_->Unregister("scheduler");
    server_.listener().Close();
    server_.server().Shutdown();
    transport_.reset();
  }

  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  Got Next() {
    std::unique_lock<std::mutex> lock(mutex_);
    if (!changed_.wait_for(lock, kPatience, [&] { return !got_.empty(); })) {
      ADD_FAILURE() << "no call came";
      return {};
    }
    Got got = std::move(got_.front());
    got_.pop_front();
    return got;
  }
  void Say(const Got& to, internal::ToScheduler message) {
    message.set_session(to.session);
    Send(to, message.GetTypeName(), message.SerializeAsString());
  }
  void Send(const Got& to, const std::string& type, std::string payload) {
    net::Envelope envelope;
    envelope.to = "scheduler";
    envelope.from = "scheduler@" + address();
    envelope.type = type;
    envelope.payload = std::move(payload);
    EXPECT_TRUE(transport_->Send(to.link, std::move(envelope)));
  }
  void Tell(const Got& to, const v1::scheduler::Event& event) {
    internal::ToScheduler message;
    message.set_event(event.SerializeAsString());
    Say(to, std::move(message));
  }
  void Answer(const Got& to, int status, const std::string& text, const std::string& location = "") {
    internal::ToScheduler message;
    message.mutable_answer()->set_number(to.number);
    message.mutable_answer()->set_status(status);
    message.mutable_answer()->set_text(text);
    if (!location.empty()) message.mutable_answer()->set_location(location);
    Say(to, std::move(message));
  }
  Got Subscribe(const std::string& id) {
    Got got = Next();
    EXPECT_EQ(got.call.type(), Call::SUBSCRIBE);
    EXPECT_EQ(got.number, 1u);
    Tell(got, SubscribedAs(id));
    return got;
  }
  void Cut(const Got& got) { transport_->Close(got.link, Unavailable("cut by the test")); }

 private:
  void Handle(net::LinkEvent event) {
    auto* batch = std::get_if<net::LinkMessages>(&event);
    if (batch == nullptr) return;
    const std::lock_guard<std::mutex> lock(mutex_);
    for (const net::Envelope& envelope : batch->messages) {
      internal::FromScheduler message;
      CHECK(message.ParseFromString(envelope.payload) && message.has_call());
      Got got;
      got.link = batch->link;
      got.session = message.session();
      got.number = message.call().number();
      got.term = message.call().framework_term();
      CHECK(got.call.ParseFromString(message.call().call()));
      got_.push_back(std::move(got));
    }
    transport_->Consumed(batch->link);
    changed_.notify_all();
  }

  http::TestServer server_;
  std::unique_ptr<net::LinkTransport> transport_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Got> got_;
  uint16_t port_ = 0;
};

class SchedulerLinkTest : public testing::Test {
 protected:
  SchedulerLinkTest() {
    options_.transport = Transport::kLink;
    options_.masters = {master_.address()};
    options_.framework.set_user("u");
    options_.framework.set_name("f");
  }
  ~SchedulerLinkTest() override {
    scheduler_.reset();
    runtime_.Stop();
  }
  Scheduler& Start() {
    scheduler_ = std::make_unique<Scheduler>(
        runtime_, options_, [this](SchedulerEvent event) { log_.Add(std::move(event)); });
    const Status started = scheduler_->Start();
    EXPECT_TRUE(started.ok()) << started;
    return *scheduler_;
  }

  FakeLinkMaster master_;
  FakeLinkMaster other_;
  EventLog log_;
  SchedulerOptions options_;
  net::IoRuntime runtime_{2};
  std::unique_ptr<Scheduler> scheduler_;
};

TEST_F(SchedulerLinkTest, SubscribesAndSendsManyCallsInOrder) {
  options_.term = 4;
  Scheduler& scheduler = Start();
  const auto session = master_.Subscribe("F");
  EXPECT_EQ(session.term, 4u);
  EXPECT_EQ(log_.Await<Subscribed>().framework_id.value(), "F");
  constexpr int kCalls = 3000;
  for (int i = 0; i < kCalls; ++i) scheduler.Send(KillCall("t" + std::to_string(i), ""));
  for (int i = 0; i < kCalls; ++i) {
    const auto got = master_.Next();
    ASSERT_EQ(got.call.kill().task_id().value(), "t" + std::to_string(i));
    ASSERT_EQ(got.call.framework_id().value(), "F");
    ASSERT_EQ(got.number, static_cast<uint64_t>(i) + 2);
  }
}

TEST_F(SchedulerLinkTest, AStandbyNamesTheLeader) {
  Start();
  master_.Answer(master_.Next(), 307, "", "//" + other_.address() + "/api/v1/scheduler");
  other_.Subscribe("F");
  EXPECT_EQ(log_.Await<Subscribed>().master, other_.address());
}

TEST_F(SchedulerLinkTest, WithoutALeaderItAsksAgain) {
  Start();
  master_.Answer(master_.Next(), 503, "No leader elected");
  EXPECT_THAT(log_.Await<Retrying>().why, HasSubstr("No leader elected"));
  master_.Subscribe("F");
  log_.Await<Subscribed>();
}

TEST_F(SchedulerLinkTest, ADeadMasterIsPassedOver) {
  options_.masters = {"127.0.0.1:1", other_.address()};
  Start();
  EXPECT_THAT(log_.Await<Retrying>().why, HasSubstr("127.0.0.1:1"));
  other_.Subscribe("F");
  log_.Await<Subscribed>();
}

TEST_F(SchedulerLinkTest, ACutLinkIsMadeAnew) {
  Start();
  const auto session = master_.Subscribe("F");
  log_.Await<Subscribed>();
  master_.Cut(session);
  EXPECT_THAT(log_.Await<Disconnected>().why, HasSubstr("cut by the test"));
  const auto again = master_.Subscribe("F");
  EXPECT_EQ(again.call.framework_id().value(), "F");
  EXPECT_GT(again.session, session.session);
  EXPECT_TRUE(log_.Await<Subscribed>().resubscribed);
}

TEST_F(SchedulerLinkTest, AnEndedSessionIsMadeAnew) {
  Start();
  const auto session = master_.Subscribe("F");
  log_.Await<Subscribed>();
  internal::ToScheduler end;
  end.mutable_end();
  master_.Say(session, end);
  EXPECT_THAT(log_.Await<Disconnected>().why, HasSubstr("ended the session"));
  master_.Subscribe("F");
  log_.Await<Subscribed>();
}

TEST_F(SchedulerLinkTest, WhatCannotBeReadEndsTheSession) {
  Start();
  const std::vector<std::pair<std::string, std::string>> garbage = {
      {"meseta.internal.ToScheduler", "\xff\xff"},
      {"meseta.internal.Other", ""},
      {"meseta.internal.ToScheduler", internal::ToScheduler().SerializeAsString()}};
  for (size_t i = 0; i < garbage.size(); ++i) {
    const auto session = master_.Subscribe("F");
    log_.Await<Subscribed>();
    if (i == 2) {  // Of another session: passed over; then an event that is none.
      master_.Send(session, garbage[i].first, garbage[i].second);
      internal::ToScheduler event;
      event.set_event("\xff\xff");
      master_.Say(session, event);
    } else {
      master_.Send(session, garbage[i].first, garbage[i].second);
    }
    EXPECT_THAT(log_.Await<Disconnected>().why, HasSubstr("cannot be read"));
  }
}

TEST_F(SchedulerLinkTest, RefusedCallsComeBackAndTakenOnesAreForgotten) {
  Scheduler& scheduler = Start();
  const auto session = master_.Subscribe("F");
  log_.Await<Subscribed>();
  scheduler.Send(KillCall("good", ""));
  scheduler.Send(KillCall("bad", ""));
  scheduler.Teardown();
  const auto good = master_.Next();
  const auto bad = master_.Next();
  const auto teardown = master_.Next();
  master_.Answer(bad, 400, "no such task");
  internal::ToScheduler taken;
  taken.set_taken(teardown.number);
  master_.Say(session, taken);
  master_.Answer(good, 400, "too late to be refused");
  master_.Answer(teardown, 202, "");
  const auto refused = log_.Await<CallRefused>();
  EXPECT_EQ(refused.call.kill().task_id().value(), "bad");
  EXPECT_EQ(refused.status.message(), "no such task");
  log_.Await<TornDown>();
}

TEST_F(SchedulerLinkTest, WithoutTheCredentialThatIsAskedForItFails) {
  FakeLinkMaster strict({net::PeerRole::kFramework});
  options_.masters = {strict.address()};
  Start();
  EXPECT_THAT(log_.Await<Failed>().why.message(), HasSubstr("needs a credential"));
  scheduler_.reset();
  options_.credential = net::Credential{"p", "wrong"};
  Start();
  EXPECT_THAT(log_.Await<Failed>().why.message(), HasSubstr("its secret is wrong"));
  scheduler_.reset();
  options_.credential = net::Credential{"p", "s"};
  Start();
  strict.Subscribe("F");
  log_.Await<Subscribed>();
  scheduler_.reset();
}

TEST_F(SchedulerLinkTest, NothingComesAfterStop) {
  Scheduler& scheduler = Start();
  master_.Subscribe("F");
  log_.Await<Subscribed>();
  scheduler.Stop();
  scheduler.Send(KillCall("t", ""));
  scheduler_.reset();
  EXPECT_TRUE(log_.empty());
}

}  // namespace
}  // namespace meseta::sdk
