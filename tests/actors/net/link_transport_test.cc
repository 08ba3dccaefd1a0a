// Goal: links between two transports over real loopback sockets. Method: each daemon is a runtime, a
// transport and a port; recorders wait for events, with generous deadlines.
#include "actors/net/link_transport.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/actors/net/support/link_recorder.h"
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

}  // namespace
}  // namespace meseta::net
