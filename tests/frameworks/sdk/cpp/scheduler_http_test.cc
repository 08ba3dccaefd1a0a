// The scheduler over HTTP against masters that break every rule they can.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "frameworks/sdk/cpp/calls.h"
#include "frameworks/sdk/cpp/scheduler.h"
#include "tests/frameworks/sdk/cpp/fake_master.h"

namespace meseta::sdk {
namespace {

using testing::HasSubstr;
using Call = v1::scheduler::Call;

class SchedulerHttpTest : public testing::Test {
 protected:
  SchedulerHttpTest() {
    options_.transport = Transport::kHttp;
    options_.masters = {master_.address()};
    options_.framework.set_user("u");
    options_.framework.set_name("f");
    options_.framework.add_roles("r");
    options_.framework.add_capabilities()->set_type(v1::FrameworkInfo::Capability::MULTI_ROLE);
  }
  ~SchedulerHttpTest() override {
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

  FakeMaster master_;
  FakeMaster other_;
  EventLog log_;
  SchedulerOptions options_;
  net::IoRuntime runtime_{2};
  std::unique_ptr<Scheduler> scheduler_;
};

TEST_F(SchedulerHttpTest, SubscribesAndSendsManyCallsInOrder) {
  Scheduler& scheduler = Start();
  const auto stream = master_.Subscribe("F");
  const auto subscribed = log_.Await<Subscribed>();
  EXPECT_EQ(subscribed.framework_id.value(), "F");
  EXPECT_EQ(subscribed.master, master_.address());
  constexpr int kCalls = 3000;
  for (int i = 0; i < kCalls; ++i) scheduler.Send(KillCall("t" + std::to_string(i), ""));
  for (int i = 0; i < kCalls; ++i) {
    const auto got = master_.Next();
    ASSERT_EQ(got.call.kill().task_id().value(), "t" + std::to_string(i));
    ASSERT_EQ(got.call.framework_id().value(), "F");
    ASSERT_EQ(got.stream_id, "stream-1");
  }
}

TEST_F(SchedulerHttpTest, SpeaksJsonAndShowsItsCredential) {
  options_.json = true;
  options_.credential = net::Credential{"p", "s"};
  Scheduler& scheduler = Start();
  auto got = master_.Next();
  EXPECT_EQ(got.authorization, net::BasicAuthorization(*options_.credential));
  const auto stream = master_.Open(got);
  stream->Write(http::EncodeRecord(ToJson(SubscribedAs("F"))));
  log_.Await<Subscribed>();
  scheduler.Send(KillCall("t", ""));
  got = master_.Next();
  EXPECT_EQ(got.call.kill().task_id().value(), "t");
  EXPECT_EQ(got.authorization, net::BasicAuthorization(*options_.credential));
}

TEST_F(SchedulerHttpTest, ShowsItsTermWhenItHasOne) {
  options_.term = 12;
  Start();
  auto got = master_.Next();
  EXPECT_EQ(got.term, "12");
  master_.Open(got)->Close();
  EXPECT_EQ(master_.Next().term, "12");
  scheduler_.reset();
  options_.term = 0;
  options_.masters = {other_.address()};
  Start();
  EXPECT_EQ(other_.Next().term, "");
}

TEST_F(SchedulerHttpTest, AStandbyNamesTheLeader) {
  Start();
  const auto at_standby = master_.Next();
  http::Response redirect = http::Response::Text(307, "");
  redirect.headers.Set("Location", "//" + other_.address() + "/api/v1/scheduler");
  at_standby.responder->Send(std::move(redirect));
  const auto stream = other_.Subscribe("F");
  EXPECT_EQ(log_.Await<Subscribed>().master, other_.address());
}

TEST_F(SchedulerHttpTest, WithoutALeaderItAsksAgain) {
  Start();
  for (int i = 0; i < 3; ++i) {
    master_.Next().responder->Send(http::Response::Text(503, "No leader elected"));
    const auto retrying = log_.Await<Retrying>();
    EXPECT_EQ(retrying.why, "The master at " + master_.address() + ": No leader elected");
  }
  const auto stream = master_.Subscribe("F");
  log_.Await<Subscribed>();
}

TEST_F(SchedulerHttpTest, ADeadMasterIsPassedOver) {
  options_.masters = {"127.0.0.1:1", other_.address()};
  Start();
  EXPECT_EQ(log_.Await<Retrying>().master, "127.0.0.1:1");
  const auto stream = other_.Subscribe("F");
  log_.Await<Subscribed>();
}

TEST_F(SchedulerHttpTest, RecordsArriveInPiecesOfAByte) {
  Start();
  const auto stream = master_.Open(master_.Next());
  for (const char byte : http::EncodeRecord(SubscribedAs("F").SerializeAsString())) {
    stream->Write(std::string(1, byte));
  }
  EXPECT_EQ(log_.Await<Subscribed>().framework_id.value(), "F");
}

TEST_F(SchedulerHttpTest, AStreamThatEndsWithinARecordIsMadeAnew) {
  Start();
  auto stream = master_.Subscribe("F");
  log_.Await<Subscribed>();
  const std::string record = http::EncodeRecord(SubscribedAs("F").SerializeAsString());
  stream->Write(record.substr(0, record.size() / 2));
  stream->Close();
  EXPECT_THAT(log_.Await<Disconnected>().why, HasSubstr("ended the stream"));
  const auto again = master_.Next();
  EXPECT_EQ(again.call.framework_id().value(), "F");
  stream = master_.Open(again);
  master_.Write(stream, SubscribedAs("F"));
  EXPECT_TRUE(log_.Await<Subscribed>().resubscribed);
}

TEST_F(SchedulerHttpTest, GarbageOnTheStreamEndsTheSession) {
  Start();
  for (const char* garbage : {"nonsense\n", "5\n\xff\xff\xff\xff\xff", "999999999999\n"}) {
    const auto stream = master_.Subscribe("F");
    log_.Await<Subscribed>();
    stream->Write(garbage);
    EXPECT_NE(log_.Await<Disconnected>().why, "");
  }
}

TEST_F(SchedulerHttpTest, SilenceForThreeHeartbeatsEndsTheSession) {
  Start();
  const auto stream = master_.Open(master_.Next());
  master_.Write(stream, SubscribedAs("F", 0.1));
  log_.Await<Subscribed>();
  EXPECT_THAT(log_.Await<Disconnected>().why, HasSubstr("silent for 3 heartbeats"));
  EXPECT_EQ(master_.Next().call.framework_id().value(), "F");
}

TEST_F(SchedulerHttpTest, RefusedCallsComeBack) {
  master_.KeepCalls();
  Scheduler& scheduler = Start();
  const auto stream = master_.Subscribe("F");
  log_.Await<Subscribed>();
  scheduler.Send(KillCall("good", ""));
  scheduler.Send(KillCall("bad", ""));
  master_.Next().responder->Send(http::Response::Text(202, ""));
  master_.Next().responder->Send(http::Response::Text(400, "Failed to validate: bad"));
  const auto refused = log_.Await<CallRefused>();
  EXPECT_EQ(refused.call.kill().task_id().value(), "bad");
  EXPECT_EQ(refused.status.message(), "Failed to validate: bad");
}

TEST_F(SchedulerHttpTest, AStaleStreamIsSubscribedAgain) {
  master_.KeepCalls();
  Scheduler& scheduler = Start();
  const auto stream = master_.Subscribe("F");
  log_.Await<Subscribed>();
  scheduler.Send(KillCall("t", ""));
  scheduler.Send(KillCall("u", ""));
  master_.Next().responder->Send(http::Response::Text(403, "Framework is not subscribed"));
  EXPECT_THAT(log_.Await<Disconnected>().why, HasSubstr("not subscribed"));
  // What was on the way is not repeated.
  auto got = master_.Next();
  if (got.call.type() == Call::KILL) got = master_.Next();
  EXPECT_EQ(got.call.type(), Call::SUBSCRIBE);
}

TEST_F(SchedulerHttpTest, WrongCredentialsAreForGood) {
  Start();
  master_.Next().responder->Send(http::Response::Text(401, "Unauthorized"));
  EXPECT_THAT(log_.Await<Failed>().why.message(), HasSubstr("Unauthorized"));
}

TEST_F(SchedulerHttpTest, TeardownIsConfirmed) {
  Scheduler& scheduler = Start();
  const auto stream = master_.Subscribe("F");
  log_.Await<Subscribed>();
  scheduler.Teardown();
  EXPECT_EQ(master_.Next().call.type(), Call::TEARDOWN);
  log_.Await<TornDown>();
}

TEST_F(SchedulerHttpTest, NothingComesAfterStop) {
  Scheduler& scheduler = Start();
  const auto stream = master_.Subscribe("F");
  log_.Await<Subscribed>();
  scheduler.Stop();
  EXPECT_TRUE(log_.empty());
  scheduler.Send(KillCall("t", ""));
  master_.Write(stream, SubscribedAs("F"));
  scheduler_.reset();
  EXPECT_TRUE(log_.empty());
}

TEST_F(SchedulerHttpTest, BadOptionsFailAtOnce) {
  options_.masters = {"zk://a:1/mesos"};
  Scheduler scheduler(runtime_, options_, [](const SchedulerEvent&) {});
  EXPECT_THAT(scheduler.Start().message(), HasSubstr("ZooKeeper"));
}

}  // namespace
}  // namespace meseta::sdk
