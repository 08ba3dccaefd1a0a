// Conversations between a scheduler, its masters and time; each test tells one.
#include "frameworks/sdk/cpp/scheduler_core.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace meseta::sdk {
namespace {

using testing::HasSubstr;
using Call = SchedulerCore::Call;
using Effects = SchedulerCore::Effects;
using Event = v1::scheduler::Event;
using Kind = SchedulerCore::Refusal::Kind;

Event SubscribedEvent(const std::string& id, double heartbeat = 15) {
  Event event;
  event.set_type(Event::SUBSCRIBED);
  event.mutable_subscribed()->mutable_framework_id()->set_value(id);
  event.mutable_subscribed()->set_heartbeat_interval_seconds(heartbeat);
  return event;
}
Event Of(Event::Type type) {
  Event event;
  event.set_type(type);
  return event;
}
Event ErrorEvent(const std::string& message) {
  Event event = Of(Event::ERROR);
  event.mutable_error()->set_message(message);
  return event;
}
Event UpdateEvent(const std::string& task, const std::string& uuid) {
  Event event = Of(Event::UPDATE);
  v1::TaskStatus* status = event.mutable_update()->mutable_status();
  status->mutable_task_id()->set_value(task);
  status->mutable_agent_id()->set_value("agent");
  status->set_state(v1::TASK_RUNNING);
  if (!uuid.empty()) status->set_uuid(uuid);
  return event;
}
Call KillOf(const std::string& task) {
  Call call;
  call.set_type(Call::KILL);
  call.mutable_kill()->mutable_task_id()->set_value(task);
  return call;
}
SchedulerCore::Refusal RefusedWith(Kind kind, const std::string& text) {
  SchedulerCore::Refusal refusal;
  refusal.kind = kind;
  if (kind == Kind::kRedirected) {
    refusal.leader = text;
  } else {
    refusal.status = Unavailable(text);
  }
  return refusal;
}

// The only event of a kind; fails the test when there is none.
template <class T>
T Only(const Effects& effects) {
  const T* found = nullptr;
  for (const SchedulerEvent& event : effects.events) {
    if (const T* one = std::get_if<T>(&event)) {
      EXPECT_EQ(found, nullptr) << "two of them";
      found = one;
    }
  }
  EXPECT_NE(found, nullptr);
  return found ? *found : T();
}

class SchedulerCoreTest : public testing::Test {
 protected:
  explicit SchedulerCoreTest(std::vector<std::string> masters = {"http://a:1", "http://b:1",
                                                                 "http://c:1"}) {
    options_.masters = std::move(masters);
    options_.framework.set_user("u");
    options_.framework.set_name("f");
    options_.framework.add_roles("r1");
    options_.framework.add_roles("r2");
    options_.framework.add_capabilities()->set_type(v1::FrameworkInfo::Capability::MULTI_ROLE);
  }
  SchedulerCore& core() {
    if (!core_) core_ = std::make_unique<SchedulerCore>(options_, Rng(7));
    return *core_;
  }
  // The dial among these effects is the present session.
  Effects Take(Effects effects) {
    if (effects.dial) session_ = effects.dial->session;
    wake_at_ = effects.wake_at;
    return effects;
  }
  Effects StartSubscribed() {
    Take(core().Start(now_));
    return Take(core().Arrived(session_, SubscribedEvent("F"), now_));
  }
  // To when the core wants to be woken.
  Effects Wake() {
    EXPECT_TRUE(wake_at_.has_value());
    now_ = wake_at_.value_or(now_);
    return Take(core().Tick(now_));
  }
  Effects Answer(Call call, int status, const std::string& text) {
    SchedulerCore::Answer answer;
    answer.call = std::move(call);
    answer.status = status;
    answer.text = text;
    return Take(core().Answered(session_, answer, now_));
  }

