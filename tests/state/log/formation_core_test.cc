// Forming and joining, with cores that talk to each other over a network in this file.
#include "state/log/formation_core.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>

namespace meseta::log {
namespace {

Time At(int64_t ms) { return Time::FromNanos(0) + Duration::Millis(ms); }

// A daemon: its disk outlives its core.
struct Node {
  std::string address;
  std::vector<std::string> peers;
  FormationDisk disk;
  std::unique_ptr<FormationCore> core;
  std::string leader;      // Said in hellos when ready.
  bool disk_works = true;  // Else writes never become durable.
};

class FormationTest : public ::testing::Test {
 protected:
  Node& Add(const std::string& address, std::vector<std::string> peers) {
    Node& node = nodes_[address];
    node.address = address;
    node.peers = std::move(peers);
    Start(node);
    return node;
  }
  void Start(Node& node) {
    FormationOptions options;
    options.group = "registry";
    options.address = node.address;
    options.peers = node.peers;
    const MemberId id = ++next_id_;
    node.core = std::make_unique<FormationCore>(options, node.disk,
                                                FormationIds{id, "cluster-" + std::to_string(id)},
                                                At(now_));
  }
  // Runs until `ms` from now, delivering everything between nodes whose pair is not cut.
  void Run(int64_t ms) {
    const int64_t end = now_ + ms;
    for (; now_ <= end; now_ += 50) {
      for (auto& [address, node] : nodes_) {
        if (!node.core) continue;
        node.core->Tick(At(now_));
        Perform(node);
      }
    }
  }
  void Perform(Node& node) {
    FormationEffects effects = node.core->TakeEffects();
    if (effects.write_identity && node.disk_works) {
      node.disk.identity = *effects.write_identity;
      if (effects.write_genesis) node.disk.configuration = *effects.write_genesis;
      node.core->Persisted(At(now_));
      Perform(node);
    }
    for (const auto& hello : effects.hellos) Deliver(node, hello.to, hello.hello);
    for (const auto& join : effects.joins) DeliverJoin(node, join.to, join.join);
  }
  void Deliver(Node& from, const std::string& to, const internal::LogHello& hello) {
    const auto it = nodes_.find(to);
    if (it == nodes_.end() || !it->second.core || cut_.count({from.address, to})) return;
    Node& node = it->second;
    if (node.core->ready()) {
      node.core->HandleForeign(hello, !node.leader.empty());
      if (hello.answer()) return;
      internal::LogHello answer = node.core->MyHello(node.leader);
      answer.set_answer(true);
      Deliver(node, from.address, answer);
      return;
    }
    node.core->HandleHello(hello, At(now_));
    Perform(node);
  }
  void DeliverJoin(Node& from, const std::string& to, const internal::LogJoin& join) {
    Node& leader = nodes_.at(to);
    joins_.push_back(join.address());
    internal::LogJoinAnswer answer;
    answer.set_accepted(welcome_.count(join.address()) != 0);
    if (answer.accepted()) answer.set_cluster_id(leader.core->identity().cluster_id());
    answer.set_reason("Not expected here");
    from.core->HandleJoinAnswer(answer, At(now_));
    Perform(from);
  }

