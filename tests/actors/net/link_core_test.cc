// Goal: the life of a link, as conversations. Method: two LinkCores joined by byte strings, in
// virtual time.
#include "actors/net/link_core.h"

#include <gtest/gtest.h>

#include <memory>

#include "actors/messages/internal/link.pb.h"
#include "actors/net/send_queue.h"

namespace meseta::net {
namespace {

constexpr Time kStart = Time::FromNanos(1'000'000'000'000);

// One end: its core, and what it did.
struct End {
  End(LinkCore::Options options, uint64_t seed) : core(std::move(options), Rng(seed)) {}

  void Take(LinkEffects effects) {
    for (const ControlFrame& frame : effects.send) AppendFrame(frame.type, 0, 0, frame.body, &wire);
    if (effects.up) up = effects.up;
    if (effects.down) down = effects.down;
    for (Envelope& envelope : effects.deliver) delivered.push_back(std::move(envelope));
  }

  LinkCore core;
  std::string wire;  // Written, not yet read by the other.
  std::optional<LinkPeer> up;
  std::optional<Status> down;
  std::vector<Envelope> delivered;
};

std::string EnvelopeFrame(const std::string& to, const std::string& payload) {
  internal::LinkEnvelope envelope;
  envelope.set_to(to);
  envelope.set_payload(payload);
  std::string out;
  AppendFrame(FrameType::kEnvelope, kFirstChunk | kLastChunk, 0, envelope.SerializeAsString(),
              &out);
  return out;
}

class LinkCoreTest : public testing::Test {
 protected:
  static LinkCore::Options Side(bool dialed, PeerRole role) {
    LinkCore::Options options;
    options.self = {role, "h:1", "0.1.0", dialed ? "dialer" : "server"};
    options.proof.dialed = dialed;
    return options;
  }

  void Make(PeerRole dialer, PeerRole server) {
    a_ = std::make_unique<End>(Side(true, dialer), 1);
    b_ = std::make_unique<End>(Side(false, server), 2);
  }

  LinkCore::Context At() const { return {now_, core_age_, 1}; }

  void Start() {
    a_->Take(a_->core.Start(At()));
    b_->Take(b_->core.Start(At()));
  }

  // Carries bytes both ways until there are none.
  void Settle() {
    while (!a_->wire.empty() || !b_->wire.empty()) {
      const std::string to_b = std::exchange(a_->wire, {});
      const std::string to_a = std::exchange(b_->wire, {});
      if (!to_b.empty()) b_->Take(b_->core.Receive(to_b, At()));
      if (!to_a.empty()) a_->Take(a_->core.Receive(to_a, At()));
    }
  }

  void Link(PeerRole dialer = PeerRole::kAgent, PeerRole server = PeerRole::kMaster) {
    Make(dialer, server);
    Start();
    Settle();
    ASSERT_TRUE(a_->core.up() && b_->core.up());
  }

  // Lets time pass, with ticks when they are asked for; `b` takes part unless it is dead.
  void Pass(Duration duration, bool b_alive = true) {
    const Time until = now_ + duration;
    for (;;) {
      const Time next = b_alive ? std::min(a_->core.wake_at(), b_->core.wake_at())
                                : a_->core.wake_at();
      if (next > until) break;
      now_ = std::max(now_, next);
      if (a_->core.wake_at() <= now_) a_->Take(a_->core.Tick(At()));
      if (b_alive && b_->core.wake_at() <= now_) b_->Take(b_->core.Tick(At()));
      if (b_alive) Settle();
    }
    now_ = until;
  }

