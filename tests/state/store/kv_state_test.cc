// The store's state machine against std::map under random batches with conditions, and the rules that
// commands keep: atomicity, versions, uploads and their bounds, golden bytes of commands.
#include "state/store/kv_state.h"

#include <gtest/gtest.h>

#include "actors/base/rng.h"
#include "state/store/batch_wire.h"
#include "tests/state/store/kv_testing.h"

namespace meseta::store {
namespace {

std::string Hex(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) {
    static constexpr char kDigits[] = "0123456789abcdef";
    out += kDigits[static_cast<unsigned char>(c) >> 4];
    out += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return out;
}

Batch RandomBatch(Rng* rng, uint64_t keys, const Contents& model) {
  const auto key = [&] { return "k" + std::to_string(rng->Below(keys)); };
  Batch batch;
  for (uint64_t i = rng->Below(3); i > 0; --i) {
    Condition condition;
    condition.key = key();
    const auto found = model.find(condition.key);
    condition.version = found == model.end() ? 0 : found->second.second;
    if (rng->Below(4) == 0) ++condition.version;  // Does not hold.
    batch.conditions.push_back(condition);
  }
  for (uint64_t i = 1 + rng->Below(5); i > 0; --i) {
    Change change;
    change.key = key();
    if (rng->Below(3) != 0) change.value = std::string(rng->Below(50), 'v') + std::to_string(i);
    batch.changes.push_back(change);
  }
  return batch;
}

// The same by a plain map. False: a condition did not hold.
bool ApplyToModel(const Batch& batch, Version version, Contents* model) {
  for (const Condition& condition : batch.conditions) {
    const auto found = model->find(condition.key);
    const Version actual = found == model->end() ? 0 : found->second.second;
    if (actual != condition.version) return false;
  }
  for (const Change& change : batch.changes) {
    if (change.value) {
      (*model)[change.key] = {*change.value, version};
    } else {
      model->erase(change.key);
    }
  }
  return true;
}

size_t BytesOf(const Contents& model) {
  size_t bytes = 0;
  for (const auto& [key, value] : model) bytes += key.size() + value.first.size();
  return bytes;
}

TEST(KvStateTest, EqualsAnOrderedMapUnderRandomBatches) {
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    Rng rng(seed);
    KvState state;
    Contents model;
    std::vector<std::pair<SnapshotPtr, Contents>> views;
    const uint64_t keys = 1 + rng.Below(500);
    for (log::Index index = 1; index <= 300; ++index) {
      const Batch batch = RandomBatch(&rng, keys, model);
      const Contents before = model;
      const bool held = ApplyToModel(batch, index, &model);
      KvState::Outcome outcome = state.Apply(index, 1, CommandOf({batch}));
      state.Advance(index);
      ASSERT_EQ(outcome.Parsed().results_size(), 1);
      const Result<Version> answer = Answer(outcome.Parsed().results(0));
      ASSERT_EQ(answer.ok(), held) << "seed " << seed << " index " << index;
      Contents changed = before;  // What the changes told to watchers make of it.
      for (const KvChange& change : outcome.changes) {
        if (change.deleted) {
          EXPECT_EQ(changed.erase(change.item->key), 1U);
        } else {
          changed[change.item->key] = {change.item->value, change.item->version};
        }
      }
      ASSERT_EQ(changed, model);
      if (rng.Below(20) == 0) views.emplace_back(state.View(), model);
    }
    views.emplace_back(state.View(), model);
    for (const auto& [view, expected] : views) {
      EXPECT_EQ(ContentsOf(*view), expected) << "seed " << seed;
      EXPECT_EQ(view->keys(), expected.size());
      EXPECT_EQ(view->bytes(), BytesOf(expected));
    }
  }
}

TEST(KvStateTest, ScansByPrefixAndFromAKey) {
  KvState state;
  Batch batch;
  for (const char* key : {"a", "b/1", "b/2", "b/3", "b0", "c"}) {
    batch.changes.push_back(Change{key, "v"});
  }
  (void)state.Apply(1, 1, CommandOf({batch}));
  const auto scan = [view = state.View()](std::string_view prefix, std::string_view from) {
    std::string keys;
    view->Scan(prefix, from, [&](const Item& item) {
      keys += std::string(item.key) + " ";
      return item.key != "b/3";
    });
    return keys;
  };
  EXPECT_EQ(scan("b/", ""), "b/1 b/2 b/3 ");
  EXPECT_EQ(scan("b/", "b/2"), "b/2 b/3 ");
  EXPECT_EQ(scan("b/", "b/2x"), "b/3 ");
  EXPECT_EQ(scan("b/", "c"), "");
  EXPECT_EQ(scan("", "b/3"), "b/3 ");
  EXPECT_EQ(scan("", "b0"), "b0 c ");
  EXPECT_FALSE(state.View()->Get("b").has_value());
  EXPECT_EQ(state.View()->Get("b0")->value, "v");
}

TEST(KvStateTest, AFailedConditionNamesTheKeyAndChangesNothing) {
  KvState state;
  (void)state.Apply(7, 1, CommandOf({PutBatch("a", "1")}));
  Batch batch = PutBatch("b", "2");
  batch.conditions = {{"a", 7}, {"b", 3}};
  const auto outcome = state.Apply(8, 1, CommandOf({batch}));
  EXPECT_EQ(Answer(outcome.Parsed().results(0)).status(),
            FailedPrecondition("The key 'b' is absent, not at version 3 as the batch requires; "
                               "nothing was changed"));
  EXPECT_TRUE(outcome.changes.empty());
  EXPECT_EQ(state.View()->keys(), 1U);
}

TEST(KvStateTest, BatchesOfOneCommandHaveTheirOwnResultsAndOneVersion) {
  KvState state;
  Batch refused = PutBatch("b", "1");
  refused.conditions = {{"a", 0}};  // The first batch made it.
  const auto outcome = state.Apply(
      5, 1, CommandOf({PutBatch("a", "1"), refused, PutBatch("c", "1"), PutBatch("a", "2")}));
  ASSERT_EQ(outcome.Parsed().results_size(), 4);
  EXPECT_EQ(outcome.Parsed().results(0).version(), 5U);
  EXPECT_EQ(outcome.Parsed().results(1).failed().key(), "a");
  EXPECT_EQ(outcome.Parsed().results(2).version(), 5U);
  // A version names one value: the second change of 'a' at 5 is refused.
  EXPECT_EQ(outcome.Parsed().results(3).problem(), internal::STORE_BAD_COMMAND);
  EXPECT_EQ(state.View()->Get("a")->value, "1");
}

TEST(KvStateTest, NonsenseIsAnsweredAndChangesNothing) {
  KvState state;
  (void)state.Apply(1, 1, CommandOf({PutBatch("a", "1")}));
  internal::StoreCommand no_key;
  no_key.add_batches()->add_changes()->set_value("x");
  internal::StoreCommand both;
  both.add_batches()->add_changes()->set_key("a");
  both.mutable_batches(0)->mutable_changes(0)->set_value("x");
  both.mutable_batches(0)->mutable_changes(0)->set_deleted(true);
  internal::StoreCommand neither;
  neither.add_batches()->add_changes()->set_key("a");
  for (const std::string& command :
       {std::string("\xff\xff garbage"), no_key.SerializeAsString(), both.SerializeAsString(),
        neither.SerializeAsString()}) {
    const auto outcome = state.Apply(2, 1, command);
    ASSERT_EQ(outcome.Parsed().results_size(), 1);
    EXPECT_EQ(outcome.Parsed().results(0).problem(), internal::STORE_BAD_COMMAND);
    EXPECT_TRUE(outcome.changes.empty());
  }
  EXPECT_EQ(state.View()->Get("a")->value, "1");
}

// --- Uploads -----------------------------------------------------------------------------------

internal::StoreResult One(const KvState::Outcome& outcome) {
  EXPECT_EQ(outcome.Parsed().results_size(), 1);
  return outcome.Parsed().results(0);
}

TEST(KvStateTest, AnUploadedBatchAppearsAtOnce) {
  KvState state;
  const std::string value(3 * kChunk, 'x');
  const std::string bytes = EncodeBatch(PutBatch("big", value))->bytes;
  uint32_t number = 0;
  for (size_t at = 0; at < bytes.size(); at += kChunk) {
    const auto outcome =
        state.Apply(2 + number, 1, PieceCommand(9, number, bytes.substr(at, kChunk)));
    EXPECT_TRUE(Answer(One(outcome)).ok());
    EXPECT_EQ(state.View()->keys(), 0U);
    ++number;
  }
  EXPECT_EQ(state.staged_bytes(), bytes.size());
  EXPECT_EQ(One(state.Apply(10, 1, UploadedBatchCommand(9))).version(), 10U);
  EXPECT_EQ(state.View()->Get("big")->value, value);
  EXPECT_EQ(state.staged_bytes(), 0U);
  EXPECT_EQ(One(state.Apply(11, 1, UploadedBatchCommand(9))).problem(),
            internal::STORE_UPLOAD_LOST);
}

TEST(KvStateTest, UploadsOfAnEarlierTermAreDropped) {
  KvState state;
  (void)state.Apply(2, 1, PieceCommand(9, 0, "abc"));
  EXPECT_EQ(state.staged_bytes(), 3U);
  (void)state.Apply(3, 2, CommandOf({PutBatch("a", "1")}));
  EXPECT_EQ(state.staged_bytes(), 0U);
  EXPECT_EQ(One(state.Apply(4, 2, PieceCommand(9, 1, "def"))).problem(),
            internal::STORE_UPLOAD_LOST);
}

TEST(KvStateTest, PiecesComeInOrderAndCanBeGivenUp) {
  KvState state;
  (void)state.Apply(2, 1, PieceCommand(9, 0, "abc"));
  EXPECT_EQ(One(state.Apply(3, 1, PieceCommand(9, 2, "x"))).problem(),
            internal::STORE_BAD_COMMAND);
  EXPECT_EQ(One(state.Apply(3, 1, PieceCommand(9, 1, ""))).problem(), internal::STORE_BAD_COMMAND);
  (void)state.Apply(4, 1, DropCommand(9));
  EXPECT_EQ(state.staged_bytes(), 0U);
}

TEST(KvStateTest, TheNumberOfUploadsIsBounded) {
  KvState state;
  for (uint64_t id = 1; id <= KvState::kMaxUploads; ++id) {
    ASSERT_TRUE(Answer(One(state.Apply(id, 1, PieceCommand(id, 0, "x")))).ok());
  }
  const Status refused = Answer(One(state.Apply(5000, 1, PieceCommand(99'999, 0, "x")))).status();
  EXPECT_EQ(refused.code(), StatusCode::kResourceExhausted);
  EXPECT_TRUE(Answer(One(state.Apply(5001, 1, PieceCommand(1, 1, "y")))).ok());
}

// --- Bytes -------------------------------------------------------------------------------------

TEST(KvStateTest, CommandsKeepTheirBytes) {
  Batch batch = PutBatch("key", "value");
  batch.conditions = {{"key", 300}};
  batch.changes.push_back(Change{"gone", std::nullopt});
  EXPECT_EQ(Hex(CommandOf({batch})),
            "0a220a080a036b657910ac02120c0a036b6579120576616c756512080a04676f6e651801");
  EXPECT_EQ(Hex(PieceCommand(1, 2, "ab")), "120f090100000000000000" "1002" "1a026162");
  EXPECT_EQ(Hex(UploadedBatchCommand(1)), "190100000000000000");
  EXPECT_EQ(Hex(DropCommand(1)), "210100000000000000");
  KvState state;
  EXPECT_EQ(Hex(state.Apply(3, 1, CommandOf({batch})).results),
            "0a0c12080a036b657910ac021800");
}

TEST(BatchWireTest, IsWhatProtobufMakesOfIt) {
  Rng rng(3);
  for (int round = 0; round < 2000; ++round) {
    Batch batch;
    internal::StoreBatch message;
    for (uint64_t i = rng.Below(4); i > 0; --i) {
      const Condition condition{std::string(rng.Below(300), 'k'), rng.Next() >> rng.Below(64)};
      batch.conditions.push_back(condition);
      message.add_conditions()->set_key(condition.key);
      message.mutable_conditions(message.conditions_size() - 1)->set_version(condition.version);
    }
    for (uint64_t i = rng.Below(4); i > 0; --i) {
      Change change{std::string(rng.Below(300), 'c'), std::nullopt};
      internal::StoreChange* to = message.add_changes();
      to->set_key(change.key);
      if (rng.Below(2) == 0) {
        change.value = std::string(rng.Below(20'000), 'v');
        to->set_value(*change.value);
      } else {
        to->set_deleted(true);
      }
      batch.changes.push_back(change);
    }
    std::string bytes;
    SerializeBatch(batch, &bytes);
    ASSERT_EQ(bytes, message.SerializeAsString());
    ASSERT_EQ(SizeOfBatch(batch), bytes.size());
    BatchView view;
    ASSERT_TRUE(ParseBatch(bytes, &view));
    ASSERT_EQ(view.changes.size(), batch.changes.size());
    for (size_t i = 0; i < view.changes.size(); ++i) {
      EXPECT_EQ(view.changes[i].key, batch.changes[i].key);
      EXPECT_EQ(view.changes[i].deleted, !batch.changes[i].value.has_value());
      EXPECT_EQ(view.changes[i].value, batch.changes[i].value.value_or(""));
    }
    ASSERT_EQ(view.conditions.size(), batch.conditions.size());
    for (size_t i = 0; i < view.conditions.size(); ++i) {
      EXPECT_EQ(view.conditions[i].version, batch.conditions[i].version);
    }
  }
}

TEST(BatchWireTest, RefusesWhatProtobufRefuses) {
  Rng rng(4);
  Batch batch = PutBatch("key", "value");
  batch.conditions = {{"a", 300}};
  internal::StoreCommand message;
  ASSERT_TRUE(message.ParseFromString(CommandOf({batch, PutBatch("k2", "v2")})));
  message.mutable_piece()->set_upload(5);
  message.mutable_piece()->set_data("data");
  message.add_dropped_uploads(9);
  const std::string good = message.SerializeAsString();
  int refused = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = good;
    for (uint64_t i = 1 + rng.Below(3); i > 0; --i) {
      bytes[rng.Below(bytes.size())] = static_cast<char>(rng.Below(256));
    }
    bytes.resize(rng.Below(bytes.size() + 1));
    CommandView view;
    bool ours = ParseCommand(bytes, &view);
    BatchView parsed;
    for (const std::string_view each : view.batches) ours = ours && ParseBatch(each, &parsed);
    internal::StoreCommand theirs;
    // Ours knows no groups and no repeated pieces, and takes no other wire types for known fields.
    if (ours) {
      ASSERT_TRUE(theirs.ParseFromString(bytes)) << round;
      ASSERT_EQ(static_cast<size_t>(theirs.batches_size()), view.batches.size());
    }
    refused += ours ? 0 : 1;
  }
  EXPECT_GT(refused, 1000);
}

TEST(BatchCodecTest, RefusesWhatCanNeverBeStored) {
  EXPECT_EQ(EncodeBatch(PutBatch("", "x")).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(EncodeBatch(PutBatch(std::string(5000, 'k'), "x")).status(),
            InvalidArgument("The key '" + std::string(100, 'k') +
                            "...' has 5000 bytes; keys have at most 4096"));
  EXPECT_TRUE(EncodeBatch(PutBatch(std::string(kMaxKey, 'k'), "")).ok());
  EXPECT_EQ(EncodeBatch(PutBatch("k", std::string(kMaxValue + 1, 'v'))).status().code(),
            StatusCode::kInvalidArgument);
  Batch unreachable;
  unreachable.conditions.push_back(Condition{"", 1});
  EXPECT_EQ(EncodeBatch(unreachable).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(KeyText(std::string("a\0\n", 3)), "'a\\x00\\x0a'");
}

TEST(BatchCodecTest, AnswersThatDoNotFitAreFailures) {
  for (const std::string& text : {std::string("\xff"), std::string()}) {
    const auto answers = DecodeResults(text, 2);
    ASSERT_EQ(answers.size(), 2U);
    EXPECT_EQ(answers[0].status().code(), StatusCode::kInternal);
  }
  internal::StoreResults one;
  one.add_results()->set_version(5);
  EXPECT_FALSE(DecodeResults(one.SerializeAsString(), 2)[1].ok());
}

}  // namespace
}  // namespace meseta::store
