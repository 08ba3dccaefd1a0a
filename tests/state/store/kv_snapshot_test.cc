// Snapshots of the store: round trips of random states and of values of tens of megabytes with uploads
// in progress, golden bytes, and damage: cut, flipped and exchanged pieces are refused.
#include "state/store/kv_snapshot.h"

#include <gtest/gtest.h>

#include "actors/base/rng.h"
#include "tests/state/store/kv_testing.h"

namespace meseta::store {
namespace {

std::string RandomBytes(Rng* rng, size_t size) {
  std::string bytes(size, '\0');
  for (char& c : bytes) c = static_cast<char>(rng->Below(256));
  return bytes;
}

TEST(KvSnapshotTest, RoundTripsOfRandomStates) {
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    Rng rng(seed);
    KvState state;
    const uint64_t keys = rng.Below(3000);
    for (log::Index index = 1; index <= keys; ++index) {
      const size_t size = rng.Below(50) == 0 ? rng.Below(300'000) : rng.Below(200);
      (void)state.Apply(index, 3, CommandOf({PutBatch(RandomBytes(&rng, 1 + rng.Below(30)),
                                                      std::string(size, 'v'))}));
    }
    const std::vector<std::string> pieces = PiecesOf(state.Freeze());
    ASSERT_GE(pieces.size(), 1U);
    for (size_t i = 0; i < pieces.size(); ++i) {
      ASSERT_LE(pieces[i].size(), log::kMaxSnapshotPiece);
      ASSERT_TRUE(i + 1 == pieces.size() || pieces[i].size() == log::kMaxSnapshotPiece);
    }
    Result<KvContent> content = ReadPieces(pieces);
    ASSERT_TRUE(content.ok()) << content.status();
    KvState restored;
    restored.Replace(*std::move(content), keys);
    state.Advance(keys);
    EXPECT_EQ(ContentsOf(*restored.View()), ContentsOf(*state.View())) << "seed " << seed;
    EXPECT_EQ(restored.View()->bytes(), state.View()->bytes());
    EXPECT_EQ(restored.version(), keys);
  }
}

TEST(KvSnapshotTest, LargeValuesAndUploadsSpanPieces) {
  Rng rng(1);
  KvState state;
  const std::string large = RandomBytes(&rng, 20 << 20);
  internal::StoreCommand command;
  *command.add_batches() = internal::StoreBatch();
  command.mutable_batches(0)->add_changes()->set_key("large");
  command.mutable_batches(0)->mutable_changes(0)->set_value(large);
  (void)state.Apply(1, 4, command.SerializeAsString());
  const std::string rest = EncodeBatch(PutBatch("later", std::string(5 << 20, 'y')))->bytes;
  (void)state.Apply(2, 4, PieceCommand(7, 0, rest.substr(0, 3 << 20)));
  (void)state.Apply(3, 4, PieceCommand(8, 0, "x"));
  Result<KvContent> content = ReadPieces(PiecesOf(state.Freeze()));
  ASSERT_TRUE(content.ok()) << content.status();
  KvState restored;
  restored.Replace(*std::move(content), 3);
  EXPECT_TRUE(restored.View()->Get("large")->value == large);
  EXPECT_EQ(restored.staged_bytes(), state.staged_bytes());
  // The upload goes on where it was.
  (void)restored.Apply(4, 4, PieceCommand(7, 1, rest.substr(3 << 20)));
  EXPECT_EQ(restored.Apply(5, 4, UploadedBatchCommand(7)).Parsed().results(0).version(), 5U);
  EXPECT_EQ(restored.View()->Get("later")->value.size(), size_t{5} << 20);
}

TEST(KvSnapshotTest, WritesGoOnWhileASnapshotIsRead) {
  KvState state;
  for (log::Index i = 1; i <= 1000; ++i) {
    (void)state.Apply(i, 1, CommandOf({PutBatch("k" + std::to_string(i), std::string(5000, 'v'))}));
  }
  const Contents before = ContentsOf(*state.View());
  KvSnapshotWriter writer(state.Freeze());
  std::vector<std::string> pieces;
  std::string piece;
  log::Index index = 1000;
  while (writer.Next(&piece)) {
    pieces.push_back(piece);
    for (int i = 0; i < 200; ++i) {
      ++index;
      Batch batch = PutBatch("k" + std::to_string(index % 1500), "new");
      batch.changes.push_back(Change{"k" + std::to_string(index % 700), std::nullopt});
      (void)state.Apply(index, 1, CommandOf({batch}));
    }
  }
  EXPECT_GT(pieces.size(), 3U);
  KvState restored;
  restored.Replace(ReadPieces(pieces).value(), 1000);
  EXPECT_EQ(ContentsOf(*restored.View()), before);
}

TEST(KvSnapshotTest, KeepsItsBytes) {
  KvState state;
  EXPECT_EQ(EmptySnapshotPiece(), std::string("MSKV\1\0\0\0E", 9) + std::string(16, '\0'));
  (void)state.Apply(0x0102, 3, CommandOf({PutBatch("key", "value")}));
  (void)state.Apply(0x0103, 3, PieceCommand(9, 0, "data"));
  const std::vector<std::string> pieces = PiecesOf(state.Freeze());
  ASSERT_EQ(pieces.size(), 1U);
  EXPECT_EQ(pieces[0], std::string("MSKV\1\0\0\0"
                                   "K\3\0\0\0\5\0\0\0\2\1\0\0\0\0\0\0keyvalue"
                                   "U\t\0\0\0\0\0\0\0\3\0\0\0\0\0\0\0\1\0\0\0"
                                   "P\4\0\0\0data"
                                   "E\1\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0",
                                   8 + 25 + 21 + 9 + 17));
}

std::vector<std::string> SomePieces() {
  KvState state;
  for (log::Index i = 1; i <= 300; ++i) {
    (void)state.Apply(i, 1, CommandOf({PutBatch("k" + std::to_string(i), std::string(9000, 'v'))}));
  }
  (void)state.Apply(301, 1, PieceCommand(9, 0, std::string(1000, 'u')));
  return PiecesOf(state.Freeze());
}

TEST(KvSnapshotTest, CutOrExchangedPiecesAreRefused) {
  const std::vector<std::string> pieces = SomePieces();
  ASSERT_EQ(pieces.size(), 3U);
  const auto refused = [](const std::vector<std::string>& damaged) {
    const Result<KvContent> content = ReadPieces(damaged);
    return !content.ok() && content.status().code() == StatusCode::kDataLoss;
  };
  EXPECT_TRUE(ReadPieces(pieces).ok());
  EXPECT_TRUE(refused({}));
  EXPECT_TRUE(refused({pieces[0]}));
  EXPECT_TRUE(refused({pieces[0], pieces[1]}));
  EXPECT_TRUE(refused({pieces[1], pieces[2]}));
  EXPECT_TRUE(refused({pieces[0], pieces[2], pieces[1]}));
  EXPECT_TRUE(refused({pieces[0], pieces[1], pieces[2], "x"}));
  for (size_t cut = 1; cut < 2000; cut += 41) {
    auto damaged = pieces;
    damaged[2].resize(damaged[2].size() - cut);
    EXPECT_TRUE(refused(damaged)) << cut;
  }
  auto newer = pieces;
  newer[0][4] = 2;
  EXPECT_NE(ReadPieces(newer).status().message().find("format"), std::string::npos);
}

TEST(KvSnapshotTest, FlippedBitsNeverCrashAndNeverLoseKeysSilently) {
  const std::vector<std::string> pieces = SomePieces();
  Rng rng(5);
  for (int i = 0; i < 100; ++i) {
    auto damaged = pieces;
    std::string& piece = damaged[rng.Below(3)];
    piece[rng.Below(piece.size())] ^= static_cast<char>(1 << rng.Below(8));
    const Result<KvContent> content = ReadPieces(damaged);
    // Values and versions are not checked here: the log's checksums do that.
    if (content.ok()) {
      EXPECT_EQ(content->items.size(), 300U);
    } else {
      EXPECT_EQ(content.status().code(), StatusCode::kDataLoss);
    }
  }
}

}  // namespace
}  // namespace meseta::store
