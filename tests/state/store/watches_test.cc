// Watches: order, exactly once, prefixes, history for those who come back, resets.
#include "state/store/watches.h"

#include <gtest/gtest.h>

#include "tests/state/store/kv_testing.h"

namespace meseta::store {
namespace {

// A state whose changes go to watches.
class WatchesTest : public testing::Test {
 protected:
  explicit WatchesTest() : watches_(Watches::Limits{10, 1000}) {}

  void Do(const Batch& batch) {
    ++index_;
    KvRecord record;
    record.version = index_;
    record.changes = state_.Apply(index_, 1, CommandOf({batch})).changes;
    state_.Advance(index_);
    watches_.Append(std::move(record));
  }
  void Put(const std::string& key, const std::string& value) { Do(PutBatch(key, value)); }
  void Delete(const std::string& key) {
    Batch batch;
    batch.changes.push_back(Change{key, std::nullopt});
    Do(batch);
  }

  void Watch(WatchId id, const std::string& prefix, Version after) {
    watches_.Add(
        id, prefix, after, [this, id](const WatchEvent& event) { Note(id, event); }, state_.View());
  }
  void Note(WatchId id, const WatchEvent& event) {
    told_ += std::to_string(id) + "@" + std::to_string(event.version) + ":";
    if (event.reset) told_ += "reset(" + std::to_string(event.reset->keys()) + ")";
    for (const Change& change : event.changes) {
      told_ += change.key + (change.value ? "=" + *change.value : "-") + ",";
    }
    told_ += " ";
  }
  std::string Told() { return std::exchange(told_, ""); }

  Watches watches_;
  KvState state_;
  Version index_ = 0;
  std::string told_;
};

TEST_F(WatchesTest, TellsOfItsPrefixInOrderOnce) {
  Watch(1, "a/", 0);
  Watch(2, "", 0);
  Watch(3, "a/x", 0);
  Put("a/1", "v");
  Put("b", "w");
  Delete("a/1");
  Delete("a/1");  // Is absent: no event.
  EXPECT_EQ(Told(), "1@1:a/1=v, 2@1:a/1=v, 2@2:b=w, 1@3:a/1-, 2@3:a/1-, ");
  watches_.Remove(2);
  watches_.Remove(2);
  Batch batch = PutBatch("a/xy", "1");
  batch.changes.push_back(Change{"a/z", "2"});
  batch.changes.push_back(Change{"c", "3"});
  Do(batch);
  EXPECT_EQ(Told(), "1@5:a/xy=1,a/z=2, 3@5:a/xy=1, ");
  EXPECT_EQ(watches_.size(), 2U);
}

TEST_F(WatchesTest, HistoryServesThoseWhoComeBack) {
  for (int i = 1; i <= 5; ++i) Put("k", std::to_string(i));
  Watch(1, "k", 3);
  EXPECT_EQ(Told(), "1@4:k=4, 1@5:k=5, ");
  Watch(2, "k", 5);
  Watch(3, "k", 7);  // From a snapshot that is ahead of the watches.
  EXPECT_EQ(Told(), "");
  Put("k", "6");
  EXPECT_EQ(Told(), "1@6:k=6, 2@6:k=6, ");
  Put("k", "7");
  Put("k", "8");
  EXPECT_EQ(Told(), "1@7:k=7, 2@7:k=7, 1@8:k=8, 2@8:k=8, 3@8:k=8, ");
}

TEST_F(WatchesTest, BeyondTheHistoryIsAReset) {
  for (int i = 1; i <= 15; ++i) Put("k" + std::to_string(i), "v");
  EXPECT_EQ(watches_.floor(), 5U);
  Watch(1, "k1", 4);
  EXPECT_EQ(Told(), "1@15:reset(15) ");
  Watch(2, "k1", 5);
  EXPECT_EQ(Told(), "2@10:k10=v, 2@11:k11=v, 2@12:k12=v, 2@13:k13=v, 2@14:k14=v, 2@15:k15=v, ");
  Put("k16", "v");
  EXPECT_EQ(Told(), "1@16:k16=v, 2@16:k16=v, ");
}

TEST_F(WatchesTest, TheHistoryIsBoundedInBytes) {
  Put("a", std::string(600, 'x'));
  Put("b", std::string(600, 'x'));
  EXPECT_EQ(watches_.floor(), 1U);
  Put("c", std::string(2000, 'x'));
  EXPECT_EQ(watches_.floor(), 3U);
  Put("d", "x");
  Watch(1, "", 3);
  EXPECT_EQ(Told(), "1@4:d=x, ");
}

TEST_F(WatchesTest, ASnapshotResetsThoseBehindIt) {
  Put("a", "1");
  Watch(1, "", 0);
  EXPECT_EQ(Told(), "1@1:a=1, ");
  Watch(2, "", 50);
  state_.Advance(40);
  index_ = 40;
  watches_.Reset(state_.View());
  EXPECT_EQ(Told(), "1@40:reset(1) ");
  Put("a", "2");
  EXPECT_EQ(Told(), "1@41:a=2, ");
  Watch(3, "", 39);
  EXPECT_EQ(Told(), "3@41:reset(1) ");
}

}  // namespace
}  // namespace meseta::store
