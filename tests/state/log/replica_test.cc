// Replicas of one group over real links and real disks, in one process.
#include "state/log/replica.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>

#include "tests/support/log_host.h"

namespace meseta::log {
namespace {

using test::Eventually;
using test::LogHost;

// Remembers every command, in order; a snapshot has one piece for each.
class Lines : public StateMachine {
 public:
  std::string Apply(const Entry& command) override {
    const std::lock_guard lock(mutex_);
    lines_.push_back(command.payload);
    return "line " + std::to_string(lines_.size());
  }
  void Applied(Index) override {}
  std::unique_ptr<SnapshotSource> Snapshot() override {
    struct Source : SnapshotSource {
      bool Next(std::string* piece) override {
        if (next > lines.size()) return false;
        *piece = next == 0 ? "lines" : lines[next - 1];
        ++next;
        return true;
      }
      std::vector<std::string> lines;
      size_t next = 0;
    };
    auto source = std::make_unique<Source>();
    source->lines = lines();
    return source;
  }
  std::unique_ptr<SnapshotSink> Restore() override {
    struct Sink : SnapshotSink {
      Status Add(std::string_view piece) override {
        if (first) {
          first = false;
          return piece == "lines" ? OkStatus() : DataLoss("not a snapshot of lines");
        }
        lines.emplace_back(piece);
        return OkStatus();
      }
      Status Install(Index) override {
        const std::lock_guard lock(machine->mutex_);
        machine->lines_ = std::move(lines);
        return OkStatus();
      }
      Lines* machine = nullptr;
      std::vector<std::string> lines;
      bool first = true;
    };
    auto sink = std::make_unique<Sink>();
    sink->machine = this;
    return sink;
  }
  std::vector<std::string> lines() const {
    const std::lock_guard lock(mutex_);
    return lines_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
};

struct Member {
  std::unique_ptr<LogHost> host = std::make_unique<LogHost>();
  std::string directory;
  std::unique_ptr<Lines> machine;
  std::unique_ptr<Replica> replica;
};

class ReplicaTest : public ::testing::Test {
 protected:
  ReplicaTest() {
    char pattern[] = "/tmp/meseta-replica-XXXXXX";
    directory_ = ::mkdtemp(pattern);
  }
  ~ReplicaTest() override {
    for (Member& member : members_) Kill(member);
    members_.clear();
    std::filesystem::remove_all(directory_);
  }
  void MakeMembers(int count) {
    for (int i = 0; i < count; ++i) {
      members_.emplace_back();
      members_.back().directory = directory_ + "/" + std::to_string(members_.size());
    }
  }
  std::vector<std::string> Addresses() {
    std::vector<std::string> addresses;
    for (Member& member : members_) addresses.push_back(member.host->address());
    return addresses;
  }
  Status Start(Member& member, std::vector<std::string> peers) {
    member.machine = std::make_unique<Lines>();
    ReplicaOptions options;
    options.directory = member.directory;
    options.address = member.host->address();
    options.peers = std::move(peers);
    options.snapshot_every_bytes = snapshot_every_;
    options.keep_entries = 4;
    auto replica = Replica::Start(std::move(options), member.host->system(),
                                  member.host->transport(), member.machine.get(),
                                  member.host->metrics());
    if (!replica.ok()) return replica.status();
    member.replica = *std::move(replica);
    return OkStatus();
  }
  void Kill(Member& member) {
    member.replica.reset();
    if (member.host) member.host->Stop();
  }
  Member* Leader() {
    Member* leader = nullptr;
    Eventually([&] {
      for (Member& member : members_) {
        if (member.replica && member.replica->leads_until() > Time()) leader = &member;
      }
      return leader != nullptr;
    });
    return leader;
  }
  // Retries until a leader took it; false after a minute.
  bool Write(const std::string& line) {
    return Eventually([&] {
      Member* leader = Leader();
      if (leader == nullptr) return false;
      return runtime::Ask<Applied>(Duration::Seconds(10), [&](runtime::Reply<Applied> reply) {
               leader->replica->Propose(line, std::nullopt, std::move(reply));
             }).ok();
    });
  }
  Status Change(MemberChange change) {
    Member* leader = Leader();
    if (leader == nullptr) return Unavailable("no leader");
    return runtime::Ask<runtime::Done>(Duration::Seconds(10),
                                       [&](runtime::Reply<runtime::Done> reply) {
                                         leader->replica->Change(change, std::move(reply));
                                       })
        .status();
  }
  bool AllHave(const std::vector<std::string>& lines) {
    return Eventually([&] {
      for (Member& member : members_) {
        if (member.replica && member.machine->lines() != lines) return false;
      }
      return true;
    });
  }

