// Goal: whatever a crash, a failing or a rotting disk leaves, a replica finds either all it was told
// is durable (and perhaps first parts of what it was not told), or that its disk is damaged. Method:
// writes drawn from seeds against a model.
#include "tests/support/log/faulty_storage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/log/log_model.h"
#include "tests/support/log/log_writes.h"

namespace meseta::log {
namespace {

using ::testing::HasSubstr;

constexpr uint64_t kSeeds = 1000;

// One replica on one disk: knows what it may find.
class Replica {
 public:
  explicit Replica(uint64_t seed)
      : rng_(seed), disk(std::make_shared<FaultyDisk>(Rng(seed + 1'000'000))) {}

  // Opens and compares. False: the disk says that it is damaged.
  bool Restart() {
    storage.reset();
    auto opened = FaultyStorage::Open(disk);
    EXPECT_TRUE(opened.ok()) << opened.status();
    storage = std::move(*opened);
    const auto loaded = storage->Load();
    if (storage->crashed()) return Restart();
    if (!loaded.ok()) {
      EXPECT_EQ(loaded.status().code(), StatusCode::kDataLoss) << loaded.status();
      return false;
    }
    for (const LogModel& model : possible_) {
      if (!model.Difference(*loaded, storage.get()).empty()) continue;
      possible_ = {model};
      return true;
    }
    if (storage->crashed()) return Restart();  // While pieces were read.
    ADD_FAILURE() << "None of " << possible_.size() << " possible states, but for one it differs by "
                  << possible_.front().Difference(*loaded, storage.get());
    return false;
  }

  // Writes a group of up to three. False: it failed, and any first part of it may be there.
  bool WriteSome() {
    std::vector<LogWrite> group;
    std::vector<LogModel> states = {possible_.front()};
    for (uint64_t count = rng_.Below(3) + 1; count > 0; --count) {
      group.push_back(states.back().Draw(&rng_));
      states.push_back(states.back());
      states.back().Apply(group.back());
    }
    if (storage->Write(group).ok()) {
      possible_ = {states.back()};
      return true;
    }
    possible_ = states;
    return false;
  }

 private:
  Rng rng_;
  std::vector<LogModel> possible_ = {LogModel()};

 public:
  std::shared_ptr<FaultyDisk> disk;
  std::unique_ptr<FaultyStorage> storage;
};

TEST(FaultyStorageTest, CrashAtEveryCall) {
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Replica replica(seed);
    Rng rng(seed + 2'000'000);
    for (int life = 0; life < 4; ++life) {
      replica.disk->crash_at_call = replica.disk->calls() + 1 + rng.Below(20);
      ASSERT_TRUE(replica.Restart());
      if (replica.disk->calls() >= replica.disk->crash_at_call) continue;  // Crashed in starting.
      while (replica.WriteSome()) {
      }
      ASSERT_TRUE(replica.storage->crashed());
      ASSERT_EQ(replica.storage->Write({WriteHardState(1, 1)}).code(), StatusCode::kUnavailable);
    }
    ASSERT_TRUE(replica.Restart());
  }
}

TEST(FaultyStorageTest, FailedWritesStickUntilOpenedAnew) {
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Replica replica(seed);
    ASSERT_TRUE(replica.Restart());
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(replica.WriteSome());
    const bool full = seed % 2 == 0;
    replica.disk->FailWrites(full ? WriteFault::kFull : WriteFault::kIoError, seed % 3 == 0);
    ASSERT_FALSE(replica.WriteSome());
    const Status again = replica.storage->Write({WriteHardState(1, 1)});
    EXPECT_EQ(again.code(), StatusCode::kUnavailable);
    EXPECT_THAT(again.message(), HasSubstr(full ? "free space" : "reports errors"));
    ASSERT_TRUE(replica.Restart());
    if (seed % 3 == 0) {
      ASSERT_FALSE(replica.WriteSome());
      ASSERT_TRUE(replica.Restart());
    }
    replica.disk->FailWrites(WriteFault::kNone, false);
    ASSERT_TRUE(replica.WriteSome());
    ASSERT_TRUE(replica.Restart());
  }
}

TEST(FaultyStorageTest, RotIsFound) {
  int found = 0;
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Replica replica(seed);
    ASSERT_TRUE(replica.Restart());
    for (uint64_t i = 0; i < seed % 100; ++i) ASSERT_TRUE(replica.WriteSome());
    if (seed % 2 == 0) replica.storage->Crash({});
    if (!replica.disk->Corrupt()) continue;
    // A bit of a record that did not count any more, or was replaced, may flip without harm.
    found += replica.Restart() ? 0 : 1;
  }
  EXPECT_GT(found, static_cast<int>(kSeeds) * 3 / 4);
}

TEST(FaultyStorageTest, LostAcknowledgedWritesAreFound) {
  Replica replica(1);
  ASSERT_TRUE(replica.Restart());
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(replica.WriteSome());
  ASSERT_TRUE(replica.disk->LoseReported());
  ASSERT_TRUE(replica.disk->LoseReported());
  auto storage = FaultyStorage::Open(replica.disk);
  EXPECT_EQ(storage.status().code(), StatusCode::kUnavailable);  // Still in use.
  replica.storage.reset();
  storage = FaultyStorage::Open(replica.disk);
  const auto loaded = (*storage)->Load();
  EXPECT_EQ(loaded.status().code(), StatusCode::kDataLoss);
  EXPECT_THAT(loaded.status().message(), HasSubstr("lost acknowledged writes 9..10"));
  // For good, and an empty disk is a new one.
  EXPECT_EQ((*storage)->Write({WriteHardState(1, 1)}).code(), StatusCode::kDataLoss);
  storage->reset();
  replica.disk->Wipe();
  storage = FaultyStorage::Open(replica.disk);
  EXPECT_EQ((*storage)->Load()->sequence, 0u);
}

}  // namespace
}  // namespace meseta::log