  SchedulerCore::Options options_;
  std::unique_ptr<SchedulerCore> core_;
  Time now_ = Time::FromNanos(5'000'000'000);
  SchedulerCore::SessionId session_ = 0;
  std::optional<Time> wake_at_;
};

TEST_F(SchedulerCoreTest, SubscribesAtTheFirstMaster) {
  options_.suppressed_roles = {"r2"};
  const Effects dial = Take(core().Start(now_));
  ASSERT_TRUE(dial.dial.has_value());
  EXPECT_EQ(dial.dial->master, "http://a:1");
  EXPECT_EQ(dial.dial->subscribe.type(), Call::SUBSCRIBE);
  EXPECT_FALSE(dial.dial->subscribe.has_framework_id());
  ASSERT_EQ(dial.dial->subscribe.subscribe().suppressed_roles_size(), 1);
  EXPECT_EQ(dial.dial->subscribe.subscribe().suppressed_roles(0), "r2");
  const Effects subscribed = Take(core().Arrived(session_, SubscribedEvent("F"), now_));
  const auto event = Only<Subscribed>(subscribed);
  EXPECT_EQ(event.framework_id.value(), "F");
  EXPECT_EQ(event.master, "a:1");
  EXPECT_FALSE(event.resubscribed);
  EXPECT_TRUE(subscribed.send.empty());
}

TEST_F(SchedulerCoreTest, ALaterRunKeepsTheFrameworkId) {
  options_.framework.mutable_id()->set_value("F");
  const Effects dial = Take(core().Start(now_));
  EXPECT_EQ(dial.dial->subscribe.framework_id().value(), "F");
  EXPECT_EQ(dial.dial->subscribe.subscribe().framework_info().id().value(), "F");
  EXPECT_TRUE(Only<Subscribed>(Take(core().Arrived(session_, SubscribedEvent("F"), now_)))
                  .resubscribed);
}

TEST_F(SchedulerCoreTest, FollowsAStandbyToTheLeaderAtOnce) {
  Take(core().Start(now_));
  const Effects effects =
      Take(core().Refused(session_, RefusedWith(Kind::kRedirected, "//c:1/api/v1/scheduler"), now_));
  ASSERT_TRUE(effects.dial.has_value());
  EXPECT_TRUE(effects.close);
  EXPECT_EQ(effects.dial->master, "http://c:1");
  EXPECT_TRUE(effects.events.empty());
}

TEST_F(SchedulerCoreTest, MastersThatSendInCirclesAreLeftForAWhile) {
  Take(core().Start(now_));
  Effects effects;
  for (int i = 0; i < SchedulerCore::kMaxRedirects; ++i) {
    effects = Take(core().Refused(
        session_, RefusedWith(Kind::kRedirected, i % 2 == 0 ? "b:1" : "a:1"), now_));
    ASSERT_TRUE(effects.dial.has_value()) << i;
  }
  effects = Take(core().Refused(session_, RefusedWith(Kind::kRedirected, "b:1"), now_));
  EXPECT_FALSE(effects.dial.has_value());
  EXPECT_THAT(Only<Retrying>(effects).why, HasSubstr("none of those named leads"));
  EXPECT_TRUE(Wake().dial.has_value());
}

TEST_F(SchedulerCoreTest, TriesAllMastersWithGrowingPauses) {
  Take(core().Start(now_));
  std::vector<std::string> tried;
  Duration longest;
  for (int i = 0; i < 30; ++i) {
    const Effects refused =
        Take(core().Refused(session_, RefusedWith(Kind::kUnreachable, "connection refused"), now_));
    EXPECT_THAT(Only<Retrying>(refused).why, HasSubstr("connection refused"));
    const Duration pause = *wake_at_ - now_;
    EXPECT_GE(pause, SchedulerCore::kFirstPause / 2);
    EXPECT_LE(pause, SchedulerCore::kLongestPause);
    EXPECT_LE(pause, i < 3 ? SchedulerCore::kFirstPause : SchedulerCore::kLongestPause);
    longest = std::max(longest, pause);
    EXPECT_FALSE(Take(core().Tick(*wake_at_ - Duration::Nanos(1))).dial.has_value());
    const Effects dial = Wake();
    ASSERT_TRUE(dial.dial.has_value());
    tried.push_back(dial.dial->master);
  }
  EXPECT_EQ(tried[0], "http://b:1");
  EXPECT_EQ(tried[1], "http://c:1");
  EXPECT_EQ(tried[2], "http://a:1");
  EXPECT_GT(longest, SchedulerCore::kLongestPause / 2 - Duration::Millis(1));
}

TEST_F(SchedulerCoreTest, AMasterThatNeverAnswersIsLeft) {
  Take(core().Start(now_));
  const Effects effects = Wake();
  EXPECT_TRUE(effects.close);
  EXPECT_EQ(now_, Time::FromNanos(5'000'000'000) + SchedulerCore::kSubscribeDeadline);
  EXPECT_THAT(Only<Retrying>(effects).why, HasSubstr("did not subscribe"));
  EXPECT_EQ(Wake().dial->master, "http://b:1");
}

TEST_F(SchedulerCoreTest, ABrokenSessionIsMadeAnewAtTheNextMaster) {
  StartSubscribed();
  const Effects lost = Take(core().Ended(session_, Unavailable("connection reset"), now_));
  EXPECT_THAT(Only<Disconnected>(lost).why, HasSubstr("connection reset"));
  EXPECT_THAT(Only<Disconnected>(lost).why, HasSubstr("a:1"));
  EXPECT_FALSE(core().subscribed());
  const Effects dial = Wake();
  ASSERT_TRUE(dial.dial.has_value());
  EXPECT_EQ(dial.dial->master, "http://b:1");
  EXPECT_EQ(dial.dial->subscribe.framework_id().value(), "F");
  EXPECT_TRUE(Only<Subscribed>(Take(core().Arrived(session_, SubscribedEvent("F"), now_)))
                  .resubscribed);
}

TEST_F(SchedulerCoreTest, ThreeMissedHeartbeatsEndASession) {
  Take(core().Start(now_));
  Take(core().Arrived(session_, SubscribedEvent("F", 2), now_));
  const Time began = now_;
  now_ = began + Duration::Seconds(5);
  Take(core().Arrived(session_, Of(Event::HEARTBEAT), now_));
  EXPECT_EQ(wake_at_, now_ + Duration::Seconds(6));
  // Any event is a sign of life.
  now_ = now_ + Duration::Seconds(5);
  Take(core().Arrived(session_, UpdateEvent("t", ""), now_));
  EXPECT_EQ(wake_at_, now_ + Duration::Seconds(6));
  const Effects effects = Wake();
  EXPECT_TRUE(effects.close);
  EXPECT_THAT(Only<Disconnected>(effects).why, HasSubstr("silent for 3 heartbeats of 2secs"));
}

TEST_F(SchedulerCoreTest, WhatAnOlderSessionSaysIsIgnored) {
  StartSubscribed();
  const auto old = session_;
  Take(core().Ended(old, OkStatus(), now_));
  Wake();
  EXPECT_TRUE(core().Arrived(old, SubscribedEvent("X"), now_).events.empty());
  EXPECT_FALSE(core().Ended(old, OkStatus(), now_).close);
  EXPECT_FALSE(core().Refused(old, RefusedWith(Kind::kForGood, "no"), now_).close);
  EXPECT_EQ(core().framework_id().value(), "F");
}

TEST_F(SchedulerCoreTest, CallsCarryTheFrameworkIdInOrder) {
  StartSubscribed();
  const Effects first = core().Send(KillOf("t1"), now_);
  ASSERT_EQ(first.send.size(), 1u);
  EXPECT_EQ(first.send[0].framework_id().value(), "F");
}

TEST_F(SchedulerCoreTest, CallsWithoutASessionAreRefusedAndNeverSentLater) {
  const Effects early = core().Send(KillOf("t0"), now_);
  EXPECT_EQ(Only<CallRefused>(early).status.code(), StatusCode::kUnavailable);
  StartSubscribed();
  Take(core().Ended(session_, OkStatus(), now_));
  const Effects refused = core().Send(KillOf("t1"), now_);
  EXPECT_EQ(Only<CallRefused>(refused).call.kill().task_id().value(), "t1");
  EXPECT_TRUE(refused.send.empty());
  Wake();
  EXPECT_TRUE(Take(core().Arrived(session_, SubscribedEvent("F"), now_)).send.empty());
}

TEST_F(SchedulerCoreTest, TheLibraryAloneSubscribes) {
  StartSubscribed();
  Call call;
  call.set_type(Call::SUBSCRIBE);
  EXPECT_EQ(Only<CallRefused>(core().Send(call, now_)).status.code(),
            StatusCode::kInvalidArgument);
}

TEST_F(SchedulerCoreTest, SuppressAndReviveAreKeptOverSessions) {
  StartSubscribed();
  EXPECT_EQ(core().Suppress({"r1"}, now_).send.at(0).suppress().roles(0), "r1");
  Take(core().Ended(session_, OkStatus(), now_));
  EXPECT_TRUE(core().Suppress({"r2"}, now_).send.empty());
  EXPECT_TRUE(core().Revive({"r1"}, now_).send.empty());
  const Effects dial = Wake();
  ASSERT_EQ(dial.dial->subscribe.subscribe().suppressed_roles_size(), 1);
  EXPECT_EQ(dial.dial->subscribe.subscribe().suppressed_roles(0), "r2");
  // Between SUBSCRIBE and SUBSCRIBED.
  EXPECT_TRUE(core().Revive({}, now_).send.empty());
  EXPECT_TRUE(core().Suppress({"r1"}, now_).send.empty());
  const Effects subscribed = Take(core().Arrived(session_, SubscribedEvent("F"), now_));
  ASSERT_EQ(subscribed.send.size(), 2u);
  EXPECT_EQ(subscribed.send[0].type(), Call::SUPPRESS);
  EXPECT_EQ(subscribed.send[0].suppress().roles(0), "r1");
  EXPECT_EQ(subscribed.send[1].type(), Call::REVIVE);
  ASSERT_EQ(subscribed.send[1].revive().roles_size(), 1);
  EXPECT_EQ(subscribed.send[1].revive().roles(0), "r2");
}

TEST_F(SchedulerCoreTest, ForeignRolesNeverReachASubscribe) {
  options_.suppressed_roles = {"r1", "other"};
  Effects effects = Take(core().Start(now_));
  EXPECT_EQ(effects.dial->subscribe.subscribe().suppressed_roles_size(), 1);
}

TEST_F(SchedulerCoreTest, AnUpdateIsSaidNowOrByTheNextSubscribe) {
  StartSubscribed();
  Call::UpdateFramework update;
  *update.mutable_framework_info() = options_.framework;
  update.mutable_framework_info()->set_name("g");
  const Effects said = core().Update(update, now_);
  ASSERT_EQ(said.send.size(), 1u);
  EXPECT_EQ(said.send[0].update_framework().framework_info().name(), "g");
  EXPECT_EQ(said.send[0].update_framework().framework_info().id().value(), "F");
  EXPECT_TRUE(Answer(said.send[0], 200, "").events.empty());
  Take(core().Ended(session_, OkStatus(), now_));
  update.mutable_framework_info()->set_name("h");
  EXPECT_TRUE(core().Update(update, now_).send.empty());
  EXPECT_EQ(Wake().dial->subscribe.subscribe().framework_info().name(), "h");
}

TEST_F(SchedulerCoreTest, ARefusedUpdateIsTakenBack) {
  StartSubscribed();
  Call::UpdateFramework update;
  *update.mutable_framework_info() = options_.framework;
  update.mutable_framework_info()->set_name("bad");
  const Effects said = core().Update(update, now_);
  const Effects refused = Answer(said.send.at(0), 400, "FrameworkInfo update is not valid");
  EXPECT_EQ(Only<CallRefused>(refused).status.code(), StatusCode::kInvalidArgument);
  Take(core().Ended(session_, OkStatus(), now_));
  EXPECT_EQ(Wake().dial->subscribe.subscribe().framework_info().name(), "f");
}

TEST_F(SchedulerCoreTest, RefusedCallsComeBack) {
  StartSubscribed();
  const Effects refused = Answer(KillOf("t"), 400, "Failed to validate scheduler::Call: bad");
  EXPECT_THAT(Only<CallRefused>(refused).status.message(), HasSubstr("bad"));
  EXPECT_TRUE(core().subscribed());
  EXPECT_EQ(Only<CallRefused>(Answer(KillOf("t"), 503, "The server is overloaded; try again"))
                .status.code(),
            StatusCode::kUnavailable);
  EXPECT_TRUE(Answer(KillOf("t"), 202, "").events.empty());
}

TEST_F(SchedulerCoreTest, AStaleStreamIsSubscribedAgain) {
  const std::vector<std::pair<int, std::string>> stale = {
      {403, "Framework is not subscribed"},
      {400, "Framework cannot be found"},
      {400, "The stream ID 'x' included in this request didn't match the stream ID currently "
            "associated with framework ID F"},
      {307, ""},
      {503, "No leader elected"},
      {503, "This master ceased to lead before the request was answered"}};
  for (const auto& [status, text] : stale) {
    core_.reset();
    StartSubscribed();
    const Effects effects = Answer(KillOf("t"), status, text);
    EXPECT_TRUE(effects.close) << text;
    Only<Disconnected>(effects);
    EXPECT_TRUE(Wake().dial.has_value()) << text;
  }
}

TEST_F(SchedulerCoreTest, ARefusalForGoodEndsIt) {
  Take(core().Start(now_));
  const auto refusal = RefusalOf("http://a:1", 401, "Unauthorized", "");
  EXPECT_EQ(refusal.kind, Kind::kForGood);
  const Effects effects = Take(core().Refused(session_, refusal, now_));
  EXPECT_EQ(Only<Failed>(effects).why.message(), "The master at a:1: Unauthorized");
  EXPECT_EQ(Only<Failed>(effects).why.code(), StatusCode::kUnauthenticated);
  EXPECT_FALSE(effects.wake_at.has_value());
  EXPECT_TRUE(core().over());
  EXPECT_TRUE(core().Send(KillOf("t"), now_).events.empty());
}

TEST_F(SchedulerCoreTest, AnErrorEventEndsItWithItsSentence) {
  StartSubscribed();
  const Effects effects =
      Take(core().Arrived(session_, ErrorEvent("Framework has been removed"), now_));
  EXPECT_THAT(Only<Failed>(effects).why.message(), HasSubstr("Framework has been removed"));
  EXPECT_TRUE(effects.close);
  EXPECT_TRUE(core().over());
}

TEST_F(SchedulerCoreTest, AnOverloadedMasterIsAskedAgain) {
  Take(core().Start(now_));
  const Effects effects = Take(core().Arrived(
      session_, ErrorEvent("Too many subscriptions of framework F wait; try again"), now_));
  Only<Retrying>(effects);
  EXPECT_FALSE(core().over());
}

TEST_F(SchedulerCoreTest, TeardownEndsWithItsAnswer) {
  StartSubscribed();
  const Effects said = core().Teardown(now_);
  ASSERT_EQ(said.send.size(), 1u);
  EXPECT_EQ(said.send[0].type(), Call::TEARDOWN);
  EXPECT_TRUE(core().Teardown(now_).send.empty());
  Only<TornDown>(Answer(said.send[0], 202, ""));
  EXPECT_TRUE(core().over());
}

TEST_F(SchedulerCoreTest, TheAnswerToTeardownMayComeAfterTheEndOfTheSession) {
  StartSubscribed();
  const Effects said = core().Teardown(now_);
  const Effects ended = Take(core().Ended(session_, OkStatus(), now_));
  EXPECT_TRUE(ended.events.empty());
  EXPECT_FALSE(ended.close);
  const Effects answered = Answer(said.send.at(0), 202, "");
  Only<TornDown>(answered);
  EXPECT_TRUE(answered.close);
}

TEST_F(SchedulerCoreTest, TeardownIsRepeatedUntilTheFrameworkIsGone) {
  StartSubscribed();
  (void)core().Teardown(now_);
  Take(core().Ended(session_, OkStatus(), now_));
  Only<Disconnected>(Wake());  // No answer came.
  Wake();
  const Effects again = Take(core().Arrived(session_, SubscribedEvent("F"), now_));
  ASSERT_EQ(again.send.size(), 1u);
  EXPECT_EQ(again.send[0].type(), Call::TEARDOWN);
  Take(core().Ended(session_, OkStatus(), now_));
  Take(core().Ended(session_, Unavailable("and its connection"), now_));
  Wake();
  Only<TornDown>(Take(core().Arrived(session_, ErrorEvent("Framework has been removed"), now_)));
}

TEST_F(SchedulerCoreTest, TeardownOfAFrameworkThatNobodyKnowsIsDone) {
  Only<TornDown>(core().Teardown(now_));
}

TEST_F(SchedulerCoreTest, UpdatesAreAcknowledgedOnWishOnly) {
  StartSubscribed();
  Effects effects = Take(core().Arrived(session_, UpdateEvent("t", "0123456789abcdef"), now_));
  EXPECT_TRUE(effects.send.empty());
  const auto update = Only<StatusUpdated>(effects);
  effects = core().Acknowledge(update.status, now_);
  ASSERT_EQ(effects.send.size(), 1u);
  EXPECT_EQ(effects.send[0].acknowledge().uuid(), "0123456789abcdef");

  core_.reset();
  options_.acknowledge = true;
  StartSubscribed();
  effects = Take(core().Arrived(session_, UpdateEvent("t", "0123456789abcdef"), now_));
  EXPECT_EQ(effects.send.size(), 1u);
  Only<StatusUpdated>(effects);
  EXPECT_TRUE(Take(core().Arrived(session_, UpdateEvent("t", ""), now_)).send.empty());
}

TEST_F(SchedulerCoreTest, EventsAreDelivered) {
  StartSubscribed();
  Event offers = Of(Event::OFFERS);
  offers.mutable_offers()->add_offers()->mutable_id()->set_value("O1");
  offers.mutable_offers()->add_offers()->mutable_id()->set_value("O2");
  EXPECT_EQ(Only<OffersArrived>(Take(core().Arrived(session_, offers, now_))).offers.size(), 2u);
  Event rescind = Of(Event::RESCIND);
  rescind.mutable_rescind()->mutable_offer_id()->set_value("O1");
  EXPECT_EQ(Only<OfferRescinded>(Take(core().Arrived(session_, rescind, now_))).offer.value(), "O1");
  Event message = Of(Event::MESSAGE);
  message.mutable_message()->mutable_executor_id()->set_value("E");
  message.mutable_message()->set_data("data");
  EXPECT_EQ(Only<MessageArrived>(Take(core().Arrived(session_, message, now_))).data, "data");
  Event failure = Of(Event::FAILURE);
  failure.mutable_failure()->mutable_agent_id()->set_value("A");
  const auto failed = Only<AgentFailed>(Take(core().Arrived(session_, failure, now_)));
  EXPECT_EQ(failed.agent.value(), "A");
  EXPECT_FALSE(failed.executor.has_value());
  // What a later master may say.
  EXPECT_TRUE(Take(core().Arrived(session_, Of(Event::UNKNOWN), now_)).events.empty());
}

TEST_F(SchedulerCoreTest, StopIsQuiet) {
  StartSubscribed();
  const Effects effects = core().Stop();
  EXPECT_TRUE(effects.close);
  EXPECT_TRUE(effects.send.empty());
  EXPECT_TRUE(effects.events.empty());
  EXPECT_FALSE(core().Tick(now_ + Duration::Hours(1)).dial.has_value());
}

}  // namespace
}  // namespace meseta::sdk