  size_t snapshot_every_ = 64 << 20;
  std::string directory_;
  std::vector<Member> members_;
};

TEST_F(ReplicaTest, OneAloneNeedsNoConfigurationAndKeepsWhatItAnswered) {
  MakeMembers(1);
  ASSERT_TRUE(Start(members_[0], {}).ok());
  ASSERT_TRUE(Write("a"));
  ASSERT_TRUE(Write("b"));
  Kill(members_[0]);
  members_[0].host->Restart();
  ASSERT_TRUE(Start(members_[0], {}).ok());
  ASSERT_TRUE(Write("c"));
  EXPECT_EQ(members_[0].machine->lines(), (std::vector<std::string>{"a", "b", "c"}));
}

TEST_F(ReplicaTest, ThreeFormAClusterAndSurviveTheirLeader) {
  MakeMembers(3);
  for (Member& member : members_) ASSERT_TRUE(Start(member, Addresses()).ok());
  ASSERT_TRUE(Write("a"));
  ASSERT_TRUE(AllHave({"a"}));
  Member* leader = Leader();
  ASSERT_NE(leader, nullptr);
  const Term term = leader->replica->status()->raft.term;
  EXPECT_GT(leader->replica->leads_until(term), Time());
  Kill(*leader);
  ASSERT_TRUE(Write("b"));
  Member* next = Leader();
  ASSERT_NE(next, nullptr);
  EXPECT_EQ(next->replica->leads_until(term), Time());
  ASSERT_TRUE(AllHave({"a", "b"}));
  leader->host->Restart();
  ASSERT_TRUE(Start(*leader, Addresses()).ok());
  EXPECT_TRUE(AllHave({"a", "b"}));
}

TEST_F(ReplicaTest, AFollowerThatMissedMuchGetsASnapshot) {
  snapshot_every_ = 2000;
  MakeMembers(3);
  for (Member& member : members_) ASSERT_TRUE(Start(member, Addresses()).ok());
  ASSERT_TRUE(Write("first"));
  Member* leader = Leader();
  Member* follower = leader == &members_[0] ? &members_[1] : &members_[0];
  Kill(*follower);
  std::vector<std::string> lines{"first"};
  for (int i = 0; i < 100; ++i) {
    lines.push_back("line " + std::to_string(i) + std::string(40, '.'));
    ASSERT_TRUE(Write(lines.back()));
  }
  EXPECT_TRUE(Eventually([&] { return leader->replica->status()->raft.snapshot > 10; }));
  follower->host->Restart();
  ASSERT_TRUE(Start(*follower, Addresses()).ok());
  EXPECT_TRUE(AllHave(lines));
  EXPECT_TRUE(Eventually([&] { return follower->replica->status()->raft.snapshot > 10; }));
}

TEST_F(ReplicaTest, AMemberWhoseDiskIsCorruptRejoinsAsANewOne) {
  MakeMembers(3);
  for (Member& member : members_) ASSERT_TRUE(Start(member, Addresses()).ok());
  ASSERT_TRUE(Write("a"));
  ASSERT_TRUE(AllHave({"a"}));
  Member* leader = Leader();
  Member* victim = leader == &members_[2] ? &members_[1] : &members_[2];
  const MemberId before = victim->replica->status()->member;
  Kill(*victim);
  for (const auto& file : std::filesystem::directory_iterator(victim->directory)) {
    if (file.path().extension() == ".log") std::filesystem::resize_file(file.path(), 20);
  }
  victim->host->Restart();
  ASSERT_TRUE(Start(*victim, Addresses()).ok());
  ASSERT_TRUE(Write("b"));
  EXPECT_TRUE(AllHave({"a", "b"}));
  EXPECT_NE(victim->replica->status()->member, before);
  // It votes again: with it the leader can be spared.
  EXPECT_TRUE(Eventually([&] {
    int voters = 0;
    for (const auto& member : Leader()->replica->status()->raft.configuration.members()) {
      voters += member.learner() ? 0 : 1;
    }
    return voters == 3;
  }));
  Kill(*Leader());
  EXPECT_TRUE(Write("c"));
}

TEST_F(ReplicaTest, GrowsFromOneToThreeAndShrinksAgain) {
  MakeMembers(3);
  ASSERT_TRUE(Start(members_[0], {}).ok());
  ASSERT_TRUE(Write("a"));
  const std::string first = members_[0].host->address();
  for (int i : {1, 2}) {
    const std::string address = members_[i].host->address();
    ASSERT_TRUE(Eventually([&] { return Change(InviteMember{address}).ok(); }));
    EXPECT_TRUE(Change(InviteMember{address}).ok());  // Nothing is left to do.
    ASSERT_TRUE(Start(members_[i], {first}).ok());
    EXPECT_TRUE(Eventually([&] {
      for (const auto& member : members_[0].replica->status()->raft.configuration.members()) {
        if (member.address() == address && !member.learner()) return true;
      }
      return false;
    }));
    ASSERT_TRUE(Write("with " + address));
  }
  EXPECT_TRUE(AllHave({"a", "with " + members_[1].host->address(),
                       "with " + members_[2].host->address()}));
  const MemberId third = members_[2].replica->status()->member;
  EXPECT_TRUE(Eventually([&] { return Change(RemoveMember{third}).ok(); }));
  Kill(members_[2]);
  EXPECT_TRUE(Write("two"));
}

TEST_F(ReplicaTest, ACorruptDiskAloneIsNotStartedAndSaysSo) {
  MakeMembers(1);
  ASSERT_TRUE(Start(members_[0], {}).ok());
  ASSERT_TRUE(Write("a"));
  Kill(members_[0]);
  for (const auto& file : std::filesystem::directory_iterator(members_[0].directory)) {
    if (file.path().extension() == ".log") std::filesystem::resize_file(file.path(), 20);
  }
  members_[0].host->Restart();
  const Status status = Start(members_[0], {});
  EXPECT_EQ(status.code(), StatusCode::kDataLoss) << status;
  EXPECT_NE(status.message().find("restore"), std::string::npos) << status;
}

}  // namespace
}  // namespace meseta::log
