// Schedulers on links, without a network: messages in, what reaches the master's actor and the link out.
#include "master/sessions/session_links.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <mutex>

namespace meseta::master {
namespace {

using testing::HasSubstr;
using Call = v1::scheduler::Call;

constexpr net::LinkId kLink = 7;

class FakeTransport : public net::Transport {
 public:
  void Register(std::string, std::vector<net::PeerRole>, net::LinkSink) override {}
  void Unregister(const std::string&) override {}
  void Dial(const std::string&, std::vector<std::string>) override {}
  void StopDialing(const std::string&) override {}
  bool Send(net::LinkId link, net::Envelope envelope) override {
    EXPECT_EQ(link, kLink);
    internal::ToScheduler message;
    EXPECT_EQ(envelope.type, message.GetTypeName());
    EXPECT_TRUE(message.ParseFromString(envelope.payload));
    sent.push_back(std::move(message));
    to = envelope.to;
    return up;
  }
  void Consumed(net::LinkId link) override {
    EXPECT_EQ(link, kLink);
    ++consumed;
  }
  void Close(net::LinkId, Status) override {}
  void CoreTurned() override {}

  std::deque<internal::ToScheduler> sent;
  std::string to;
  int consumed = 0;
  bool up = true;
};

Call CallOf(Call::Type type) {
  Call call;
  call.set_type(type);
  if (type == Call::SUBSCRIBE) {
    call.mutable_subscribe()->mutable_framework_info()->set_user("u");
    call.mutable_subscribe()->mutable_framework_info()->set_name("f");
  } else {
    call.mutable_framework_id()->set_value("F");
  }
  if (type == Call::KILL) call.mutable_kill()->mutable_task_id()->set_value("t");
  return call;
}

class SessionLinksTest : public testing::Test {
 protected:
  struct Opened {
    StreamId stream;
    StreamFraming framing;
    std::shared_ptr<http::StreamWriter> writer;
  };

  SessionLinksTest() {
    auto term = std::make_shared<TermRefs>();
    term->leads = [this] { return leads_; };
    term->post = [this](MasterEvent event) {
      if (!takes_) return false;
      posted_.push_back(std::move(event));
      return true;
    };
    term->open_stream = [this](StreamId id, http::ContentType type, StreamFraming framing,
                               std::shared_ptr<http::StreamWriter> writer) {
      EXPECT_EQ(type, http::ContentType::kProtobuf);
      opened_.push_back({std::move(id), framing, std::move(writer)});
    };
    auto leadership = std::make_shared<Leadership>();
    leadership->term = term;
    leadership_ = leadership;
    SessionLinksOutlets outlets;
    outlets.transport = &transport_;
    outlets.leadership = [this] { return leadership_; };
    outlets.new_uuid = [this] { return "stream-" + std::to_string(++uuids_); };
    outlets.address = "scheduler@127.0.0.1:5050";
    outlets.count_dropped = [this] { ++dropped_; };
    links_ = std::make_unique<SessionLinks>(std::move(outlets));
  }
  void Turn(net::LinkEvent event) { links_->Handle(std::move(event)); }
  void Up(net::PeerRole role = net::PeerRole::kFramework, const std::string& principal = "") {
    net::LinkUp up;
    up.link = kLink;
    up.peer.role = role;
    up.peer.principal = principal;
    Turn(up);
  }
  static net::Envelope EnvelopeOf(const internal::FromScheduler& message,
                                  const std::string& from = "scheduler@") {
    net::Envelope envelope;
    envelope.to = kSessionActor;
    envelope.from = from;
    envelope.type = message.GetTypeName();
    envelope.payload = message.SerializeAsString();
    return envelope;
  }
  static internal::FromScheduler MessageOf(uint64_t session, uint64_t number, const Call& call,
                                           uint64_t term = 0) {
    internal::FromScheduler message;
    message.set_session(session);
    message.mutable_call()->set_number(number);
    message.mutable_call()->set_call(call.SerializeAsString());
    if (term > 0) message.mutable_call()->set_framework_term(term);
    return message;
  }
  void Deliver(std::vector<net::Envelope> envelopes) {
    net::LinkMessages batch;
    batch.link = kLink;
    batch.messages = std::move(envelopes);
    Turn(std::move(batch));
  }
  void Say(uint64_t session, uint64_t number, const Call& call, uint64_t term = 0) {
    Deliver({EnvelopeOf(MessageOf(session, number, call, term))});
  }
  template <class T>
  T Posted() {
    if (posted_.empty()) {
      ADD_FAILURE() << "nothing was posted";
      return T();
    }
    MasterEvent event = std::move(posted_.front());
    posted_.pop_front();
    EXPECT_TRUE(std::holds_alternative<T>(event)) << event.index();
    return std::holds_alternative<T>(event) ? std::get<T>(std::move(event)) : T();
  }
  internal::SessionAnswer Answer() {
    for (const auto& message : transport_.sent) {
      if (message.has_answer()) return message.answer();
    }
    ADD_FAILURE() << "no answer";
    return {};
  }