  std::map<std::string, Node> nodes_;
  std::set<std::pair<std::string, std::string>> cut_;
  std::set<std::string> welcome_;
  std::vector<std::string> joins_;
  MemberId next_id_ = 0;
  int64_t now_ = 0;
};

const std::vector<std::string> kThree = {"a:1", "b:1", "c:1"};

TEST_F(FormationTest, OneWithoutPeersIsReadyAtOnce) {
  Node& a = Add("a:1", {});
  Perform(a);
  EXPECT_TRUE(a.core->ready());
  ASSERT_EQ(a.disk.configuration.members_size(), 1);
  EXPECT_EQ(a.disk.configuration.members(0).address(), "a:1");
  EXPECT_EQ(a.disk.identity.cluster_id(), "cluster-1");
}

TEST_F(FormationTest, NothingIsReadyBeforeTheDiskHasIt) {
  Node& a = Add("a:1", {});
  a.disk_works = false;
  Run(2000);
  EXPECT_FALSE(a.core->ready());
}

TEST_F(FormationTest, ThreeFormOneClusterWithTheSameGenesis) {
  for (const auto& address : kThree) Add(address, kThree);
  Run(2000);
  for (const auto& [address, node] : nodes_) {
    EXPECT_TRUE(node.core->ready()) << node.core->problem();
    EXPECT_EQ(node.disk.identity.cluster_id(), nodes_["a:1"].disk.identity.cluster_id());
    EXPECT_EQ(node.disk.configuration.SerializeAsString(),
              nodes_["a:1"].disk.configuration.SerializeAsString());
  }
}

TEST_F(FormationTest, WaitsForEveryPeerAndNamesTheMissing) {
  Add("a:1", kThree);
  Add("b:1", kThree);
  Run(5000);
  EXPECT_FALSE(nodes_["a:1"].core->ready());
  EXPECT_EQ(nodes_["a:1"].core->problem(),
            "The cluster forms when all peers have answered; missing: c:1");
  Add("c:1", kThree);
  Run(2000);
  EXPECT_TRUE(nodes_["a:1"].core->ready());
}

TEST_F(FormationTest, DifferentPeersNeverForm) {
  Add("a:1", kThree);
  Add("b:1", {"a:1", "b:1"});
  Add("c:1", kThree);
  Run(5000);
  for (const auto& [address, node] : nodes_) EXPECT_FALSE(node.core->ready());
  EXPECT_NE(nodes_["a:1"].core->problem().find("--peers=a:1, b:1"), std::string::npos)
      << nodes_["a:1"].core->problem();
}

// Whoever is cut off or restarted while the genesis is being written: never two clusters.
TEST_F(FormationTest, RestartsAndCutsWhileFormingEndInOneCluster) {
  for (int cut_at = 0; cut_at <= 1000; cut_at += 50) {
    nodes_.clear();
    cut_.clear();
    for (const auto& address : kThree) Add(address, kThree);
    Run(cut_at);
    for (const auto& other : {"a:1", "c:1"}) {
      cut_.insert({"b:1", other});
      cut_.insert({other, "b:1"});
    }
    for (auto& [address, node] : nodes_) Start(node);  // Each from its disk.
    Run(1000);
    EXPECT_FALSE(nodes_["b:1"].core->ready() && !nodes_["a:1"].core->ready());
    cut_.clear();
    Run(2000);
    std::set<std::string> clusters;
    for (const auto& [address, node] : nodes_) {
      EXPECT_TRUE(node.core->ready()) << cut_at << " " << address << ": " << node.core->problem();
      clusters.insert(node.disk.identity.cluster_id());
    }
    EXPECT_EQ(clusters.size(), 1u) << cut_at;
  }
}

TEST_F(FormationTest, ANewDiskJoinsTheClusterOfItsPeers) {
  for (const auto& address : kThree) Add(address, kThree);
  Run(2000);
  nodes_["a:1"].leader = nodes_["b:1"].leader = "b:1";
  Node& c = nodes_["c:1"];
  const MemberId before = c.disk.identity.member_id();
  c.disk = FormationDisk();
  Start(c);
  Run(1000);
  EXPECT_FALSE(c.core->ready());
  EXPECT_EQ(c.core->state(), "joining");
  EXPECT_EQ(c.core->problem(), "Not expected here");
  welcome_.insert("c:1");
  Run(1000);
  EXPECT_TRUE(c.core->ready());
  EXPECT_NE(c.disk.identity.member_id(), before);
  EXPECT_EQ(c.disk.identity.cluster_id(), nodes_["a:1"].disk.identity.cluster_id());
}

TEST_F(FormationTest, DisksThatReplaceCorruptOnesNeverForm) {
  for (const auto& address : kThree) {
    nodes_[address].disk.identity.set_rejoin_only(true);
    Add(address, kThree);
  }
  Run(5000);
  for (const auto& [address, node] : nodes_) {
    EXPECT_FALSE(node.core->ready());
    EXPECT_NE(node.core->problem().find("corrupt"), std::string::npos) << node.core->problem();
  }
}

TEST_F(FormationTest, ADiskOfAnotherClusterIsRefused) {
  for (const auto& address : kThree) Add(address, kThree);
  Run(2000);
  for (auto& [address, node] : nodes_) node.leader = "a:1";
  Node& c = nodes_["c:1"];
  c.disk = FormationDisk();
  c.disk.identity.set_member_id(77);
  c.disk.identity.set_cluster_id("elsewhere");
  c.disk.identity.set_group("registry");
  internal::LogMember* member = c.disk.configuration.add_members();
  member->set_id(77);
  member->set_address("c:1");
  c.disk.has_history = true;
  c.leader.clear();
  Start(c);
  Run(500);
  ASSERT_TRUE(c.core->refused().has_value());
  EXPECT_NE(c.core->refused()->find("belongs to cluster elsewhere"), std::string::npos);
  EXPECT_FALSE(nodes_["a:1"].core->refused().has_value());
}

TEST_F(FormationTest, AClusterOfOneThatGrowsStartsWithoutItsNewPeers) {
  Node& a = Add("a:1", {});
  Perform(a);
  a.disk.has_history = true;
  a.peers = kThree;
  Start(a);
  Run(100);
  EXPECT_FALSE(a.core->ready());
  Run(2000);
  EXPECT_TRUE(a.core->ready());
}

}  // namespace
}  // namespace meseta::log
