// The registry out of a store's snapshot, kept up with by a standby, and the write that opens a term.
#include "master/leadership/registry_loader.h"

#include <gtest/gtest.h>

#include <map>

#include "master/leadership/registry_follower.h"

namespace meseta::master {
namespace {

class Records : public store::Snapshot {
 public:
  void Apply(const store::Batch& batch) {
    for (const store::Change& change : batch.changes) items_[change.key] = *change.value;
  }
  store::Version version() const override { return 1; }
  std::optional<store::Item> Get(std::string_view key) const override {
    const auto it = items_.find(key);
    if (it == items_.end()) return std::nullopt;
    return store::Item{it->first, it->second, 1};
  }
  void Scan(std::string_view, std::string_view,
            const std::function<bool(const store::Item&)>& visit) const override {
    for (const auto& [key, value] : items_) {
      if (!visit(store::Item{key, value, 1})) return;
    }
  }
  size_t keys() const override { return items_.size(); }
  size_t bytes() const override { return 0; }

  std::map<std::string, std::string, std::less<>> items_;
};

store::Batch Admit(const registry::RegistryState& state, const std::string& id) {
  registry::AdmitAgent op;
  op.info.mutable_id()->set_value(id);
  op.info.set_hostname("host");
  return ToStoreBatch(*registry::Evaluate(state, op));
}

TEST(RegistryLoaderTest, TermsOpenOneAfterTheOther) {
  Records records;
  for (const uint64_t term : {2, 5, 5, 9}) {  // 5 twice: a term that had to start over.
    const auto batch = OpenTerm(records, term, "c1");
    ASSERT_TRUE(batch.ok()) << batch.status();
    ASSERT_EQ(batch->changes.size(), 1u);  // Also then: the write is the barrier.
    records.Apply(*batch);
    const auto state = LoadRegistry(records);
    ASSERT_TRUE(state.ok()) << state.status();
    EXPECT_EQ(state->header.term(), term);
    EXPECT_EQ(state->header.cluster_id(), "c1");
    if (term == 2) records.Apply(Admit(*state, "a1"));
  }
  EXPECT_EQ(LoadRegistry(records)->admitted.size(), 1u);
  EXPECT_FALSE(OpenTerm(records, 8, "c1").ok());
  EXPECT_FALSE(OpenTerm(records, 10, "c2").ok());
}

TEST(RegistryLoaderTest, DamageIsDataLoss) {
  Records records;
  records.Apply(*OpenTerm(records, 1, "c1"));
  records.Apply(Admit(*LoadRegistry(records), "a1"));
  Records headless = records;
  headless.items_.erase("header");
  EXPECT_EQ(OpenTerm(headless, 2, "c1").status().code(), StatusCode::kDataLoss);
  records.items_["agent/a1"] = "\xff\xff";
  EXPECT_EQ(LoadRegistry(records).status().code(), StatusCode::kDataLoss);
}

TEST(RegistryFollowerTest, KeepsUpWithTheStoreAndIsGivenAway) {
  Records records;
  RegistryFollower follower;
  EXPECT_FALSE(follower.version());
  follower.Restart(records);
  store::WatchEvent event;
  event.version = 7;
  event.changes = OpenTerm(records, 2, "c1")->changes;
  follower.Apply(event);
  event.version = 8;
  event.changes = Admit({}, "a1").changes;
  follower.Apply(event);
  event.version = 9;
  event.changes = Admit({}, "a2").changes;
  event.changes.push_back({"agent/a1", std::nullopt});
  follower.Apply(event);
  ASSERT_EQ(follower.version(), 9u);
  const registry::RegistryState state = follower.Take();
  EXPECT_EQ(state.header.term(), 2u);
  ASSERT_EQ(state.admitted.size(), 1u);
  EXPECT_EQ(state.admitted.begin()->first.value(), "a2");
  EXPECT_FALSE(follower.version());
}

TEST(RegistryFollowerTest, DamageMakesItUselessUntilAReset) {
  Records records;
  RegistryFollower follower;
  follower.Restart(records);
  store::WatchEvent event;
  event.version = 7;
  event.changes.push_back({"agent/a1", "\xff\xff"});
  follower.Apply(event);
  EXPECT_FALSE(follower.version());
  event.version = 8;
  event.changes.clear();
  follower.Apply(event);
  EXPECT_FALSE(follower.version());
  store::WatchEvent reset;
  auto good = std::make_shared<Records>();
  good->Apply(*OpenTerm(*good, 2, "c1"));
  reset.reset = good;
  follower.Apply(reset);
  EXPECT_EQ(follower.version(), 1u);
}

}  // namespace
}  // namespace meseta::master