  Time now_ = kStart;
  std::optional<Duration> core_age_;
  std::unique_ptr<End> a_;  // Dialed.
  std::unique_ptr<End> b_;  // Accepted.
};

TEST_F(LinkCoreTest, HandshakeTellsBothSides) {
  Link();
  EXPECT_EQ(a_->up->role, PeerRole::kMaster);
  EXPECT_TRUE(a_->up->dialed);
  EXPECT_EQ(b_->up->role, PeerRole::kAgent);
  EXPECT_FALSE(b_->up->dialed);
  EXPECT_EQ(b_->core.peer_claim().incarnation, "dialer");
}

TEST_F(LinkCoreTest, AnotherProtocolVersionIsRefusedWithASentence) {
  Make(PeerRole::kAgent, PeerRole::kMaster);
  b_->Take(b_->core.Start(At()));
  internal::LinkHello hello;
  hello.set_protocol(7);
  hello.set_daemon_version("9.9.0");
  std::string bytes;
  AppendFrame(FrameType::kHello, 0, 0, hello.SerializeAsString(), &bytes);
  b_->Take(b_->core.Receive(bytes, At()));
  ASSERT_TRUE(b_->down);
  EXPECT_EQ(b_->down->message(),
            "the peer (daemon version 9.9.0) speaks link protocol 7, this daemon (0.1.0) speaks 1: "
            "upgrade the older one");
  // The dialing side learns why.
  a_->Take(a_->core.Start(At()));
  a_->wire.clear();
  Settle();
  ASSERT_TRUE(a_->down);
  EXPECT_EQ(a_->down->code(), StatusCode::kFailedPrecondition);
  EXPECT_NE(a_->down->message().find("upgrade the older one"), std::string::npos);
  EXPECT_FALSE(b_->up);
}

TEST_F(LinkCoreTest, ARoleWithoutCredentialIsRefused) {
  Make(PeerRole::kAgent, PeerRole::kMaster);
  LinkCore::Options options = Side(false, PeerRole::kMaster);
  options.policy.authenticated_roles = {PeerRole::kAgent};
  b_ = std::make_unique<End>(options, 2);
  Start();
  Settle();
  EXPECT_EQ(b_->down->code(), StatusCode::kUnauthenticated);
  EXPECT_EQ(a_->down->code(), StatusCode::kUnauthenticated);
  EXPECT_NE(a_->down->message().find("--credential"), std::string::npos) << *a_->down;
  EXPECT_FALSE(a_->up || b_->up);
}

TEST_F(LinkCoreTest, AHandshakeHasADeadline) {
  Make(PeerRole::kAgent, PeerRole::kMaster);
  a_->Take(a_->core.Start(At()));
  EXPECT_EQ(a_->core.wake_at(), kStart + kHandshakeDeadline);
  Pass(kHandshakeDeadline, false);
  EXPECT_EQ(a_->down->code(), StatusCode::kDeadlineExceeded);
}

TEST_F(LinkCoreTest, NothingBeforeTheHello) {
  for (const std::string& first :
       {EnvelopeFrame("x", "y"), std::string("GET / HTTP/1.1\r\n\r\n"), std::string(5000, '\0')}) {
    Make(PeerRole::kAgent, PeerRole::kMaster);
    b_->Take(b_->core.Start(At()));
    b_->Take(b_->core.Receive(first, At()));
    EXPECT_TRUE(b_->down) << first.substr(0, 10);
    EXPECT_TRUE(b_->delivered.empty());
  }
}

TEST_F(LinkCoreTest, ALongHelloIsNotBuffered) {
  Make(PeerRole::kAgent, PeerRole::kMaster);
  b_->Take(b_->core.Start(At()));
  std::string bytes;
  AppendFrame(FrameType::kHello, 0, 0, std::string(kMaxFramePayload, 'x'), &bytes);
  b_->Take(b_->core.Receive(bytes.substr(0, kMaxHelloBytes + 1), At()));
  EXPECT_TRUE(b_->down);
}

TEST_F(LinkCoreTest, APeersTextsCannotSpoilLogs) {
  Make(PeerRole::kAgent, PeerRole::kMaster);
  LinkCore::Options options = Side(true, PeerRole::kAgent);
  options.self.address = "host\x1b[2J:1";
  a_ = std::make_unique<End>(options, 1);
  Start();
  Settle();
  ASSERT_TRUE(b_->down);
  EXPECT_EQ(b_->down->message(), "the peer sent a malformed hello");
  Link();
  a_->Take(a_->core.Close(Unavailable("bye\n\xff")));
  Settle();
  EXPECT_EQ(b_->down->message(), "the peer closed the link: bye??");
}

TEST_F(LinkCoreTest, OneReadDeliversOneBatchInOrder) {
  Link();
  b_->Take(b_->core.Receive(EnvelopeFrame("m", "1") + EnvelopeFrame("n", "2"), At()));
  ASSERT_EQ(b_->delivered.size(), 2u);
  EXPECT_EQ(b_->delivered[0].payload, "1");
  EXPECT_EQ(b_->delivered[1].to, "n");
}

TEST_F(LinkCoreTest, ASecondHelloAndMalformedBodiesEndIt) {
  for (const FrameType type : {FrameType::kHello, FrameType::kEnvelope, FrameType::kKeepalive,
                               FrameType::kKeepaliveAnswer, FrameType::kClose}) {
    Link();
    std::string bytes;
    const uint8_t flags = type == FrameType::kEnvelope ? kFirstChunk | kLastChunk : 0;
    AppendFrame(type, flags, 0, "\xff\xff\xff", &bytes);
    b_->Take(b_->core.Receive(bytes, At()));
    EXPECT_TRUE(b_->down) << static_cast<int>(type);
  }
}

TEST_F(LinkCoreTest, KeepalivesHoldAQuietLinkUp) {
  Link();
  core_age_ = Duration::Millis(3);
  Pass(Duration::Hours(1));
  EXPECT_TRUE(a_->core.up() && b_->core.up());
  EXPECT_EQ(a_->core.round_trip(), Duration());
}

TEST_F(LinkCoreTest, MastersNoticeASilentPeerAfterThreeSeconds) {
  Link(PeerRole::kMaster, PeerRole::kMaster);
  Pass(Duration::Minutes(1));
  const Time silent = now_;
  Pass(Duration::Millis(1900), false);
  EXPECT_FALSE(a_->down);
  Pass(Duration::Millis(1100), false);
  ASSERT_TRUE(a_->down) << (now_ - silent);
  EXPECT_EQ(a_->down->code(), StatusCode::kUnavailable);
}

TEST_F(LinkCoreTest, AgentsLinksAreMorePatient) {
  Link();
  Pass(Duration::Minutes(1));
  Pass(Duration::Seconds(9), false);
  EXPECT_FALSE(a_->down);
  Pass(Duration::Seconds(6), false);
  EXPECT_TRUE(a_->down);
}

TEST_F(LinkCoreTest, AWedgedCoreIsDownThoughTheSocketLives) {
  Link(PeerRole::kMaster, PeerRole::kMaster);
  core_age_ = Duration::Millis(2900);
  Pass(Duration::Seconds(5));
  EXPECT_TRUE(a_->core.up() && b_->core.up());
  core_age_ = Duration::Millis(3100);
  Pass(Duration::Seconds(2));
  ASSERT_TRUE(a_->down && b_->down);
  const bool told = a_->down->message().find("not taken a turn") != std::string::npos;
  EXPECT_TRUE(told) << *a_->down;
}

TEST_F(LinkCoreTest, BackPressureStopsReadingAndForgivesSilence) {
  Link();
  for (int i = 0; i < kMaxUnconsumedBatches; ++i) {
    EXPECT_TRUE(b_->core.WantsRead());
    b_->core.Handed(1);
  }
  EXPECT_FALSE(b_->core.WantsRead());
  // b reads nothing for a minute, but ticks.
  for (int i = 0; i < 60; ++i) {
    now_ = now_ + Duration::Seconds(1);
    b_->Take(b_->core.Tick(At()));
  }
  EXPECT_FALSE(b_->down);
  EXPECT_FALSE(b_->wire.empty());  // Its keepalives go on.
  b_->core.Consumed(now_);
  EXPECT_TRUE(b_->core.WantsRead());
  b_->Take(b_->core.Tick(At()));
  EXPECT_FALSE(b_->down);
}

TEST_F(LinkCoreTest, TimeInWhichWeDidNotRunIsNotThePeersSilence) {
  Link();
  now_ = now_ + Duration::Minutes(5);  // Stopped, then resumed with bytes unread.
  a_->Take(a_->core.Tick(At()));
  EXPECT_FALSE(a_->down);
  Pass(Duration::Seconds(16), false);
  EXPECT_TRUE(a_->down);
}

TEST_F(LinkCoreTest, CloseTellsThePeerTheReason) {
  Link();
  a_->Take(a_->core.Close(PermissionDenied("go away")));
  EXPECT_EQ(*a_->down, PermissionDenied("go away"));
  Settle();
  ASSERT_TRUE(b_->down);
  EXPECT_EQ(*b_->down, PermissionDenied("the peer closed the link: go away"));
  EXPECT_TRUE(b_->wire.empty());  // No close in answer to a close.
}

TEST_F(LinkCoreTest, TheEndComesOnce) {
  Link();
  a_->Take(a_->core.Broken(Unavailable("reset")));
  a_->down.reset();
  a_->Take(a_->core.Broken(Unavailable("again")));
  a_->Take(a_->core.Close(Unavailable("again")));
  a_->Take(a_->core.Tick(At()));
  a_->Take(a_->core.Receive(EnvelopeFrame("x", "y"), At()));
  EXPECT_FALSE(a_->down);
  EXPECT_TRUE(a_->delivered.empty());
  EXPECT_EQ(a_->core.wake_at(), Time::Max());
  EXPECT_FALSE(a_->core.WantsRead());
}

TEST_F(LinkCoreTest, MessagesBeforeTheEndAreDelivered) {
  Link();
  a_->Take(a_->core.Close(Unavailable("bye")));
  const std::string bytes = EnvelopeFrame("m", "last") + std::exchange(a_->wire, {});
  b_->Take(b_->core.Receive(bytes, At()));
  EXPECT_EQ(b_->delivered.size(), 1u);
  EXPECT_TRUE(b_->down);
}

TEST_F(LinkCoreTest, ManyLinksStretchKeepalives) {
  const LinkProfile agents = AgentProfile();
  EXPECT_EQ(StretchedKeepalive(agents, 1), agents.keepalive);
  EXPECT_EQ(StretchedKeepalive(agents, kStretchFromLinks), agents.keepalive);
  EXPECT_EQ(StretchedKeepalive(agents, (kStretchFromLinks + kStretchToLinks) / 2),
            Duration::Millis(7500));
  EXPECT_EQ(StretchedKeepalive(agents, 1'000'000), kMaxKeepalive);
  EXPECT_EQ(StretchedKeepalive(MasterProfile(), 1'000'000), MasterProfile().keepalive);
}

TEST_F(LinkCoreTest, APromisedLongerIntervalExtendsThePatience) {
  Link();
  internal::LinkKeepalive keepalive;
  keepalive.set_interval_ms(3'600'000);  // Held to kMaxKeepalive.
  std::string bytes;
  AppendFrame(FrameType::kKeepalive, 0, 0, keepalive.SerializeAsString(), &bytes);
  a_->Take(a_->core.Receive(bytes, At()));
  Pass(Duration::Millis(19'900), false);
  EXPECT_FALSE(a_->down);
  Pass(Duration::Millis(200), false);
  EXPECT_TRUE(a_->down);
}

}  // namespace
}  // namespace meseta::net
