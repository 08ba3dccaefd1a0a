// Goal: links between two transports over real loopback sockets. Method: each daemon is a runtime, a
// transport and a port; recorders wait for events, with generous deadlines.
#include "actors/net/link_transport.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <thread>

#include "actors/messages/internal/link.pb.h"
#include "actors/net/link_upgrade.h"
#include "tests/actors/net/support/link_recorder.h"
#include "tests/actors/net/support/raw_peer.h"
#include "tests/actors/net/support/link_server.h"

namespace meseta::net {
namespace {

using ::testing::HasSubstr;

LinkTransportOptions Role(PeerRole role) {
  LinkTransportOptions options;
  options.role = role;
  options.daemon_version = "0.1.0";
  options.address = "127.0.0.1:1";
  return options;
}

Envelope Message(std::string to, std::string payload) {
  Envelope envelope;
  envelope.to = std::move(to);
  envelope.from = "test@127.0.0.1:1";
  envelope.type = "meseta.Test";
  envelope.payload = std::move(payload);
  return envelope;
}

// Asks until the text is not empty, for up to 30 s.
std::string Eventually(const std::function<std::string()>& text) {
  for (int i = 0; i < 3000; ++i) {
    const std::string now = text();
    if (!now.empty()) return now;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return {};
}

const std::vector<PeerRole> kAnyone = {PeerRole::kMaster, PeerRole::kAgent, PeerRole::kFramework,
                                       PeerRole::kClient};

// A master with one actor "master", and a port.
struct Master {
  explicit Master(LinkTransportOptions options = Role(PeerRole::kMaster), uint16_t port = 0)
      : transport(runtime, std::move(options)),
        recorder(&transport),
        server(std::make_unique<LinkServer>(runtime, &transport, port)) {
    transport.Register("master", kAnyone, recorder.Sink());
  }
  ~Master() {
    transport.Unregister("master");
    server.reset();
    runtime.Stop();
  }

  IoRuntime runtime{2};
  LinkTransport transport;
  LinkRecorder recorder;
  std::unique_ptr<LinkServer> server;
};

// An agent with one actor "agent".
struct Agent {
  explicit Agent(LinkTransportOptions options = Role(PeerRole::kAgent))
      : transport(runtime, std::move(options)), recorder(&transport) {
    transport.Register("agent", kAnyone, recorder.Sink());
  }
  ~Agent() {
    transport.Unregister("agent");
    runtime.Stop();
  }

  IoRuntime runtime{1};
  LinkTransport transport;
  LinkRecorder recorder;
};

TEST(LinkTransportTest, MessagesBothWaysInOrder) {
  Master master;
  Agent agent;
  agent.transport.Dial("master", {master.server->address()});
  ASSERT_TRUE(agent.recorder.WaitUps(1));
  ASSERT_TRUE(master.recorder.WaitUps(1));
  EXPECT_EQ(master.recorder.ups[0].peer.role, PeerRole::kAgent);
  EXPECT_TRUE(agent.recorder.ups[0].peer.dialed);
  EXPECT_EQ(agent.recorder.ups[0].peer.daemon_version, "0.1.0");
  const LinkId there = agent.recorder.ups[0].link;
  const LinkId back = master.recorder.ups[0].link;
  EXPECT_NE(there, back);
  constexpr int kCount = 5000;
  for (int i = 0; i < kCount; ++i) {
    ASSERT_TRUE(agent.transport.Send(there, Message("master", std::to_string(i))));
    ASSERT_TRUE(master.transport.Send(back, Message("agent", std::to_string(-i))));
  }
  ASSERT_TRUE(master.recorder.WaitMessages(kCount));
  ASSERT_TRUE(agent.recorder.WaitMessages(kCount));
  for (int i = 0; i < kCount; ++i) {
    ASSERT_EQ(master.recorder.messages[static_cast<size_t>(i)].payload, std::to_string(i));
    ASSERT_EQ(agent.recorder.messages[static_cast<size_t>(i)].payload, std::to_string(-i));
  }
  EXPECT_EQ(master.recorder.messages[0].from, "test@127.0.0.1:1");
  EXPECT_EQ(master.recorder.messages[0].type, "meseta.Test");
}


// Links one agent and returns the ids of both sides: {at the agent, at the master}.
std::pair<LinkId, LinkId> LinkUpPair(Agent& agent, Master& master) {
  agent.transport.Dial("master", {master.server->address()});
  EXPECT_TRUE(agent.recorder.WaitUps(1));
  EXPECT_TRUE(master.recorder.WaitUps(1));
  return {agent.recorder.ups.at(0).link, master.recorder.ups.at(0).link};
}

TEST(LinkTransportTest, OneActorMayStandForMany) {
  Master master;
  Agent agent;
  const LinkId back = LinkUpPair(agent, master).second;
  for (const char* to : {"agent/1", "agent", "agent/2/x", "agents", "agent/1"}) {
    ASSERT_TRUE(master.transport.Send(back, Message(to, to)));
  }
  ASSERT_TRUE(agent.recorder.WaitMessages(4));
  EXPECT_EQ(agent.recorder.messages[0].to, "agent/1");
  EXPECT_EQ(agent.recorder.messages[1].to, "agent");
  EXPECT_EQ(agent.recorder.messages[2].to, "agent/2/x");
  EXPECT_EQ(agent.recorder.messages[3].to, "agent/1");
}

TEST(LinkTransportTest, ALargeMessageDoesNotHoldBackUrgentOnes) {
  LinkTransportOptions options = Role(PeerRole::kMaster);
  options.profile = LinkProfile{Duration::Millis(50), Duration::Seconds(20)};
  Master master(options);
  LinkRecorder replica(&master.transport);
  master.transport.Register("replica", {PeerRole::kAgent}, replica.Sink());
  options.role = PeerRole::kAgent;
  Agent agent(options);
  const LinkId link = LinkUpPair(agent, master).first;
  const std::string large(kMaxMessageBytes - 100, 'L');
  ASSERT_TRUE(agent.transport.Send(link, Message("master", large)));
  ASSERT_TRUE(agent.transport.Send(link, Message("replica", "vote")));
  ASSERT_TRUE(replica.WaitMessages(1));
  ASSERT_TRUE(master.recorder.WaitMessages(1));
  EXPECT_EQ(master.recorder.messages[0].payload, large);
  EXPECT_TRUE(master.recorder.downs.empty());
  // A message that no peer would take is refused here, and cuts the link.
  EXPECT_FALSE(agent.transport.Send(link, Message("master", std::string(kMaxMessageBytes, 'L'))));
  ASSERT_TRUE(agent.recorder.WaitDowns(1));
  EXPECT_THAT(agent.recorder.downs[0].reason.message(), HasSubstr("larger than a link carries"));
  master.transport.Unregister("replica");
}

TEST(LinkTransportTest, APeerThatGoesIsDownAndRedialedWithANewId) {
  Agent agent;
  uint16_t port = 0;
  LinkId first = 0;
  {
    Master master;
    port = master.server->port();
    first = LinkUpPair(agent, master).first;
  }
  ASSERT_TRUE(agent.recorder.WaitDowns(1));
  EXPECT_EQ(agent.recorder.downs[0].link, first);
  EXPECT_FALSE(agent.transport.Send(first, Message("master", "late")));
  EXPECT_EQ(agent.transport.counters().dropped_link_down.load(), 1u);
  Master again(Role(PeerRole::kMaster), port);
  ASSERT_TRUE(agent.recorder.WaitUps(2));
  EXPECT_GT(agent.recorder.ups[1].link, first);
  ASSERT_TRUE(agent.transport.Send(agent.recorder.ups[1].link, Message("master", "hello")));
  ASSERT_TRUE(again.recorder.WaitMessages(1));
  EXPECT_EQ(agent.recorder.order, "udu");
}

TEST(LinkTransportTest, TheSecondAddressIsTriedWhenTheFirstIsDead) {
  Master master;
  Agent agent;
  agent.transport.Dial("master", {"127.0.0.1:1", "no such address", master.server->address()});
  ASSERT_TRUE(agent.recorder.WaitUps(1));
  EXPECT_EQ(agent.transport.DialProblem("master"), OkStatus());
}

TEST(LinkTransportTest, AFailedDialTellsItsProblem) {
  Agent agent;
  agent.transport.Dial("master", {"127.0.0.1:1"});
  EXPECT_THAT(Eventually([&] { return agent.transport.DialProblem("master").message(); }),
              HasSubstr("no link to 127.0.0.1:1: Cannot connect to 127.0.0.1:1"));
}

TEST(LinkTransportTest, StopDialingClosesTheLink) {
  Master master;
  Agent agent;
  LinkUpPair(agent, master);
  agent.transport.StopDialing("master");
  ASSERT_TRUE(master.recorder.WaitDowns(1));
  ASSERT_TRUE(agent.recorder.WaitDowns(1));
  EXPECT_THAT(master.recorder.downs[0].reason.message(), HasSubstr("not needed any more"));
}

TEST(LinkTransportTest, WhatWasSentBeforeCloseArrivesWithTheReason) {
  Master master;
  Agent agent;
  const LinkId back = LinkUpPair(agent, master).second;
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(master.transport.Send(back, Message("agent", std::string(10'000, 'x'))));
  }
  master.transport.Close(back, PermissionDenied("your version is too old"));
  EXPECT_FALSE(master.transport.Send(back, Message("agent", "late")));
  ASSERT_TRUE(agent.recorder.WaitDowns(1));
  EXPECT_EQ(agent.recorder.messages.size(), 100u);
  EXPECT_EQ(agent.recorder.downs[0].reason,
            PermissionDenied("the peer closed the link: your version is too old"));
}

TEST(LinkTransportTest, ALateActorHearsOfTheLinkFirst) {
  Master master;
  Agent agent;
  const LinkId link = LinkUpPair(agent, master).first;
  LinkRecorder late(&master.transport);
  master.transport.Register("late", kAnyone, late.Sink());
  ASSERT_TRUE(agent.transport.Send(link, Message("late", "x")));
  ASSERT_TRUE(late.WaitMessages(1));
  agent.transport.StopDialing("master");
  ASSERT_TRUE(late.WaitDowns(1));
  EXPECT_EQ(late.order, "umd");
  master.transport.Unregister("late");
}

TEST(LinkTransportTest, MessagesToNobodyOrOfTheWrongRoleAreDroppedAndCounted) {
  Master master;
  LinkRecorder replica(&master.transport);
  master.transport.Register("replica", {PeerRole::kMaster}, replica.Sink());
  Agent agent;
  const LinkId link = LinkUpPair(agent, master).first;
  ASSERT_TRUE(agent.transport.Send(link, Message("replica", "I lead now")));
  ASSERT_TRUE(agent.transport.Send(link, Message("nobody", "x")));
  ASSERT_TRUE(agent.transport.Send(link, Message("master", "x")));
  ASSERT_TRUE(master.recorder.WaitMessages(1));
  EXPECT_EQ(master.transport.counters().dropped_role.load(), 1u);
  EXPECT_EQ(master.transport.counters().dropped_no_actor.load(), 1u);
  EXPECT_TRUE(replica.messages.empty());
  master.transport.Unregister("replica");
}

TEST(LinkTransportTest, AConsumerThatDoesNotConsumeHoldsTheSenderBack) {
  LinkTransportOptions options = Role(PeerRole::kMaster);
  options.max_unconsumed = 2;
  Master master(options);
  LinkRecorder slow;  // Does not consume.
  master.transport.Register("slow", kAnyone, slow.Sink());
  LinkTransportOptions sender = Role(PeerRole::kAgent);
  sender.queue.max_bytes = 4 * 1024 * 1024;
  Agent agent(sender);
  const LinkId link = LinkUpPair(agent, master).first;
  while (master.transport.counters().pauses.load() == 0) {
    ASSERT_TRUE(agent.transport.Send(link, Message("slow", "x")));
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  // Sends until the bound of its own queue cuts the link: the sockets' buffers are finite.
  int sent = 0;
  const std::string payload(16 * 1024, 'x');
  while (sent < 100'000 && agent.transport.Send(link, Message("slow", payload))) ++sent;
  EXPECT_LT(sent, 100'000);
  EXPECT_EQ(agent.transport.counters().cut_queue_full.load(), 1u);
  ASSERT_TRUE(agent.recorder.WaitDowns(1));
  EXPECT_THAT(agent.recorder.downs[0].reason.message(), HasSubstr("does not read"));
  // Once it consumes, what came before the end is handed over, and then the end.
  bool down = false;
  while (!down) {
    slow.ConsumeAll(&master.transport);
    ASSERT_TRUE(slow.Wait([&](const LinkRecorder& r) {
      down = !r.downs.empty();
      return down || !r.unconsumed.empty();
    }));
  }
  EXPECT_EQ(slow.order.front(), 'u');
  EXPECT_EQ(slow.order.back(), 'd');
  master.transport.Unregister("slow");
}

TEST(LinkTransportTest, APeerThatSuddenlyDoesNotReadIsCutByTheWriteDeadline) {
  LinkTransportOptions options = Role(PeerRole::kMaster);
  options.write_stall = Duration::Millis(300);
  Master master(options);
  RawPeer peer(master.server->port());
  peer.Upgrade();
  peer.SendHello(kLinkProtocol, internal::LinkHello::AGENT);
  ASSERT_TRUE(master.recorder.WaitUps(1));
  const LinkId link = master.recorder.ups[0].link;
  const std::string payload(1024 * 1024, 'x');
  for (int i = 0; i < 40; ++i) (void)master.transport.Send(link, Message("agent", payload));
  ASSERT_TRUE(master.recorder.WaitDowns(1));
  EXPECT_EQ(master.recorder.downs[0].reason.code(), StatusCode::kDeadlineExceeded);
}

TEST(LinkTransportTest, AWedgedCoreIsDetected) {
  LinkTransportOptions options = Role(PeerRole::kMaster);
  options.profile = LinkProfile{Duration::Millis(50), Duration::Millis(1500)};
  Master master(options);
  options.role = PeerRole::kAgent;
  options.profile = LinkProfile{Duration::Millis(50), Duration::Seconds(30)};
  Agent agent(options);
  agent.transport.CoreTurned();  // Once, and never again.
  LinkUpPair(agent, master);
  ASSERT_TRUE(master.recorder.WaitDowns(1));
  EXPECT_THAT(master.recorder.downs[0].reason.message(), HasSubstr("not taken a turn"));
}

TEST(LinkTransportTest, ASilentPeerIsDetected) {
  LinkTransportOptions options = Role(PeerRole::kMaster);
  options.profile = LinkProfile{Duration::Millis(50), Duration::Millis(500)};
  Master master(options);
  RawPeer peer(master.server->port());
  peer.Upgrade();
  peer.SendHello(kLinkProtocol, internal::LinkHello::AGENT);
  ASSERT_TRUE(master.recorder.WaitDowns(1));
  EXPECT_THAT(master.recorder.downs[0].reason.message(), HasSubstr("nothing came from the peer"));
}

TEST(LinkTransportTest, AnotherProtocolVersionGetsASentence) {
  Master master;
  RawPeer peer(master.server->port());
  peer.Upgrade();
  peer.SendHello(kLinkProtocol + 1, internal::LinkHello::AGENT);
  EXPECT_THAT(peer.ReadToEnd(), HasSubstr("upgrade the older one"));
  EXPECT_TRUE(master.recorder.ups.empty());
}

TEST(LinkTransportTest, LinksPerPeerAreBounded) {
  LinkTransportOptions options = Role(PeerRole::kMaster);
  options.max_links_per_peer = 2;
  Master master(options);
  Agent agent;
  for (const char* name : {"a", "b", "c"}) agent.transport.Dial(name, {master.server->address()});
  ASSERT_TRUE(master.recorder.WaitUps(2));
  const auto refused = [&] {
    for (const char* name : {"a", "b", "c"}) {
      if (!agent.transport.DialProblem(name).ok()) return agent.transport.DialProblem(name).message();
    }
    return std::string();
  };
  EXPECT_THAT(Eventually(refused), HasSubstr("the peer has 2 links already"));
  EXPECT_EQ(master.transport.counters().links_up.load(), 2);
}

// --- Credentials -------------------------------------------------------------------------------

LinkTransportOptions SecuredMaster() {
  LinkTransportOptions options = Role(PeerRole::kMaster);
  options.credentials = std::make_shared<const Credentials>(*Credentials::Parse("agents s3cret"));
  options.policy.authenticated_roles = {PeerRole::kAgent};
  return options;
}

std::string ProblemOf(Agent& agent, Master& master) {
  agent.transport.Dial("master", {master.server->address()});
  (void)Eventually([&] { return agent.transport.DialProblem("master").message(); });
  EXPECT_TRUE(agent.recorder.ups.empty());
  return agent.transport.DialProblem("master").ToString();
}

TEST(LinkTransportTest, TheRightCredentialGivesThePrincipal) {
  Master master(SecuredMaster());
  LinkTransportOptions options = Role(PeerRole::kAgent);
  options.credential = Credential{"agents", "s3cret"};
  Agent agent(options);
  LinkUpPair(agent, master);
  EXPECT_EQ(master.recorder.ups[0].peer.principal, "agents");
}

TEST(LinkTransportTest, AWrongCredentialIsRefusedWith401) {
  Master master(SecuredMaster());
  LinkTransportOptions options = Role(PeerRole::kAgent);
  options.credential = Credential{"agents", "wrong"};
  Agent agent(options);
  const std::string problem = ProblemOf(agent, master);
  EXPECT_THAT(problem, HasSubstr("HTTP status 401: principal 'agents' is unknown here or its "
                                 "secret is wrong"));
  EXPECT_THAT(problem, HasSubstr("UNAUTHENTICATED"));
}

TEST(LinkTransportTest, AnAgentWithoutCredentialIsRefused) {
  Master master(SecuredMaster());
  Agent agent;
  EXPECT_THAT(ProblemOf(agent, master), HasSubstr("needs a credential here"));
}

// --- Garbage -----------------------------------------------------------------------------------

std::string RandomBytes(Rng& rng, size_t n) {
  std::string bytes(n, '\0');
  for (char& c : bytes) c = static_cast<char>(rng.Next());
  return bytes;
}

TEST(LinkTransportTest, GarbageNeitherCrashesNorDisturbsOthers) {
  Master master;
  Agent agent;
  const LinkId link = LinkUpPair(agent, master).first;
  Rng rng(5);
  const std::string hello = RawPeer::Hello(kLinkProtocol, internal::LinkHello::AGENT);
  for (int i = 0; i < 60; ++i) {
    RawPeer peer(master.server->port());
    if (i % 3 != 0) peer.Upgrade();
    std::string bytes = i % 3 == 2 ? hello : std::string();
    bytes += RandomBytes(rng, 1 + rng.Below(3000));
    // Some look like frames: a plausible length, then a known type.
    if (i % 2 == 1 && i % 3 == 1) bytes.replace(0, 5, std::string("\0\0\0\x40\x01", 5));
    peer.Write(bytes);
    peer.FinishWriting();
    (void)peer.ReadToEnd();
  }
  ASSERT_TRUE(agent.transport.Send(link, Message("master", "still here")));
  ASSERT_TRUE(master.recorder.WaitMessages(1));
  EXPECT_TRUE(agent.recorder.downs.empty());
  EXPECT_EQ(master.recorder.messages.back().payload, "still here");
}

TEST(LinkTransportTest, AServerThatSpeaksNoHttpIsNoMaster) {
  Agent agent;
  RawServer server("SSH-2.0-OpenSSH_9.2\r\n");
  agent.transport.Dial("master", {"127.0.0.1:" + std::to_string(server.port())});
  EXPECT_THAT(Eventually([&] { return agent.transport.DialProblem("master").message(); }),
              HasSubstr("does not answer in HTTP"));
}

}  // namespace
}  // namespace meseta::net
