// Stores over real replicas, links and disks, in one process: writes through the leader, values of tens
// of megabytes, the leader's end, several groups over one transport, restarts.
#include "state/store/store.h"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <mutex>

#include "state/store/backup_file_posix.h"
#include "state/store/offline.h"
#include "tests/state/store/kv_testing.h"
#include "tests/support/log_host.h"

namespace meseta::store {
namespace {

using runtime::Ask;
using runtime::Reply;
using test::Eventually;
using test::LogHost;

constexpr Duration kLimit = Duration::Seconds(60);

struct Member {
  std::unique_ptr<LogHost> host = std::make_unique<LogHost>();
  std::string directory;
  std::unique_ptr<Store> store;
};

class StoreTest : public ::testing::Test {
 protected:
  StoreTest() {
    char pattern[] = "/tmp/meseta-store-XXXXXX";
    directory_ = ::mkdtemp(pattern);
  }
  ~StoreTest() override {
    for (Member& member : members_) Kill(&member);
    members_.clear();
    std::filesystem::remove_all(directory_);
  }
  void StartMembers(int count) {
    members_.resize(static_cast<size_t>(count));
    for (Member& member : members_) {
      member.directory = directory_ + "/" + std::to_string(&member - members_.data());
    }
    for (Member& member : members_) Start(&member);
  }
  std::unique_ptr<Store> OpenStore(Member* member, const std::string& group) {
    log::ReplicaOptions options;
    options.group = group;
    options.directory = member->directory + "/" + group;
    options.address = member->host->address();
    for (Member& each : members_) options.peers.push_back(each.host->address());
    options.snapshot_every_bytes = snapshot_every_;
    options.keep_entries = 10;
    auto opened = Store::Open(std::move(options), member->host->system(),
                              member->host->transport(), member->host->metrics());
    EXPECT_TRUE(opened.ok()) << opened.status();
    return opened.ok() ? *std::move(opened) : nullptr;
  }
  void Start(Member* member) { member->store = OpenStore(member, "registry"); }
  void Kill(Member* member) {
    member->store.reset();
    if (member->host) member->host->Stop();
  }
  Member* Leader() {
    Member* leader = nullptr;
    Eventually([&] {
      for (Member& member : members_) {
        if (member.store && member.store->replica().leads_until() > Time()) leader = &member;
      }
      return leader != nullptr;
    });
    return leader;
  }
  static Result<Version> WriteTo(Store* store, const Batch& batch) {
    return Ask<Version>(kLimit, [&](Reply<Version> reply) {
      store->Write(batch, {}, std::move(reply));
    });
  }
  // Tries again until it is known to have happened. Puts are idempotent.
  Version Write(const Batch& batch) {
    Version version = 0;
    EXPECT_TRUE(Eventually([&] {
      Member* leader = Leader();
      if (leader == nullptr) return false;
      const Result<Version> written = WriteTo(leader->store.get(), batch);
      if (written.ok()) version = *written;
      return written.ok();
    }));
    return version;
  }
  SnapshotPtr Read() {
    SnapshotPtr seen;
    EXPECT_TRUE(Eventually([&] {
      Member* leader = Leader();
      if (leader == nullptr) return false;
      const auto snapshot = Ask<SnapshotPtr>(kLimit, [&](Reply<SnapshotPtr> reply) {
        leader->store->Read(std::move(reply));
      });
      if (snapshot.ok()) seen = *snapshot;
      return snapshot.ok();
    }));
    return seen;
  }