  FakeTransport transport_;
  std::deque<MasterEvent> posted_;
  std::deque<Opened> opened_;
  LeadershipPtr leadership_;
  bool leads_ = true;
  bool takes_ = true;
  int uuids_ = 0;
  int dropped_ = 0;
  std::unique_ptr<SessionLinks> links_;
};

TEST_F(SessionLinksTest, SubscribesAndCarriesCallsAndEvents) {
  Up(net::PeerRole::kFramework, "p");
  Say(1, 1, CallOf(Call::SUBSCRIBE), 9);
  const auto subscribe = Posted<SubscribeArrived>();
  EXPECT_EQ(subscribe.stream.value(), "stream-1");
  EXPECT_EQ(subscribe.principal, "p");
  EXPECT_EQ(subscribe.framework_term, 9u);
  ASSERT_EQ(opened_.size(), 1u);
  EXPECT_EQ(opened_[0].framing, StreamFraming::kNone);
  EXPECT_TRUE(opened_[0].writer->Write("an event"));
  EXPECT_EQ(transport_.sent.back().event(), "an event");
  EXPECT_EQ(transport_.sent.back().session(), 1u);
  EXPECT_EQ(transport_.to, "scheduler");

  Say(1, 2, CallOf(Call::KILL));
  {
    const auto arrived = Posted<CallArrived>();
    EXPECT_EQ(arrived.stream->value(), "stream-1");
    EXPECT_EQ(arrived.principal, "p");
    transport_.sent.clear();
    arrived.responder->Send(http::Response::Text(202, ""));
    EXPECT_TRUE(transport_.sent.empty());
  }
  // The batch is done with, and its sender knows.
  ASSERT_EQ(transport_.sent.size(), 1u);
  EXPECT_EQ(transport_.sent[0].taken(), 2u);
  EXPECT_EQ(transport_.consumed, 2);

  opened_[0].writer->Close();
  opened_[0].writer->Close();
  EXPECT_TRUE(transport_.sent.back().has_end());
  EXPECT_EQ(transport_.sent.size(), 2u);
  EXPECT_FALSE(opened_[0].writer->Write("late"));
}

TEST_F(SessionLinksTest, RefusalsNameTheirCall) {
  Up();
  Say(1, 1, CallOf(Call::SUBSCRIBE));
  (void)Posted<SubscribeArrived>();
  Deliver({EnvelopeOf(MessageOf(1, 2, CallOf(Call::KILL))),
           EnvelopeOf(MessageOf(1, 3, CallOf(Call::KILL))),
           EnvelopeOf(MessageOf(1, 4, CallOf(Call::TEARDOWN)))});
  auto first = Posted<CallArrived>();
  auto second = Posted<CallArrived>();
  auto teardown = Posted<CallArrived>();
  transport_.sent.clear();
  first.responder->Send(http::Response::Text(202, ""));
  second.responder->Send(http::Response::Text(400, "no"));
  ASSERT_EQ(transport_.sent.size(), 1u);
  EXPECT_EQ(transport_.sent[0].answer().number(), 3u);
  EXPECT_EQ(transport_.sent[0].answer().status(), 400);
  EXPECT_EQ(transport_.sent[0].answer().text(), "no");
  first.responder.reset();
  second.responder.reset();
  EXPECT_EQ(transport_.consumed, 1);  // The TEARDOWN of the same read still waits.
  teardown.responder->Send(http::Response::Text(202, ""));
  EXPECT_EQ(transport_.sent.back().answer().number(), 4u);
  teardown.responder.reset();
  EXPECT_EQ(transport_.consumed, 2);
  EXPECT_EQ(transport_.sent.back().taken(), 4u);
}

TEST_F(SessionLinksTest, BadCallsAreRefusedAsOverHttp) {
  Up(net::PeerRole::kFramework, "p");
  Call other = CallOf(Call::SUBSCRIBE);
  other.mutable_subscribe()->mutable_framework_info()->set_principal("q");
  Say(1, 1, other);
  EXPECT_EQ(Answer().status(), 400);
  EXPECT_THAT(Answer().text(), HasSubstr("Failed to validate scheduler::Call: "));
  transport_.sent.clear();
  Say(1, 2, Call());
  EXPECT_EQ(Answer().text(), "Failed to validate scheduler::Call: Expecting 'type' to be present");
  transport_.sent.clear();
  internal::FromScheduler garbage;
  garbage.mutable_call()->set_call("\xff\xff");
  Deliver({EnvelopeOf(garbage)});
  EXPECT_EQ(Answer().status(), 400);
  EXPECT_TRUE(posted_.empty());
  EXPECT_TRUE(opened_.empty());
}

TEST_F(SessionLinksTest, AStandbyNamesTheLeader) {
  auto standby = std::make_shared<Leadership>();
  standby->leader = "other:5050";
  leadership_ = standby;
  Up();
  Say(1, 1, CallOf(Call::SUBSCRIBE));
  EXPECT_EQ(Answer().status(), 307);
  EXPECT_EQ(Answer().location(), "//other:5050/api/v1/scheduler");
  auto nobody = std::make_shared<Leadership>();
  nobody->waits_for = "an election";
  leadership_ = nobody;
  transport_.sent.clear();
  Say(1, 1, CallOf(Call::SUBSCRIBE));
  EXPECT_EQ(Answer().status(), 503);
  EXPECT_EQ(Answer().text(), "No leader elected: an election");
}

TEST_F(SessionLinksTest, ABrokenLinkIsAClosedStream) {
  Up();
  Deliver({EnvelopeOf(MessageOf(1, 1, CallOf(Call::SUBSCRIBE)), "scheduler@"),
           EnvelopeOf(MessageOf(1, 1, CallOf(Call::SUBSCRIBE)), "second@")});
  (void)Posted<SubscribeArrived>();
  (void)Posted<SubscribeArrived>();
  Turn(net::LinkDown{kLink, Unavailable("reset")});
  std::set<std::string> closed;
  closed.insert(Posted<StreamClosed>().stream.value());
  closed.insert(Posted<StreamClosed>().stream.value());
  EXPECT_EQ(closed, (std::set<std::string>{"stream-1", "stream-2"}));
  Turn(net::LinkDown{kLink, Unavailable("again")});
  EXPECT_TRUE(posted_.empty());
}

TEST_F(SessionLinksTest, ANewSubscribeClosesTheEarlierSession) {
  Up();
  Say(1, 1, CallOf(Call::SUBSCRIBE));
  (void)Posted<SubscribeArrived>();
  Say(2, 1, CallOf(Call::SUBSCRIBE));
  EXPECT_EQ(Posted<StreamClosed>().stream.value(), "stream-1");
  EXPECT_EQ(Posted<SubscribeArrived>().stream.value(), "stream-2");
  // A late call of the first has no stream, and the master's core says so.
  Say(1, 2, CallOf(Call::KILL));
  EXPECT_FALSE(Posted<CallArrived>().stream.has_value());
  internal::FromScheduler close;
  close.set_session(1);
  close.mutable_close();
  Deliver({EnvelopeOf(close)});
  EXPECT_TRUE(posted_.empty());
  close.set_session(2);
  Deliver({EnvelopeOf(close)});
  EXPECT_EQ(Posted<StreamClosed>().stream.value(), "stream-2");
}

TEST_F(SessionLinksTest, WhatIsDroppedIsAnswered) {
  Up();
  takes_ = false;
  Say(1, 2, CallOf(Call::KILL));
  EXPECT_EQ(Answer().status(), 503);
  EXPECT_EQ(Answer().text(), "The master is overloaded; try again");
  EXPECT_EQ(transport_.consumed, 1);
  takes_ = true;
  transport_.sent.clear();
  Say(1, 3, CallOf(Call::KILL));
  leads_ = false;
  posted_.clear();
  EXPECT_THAT(Answer().text(), HasSubstr("ceased to lead"));
}

TEST_F(SessionLinksTest, OthersAndNonsenseAreDropped) {
  Up(net::PeerRole::kAgent);
  Say(1, 1, CallOf(Call::SUBSCRIBE));
  EXPECT_TRUE(posted_.empty());
  EXPECT_EQ(transport_.consumed, 1);
  Up();
  net::Envelope nonsense = EnvelopeOf(MessageOf(1, 1, CallOf(Call::SUBSCRIBE)));
  nonsense.payload = "\xff\xff";
  net::Envelope foreign = EnvelopeOf(MessageOf(1, 1, CallOf(Call::SUBSCRIBE)));
  foreign.type = "meseta.internal.ToMaster";
  Deliver({nonsense, foreign,
           EnvelopeOf(MessageOf(1, 1, CallOf(Call::SUBSCRIBE)),
                      std::string(SessionLinks::kMaxNameBytes + 1, 'x'))});
  EXPECT_EQ(dropped_, 3);
  EXPECT_TRUE(posted_.empty());
  EXPECT_EQ(transport_.consumed, 2);
}

TEST_F(SessionLinksTest, SessionsOfALinkAreBounded) {
  Up();
  for (size_t i = 0; i <= SessionLinks::kMaxSessionsPerLink; ++i) {
    Deliver({EnvelopeOf(MessageOf(1, 1, CallOf(Call::SUBSCRIBE)), std::to_string(i) + "@")});
  }
  EXPECT_EQ(opened_.size(), SessionLinks::kMaxSessionsPerLink);
  EXPECT_EQ(Answer().status(), 503);
}

}  // namespace
}  // namespace meseta::master