  size_t snapshot_every_ = 64 << 20;
  std::string directory_;
  std::vector<Member> members_;
};

TEST_F(StoreTest, OneAloneWritesReadsAndComesBack) {
  StartMembers(1);
  const Version first = Write(PutBatch("a", "1"));
  Batch swap = PutBatch("a", "2");
  swap.conditions = {{"a", first}};
  const Version second = Write(swap);
  EXPECT_GT(second, first);
  EXPECT_EQ(WriteTo(members_[0].store.get(), swap).status().code(),
            StatusCode::kFailedPrecondition);
  EXPECT_EQ(members_[0].store->Local()->Get("a")->version, second);
  Kill(&members_[0]);
  members_[0].host->Restart();
  Start(&members_[0]);
  const SnapshotPtr snapshot = Read();
  ASSERT_TRUE(snapshot != nullptr);
  EXPECT_EQ(snapshot->Get("a")->value, "2");
  EXPECT_EQ(snapshot->Get("a")->version, second);
}

TEST_F(StoreTest, ALargeValueAndSmallWritesOutliveTheLeader) {
  StartMembers(3);
  std::string large(40 << 20, '\0');
  for (size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>(i * 2654435761U >> 24);
  for (int i = 0; i < 50; ++i) Write(PutBatch("k" + std::to_string(i), std::to_string(i)));
  Write(PutBatch("large", large));
  Member* leader = Leader();
  ASSERT_NE(leader, nullptr);
  Kill(leader);
  const SnapshotPtr snapshot = Read();
  ASSERT_TRUE(snapshot != nullptr);
  EXPECT_EQ(snapshot->keys(), 51U);
  ASSERT_TRUE(snapshot->Get("large").has_value());
  EXPECT_TRUE(snapshot->Get("large")->value == large);
  Write(PutBatch("after", "x"));
  leader->host->Restart();
  Start(leader);
  EXPECT_TRUE(Eventually([&] {
    return leader->store->Local()->Get("after").has_value();
  }));
  EXPECT_TRUE(leader->store->Local()->Get("large")->value == large);
}

TEST_F(StoreTest, ConcurrentWritersLoseNothingWhenLeadersEnd) {
  snapshot_every_ = 100'000;  // Also installs snapshots at those that come back.
  StartMembers(3);
  // What was acknowledged, by key; each key has one writer.
  std::map<std::string, std::string> acknowledged;
  std::mutex mutex;
  for (int round = 0; round < 3; ++round) {
    Member* leader = Leader();
    ASSERT_NE(leader, nullptr);
    std::atomic<int> unanswered{0};
    std::atomic<int> ok{0};
    for (int i = 0; i < 2000; ++i) {
      if (i == 1000) Eventually([&] { return ok.load() > 100; });
      const std::string key = "w" + std::to_string(i % 500);
      const std::string value = std::to_string(round) + "/" + std::to_string(i) + std::string(100, '.');
      ++unanswered;
      // Older acknowledgements of a key come first, as writes keep their order.
      leader->store->Write(PutBatch(key, value), {}, Reply<Version>([&, key, value](const Result<Version>& v) {
                             if (v.ok()) {
                               ++ok;
                               const std::lock_guard lock(mutex);
                               acknowledged[key] = value;
                             }
                             --unanswered;
                           }));
    }
    leader->store.reset();  // In the middle of it.
    ASSERT_TRUE(Eventually([&] { return unanswered.load() == 0; }));
    EXPECT_GT(ok.load(), 0);
    leader->host->Stop();
    const SnapshotPtr snapshot = Read();
    ASSERT_TRUE(snapshot != nullptr);
    for (const auto& [key, value] : acknowledged) {
      const auto item = snapshot->Get(key);
      ASSERT_TRUE(item.has_value()) << key;
      // That one, or a later one whose answer was lost.
      const auto order = [](std::string_view v) {
        return std::make_pair(std::stoi(std::string(v)),
                              std::stoi(std::string(v.substr(v.find('/') + 1))));
      };
      EXPECT_GE(order(item->value), order(value)) << key;
    }
    leader->host->Restart();
    Start(leader);
    const Version seen = snapshot->version();
    EXPECT_TRUE(Eventually([&] { return leader->store->Local()->version() >= seen; }));
  }
}

TEST_F(StoreTest, AWatchOnAFollowerTellsOfAllChangesInOrder) {
  StartMembers(3);
  Write(PutBatch("x", "0"));
  Member* leader = Leader();
  ASSERT_NE(leader, nullptr);
  Member* follower = leader == &members_[0] ? &members_[1] : &members_[0];
  std::mutex mutex;
  std::vector<std::string> values;
  Version last = 0;
  const Version after = follower->store->Local()->version();
  follower->store->Watch("x", after, [&](const WatchEvent& event) {
    const std::lock_guard lock(mutex);
    EXPECT_GT(event.version, last);
    last = event.version;
    for (const Change& change : event.changes) values.push_back(change.value.value_or("-"));
  });
  for (int i = 1; i <= 100; ++i) Write(PutBatch("x", std::to_string(i)));
  EXPECT_TRUE(Eventually([&] {
    const std::lock_guard lock(mutex);
    return !values.empty() && values.back() == "100";
  }));
  const std::lock_guard lock(mutex);
  // The follower may have been behind when the watch began.
  ASSERT_GE(values.size(), 100U);
  for (size_t i = 0; i < 100; ++i) {
    EXPECT_EQ(values[values.size() - 100 + i], std::to_string(i + 1));
  }
}

TEST_F(StoreTest, GroupsShareATransportAndNothingElse) {
  StartMembers(1);
  Member* member = &members_[0];
  auto services = OpenStore(member, "services");
  ASSERT_TRUE(services != nullptr);
  Write(PutBatch("a", "registry"));
  ASSERT_TRUE(Eventually([&] { return services->replica().leads_until() > Time(); }));
  ASSERT_TRUE(WriteTo(services.get(), PutBatch("a", "services")).ok());
  EXPECT_EQ(member->store->Local()->Get("a")->value, "registry");
  EXPECT_EQ(services->Local()->Get("a")->value, "services");
  services.reset();
  EXPECT_TRUE(WriteTo(member->store.get(), PutBatch("b", "1")).ok());
}

TEST_F(StoreTest, GroupsOfThreeShareLinks) {
  StartMembers(3);
  std::vector<std::unique_ptr<Store>> services;
  for (Member& member : members_) services.push_back(OpenStore(&member, "services"));
  Write(PutBatch("a", "registry"));
  EXPECT_TRUE(Eventually([&] {
    for (auto& store : services) {
      if (WriteTo(store.get(), PutBatch("a", "services")).ok()) return true;
    }
    return false;
  }));
  EXPECT_TRUE(Eventually([&] {
    for (size_t i = 0; i < services.size(); ++i) {
      const auto theirs = services[i]->Local()->Get("a");
      const auto ours = members_[i].store->Local()->Get("a");
      if (!theirs || !ours || theirs->value != "services" || ours->value != "registry") return false;
    }
    return true;
  }));
}

TEST_F(StoreTest, ABackupOfARunningStoreBecomesANewCluster) {
  StartMembers(1);
  for (int i = 0; i < 20; ++i) Write(PutBatch("k" + std::to_string(i), std::string(100'000, 'v')));
  internal::StoreBackupHeader header;
  header.set_cluster_id(members_[0].store->replica().status()->cluster_id);
  header.set_group("registry");
  header.set_term(5);
  BackupSource source(members_[0].store->Local(), header);
  Write(PutBatch("later", "x"));
  const std::string path = directory_ + "/backup";
  auto file = BackupFile::Create(path);
  ASSERT_TRUE(file.ok()) << file.status();
  std::string bytes;
  while (source.Next(&bytes)) ASSERT_TRUE(file->Append(bytes).ok());
  ASSERT_TRUE(file->Commit().ok());
  Kill(&members_[0]);
  std::filesystem::remove_all(members_[0].directory);

  members_[0].host->Restart();
  RestoreOptions options;
  options.directory = members_[0].directory + "/registry";
  options.address = "127.0.0.1:1";  // Another than this daemon's.
  options.member_id = 9;
  ASSERT_TRUE(RestoreBackup(path, options).ok());
  Start(&members_[0]);
  const SnapshotPtr snapshot = Read();
  ASSERT_TRUE(snapshot != nullptr);
  EXPECT_EQ(snapshot->keys(), 20U);
  EXPECT_GT(members_[0].store->replica().status()->raft.term, 5 + kRestoreTermJump);
  Write(PutBatch("new", "x"));
  EXPECT_TRUE(Eventually([&] {
    const auto status = members_[0].store->replica().status();
    const auto& members = status->raft.configuration.members();
    return members.size() == 1 && members[0].address() == members_[0].host->address();
  }));
}

TEST_F(StoreTest, TermsOfWritesAreKept) {
  StartMembers(1);
  Write(PutBatch("a", "1"));
  Store& store = *members_[0].store;
  EXPECT_TRUE(Eventually([&] { return store.replica().status()->raft.term > 0; }));
  const log::Term term = store.replica().status()->raft.term;
  const auto in_term = [&](log::Term asked) {
    return Ask<Version>(kLimit, [&](Reply<Version> reply) {
             store.Write(PutBatch("a", "2"), {asked}, std::move(reply));
           }).status().code();
  };
  EXPECT_EQ(in_term(term), StatusCode::kOk);
  EXPECT_EQ(in_term(term + 1), StatusCode::kUnavailable);
}

}  // namespace
}  // namespace meseta::store
