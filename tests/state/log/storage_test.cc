// What every Storage promises, over the disk and over memory.
#include "state/log/storage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/log/log_writes.h"
#include "tests/support/log/storage_worlds.h"

namespace meseta::log {
namespace {

using ::testing::HasSubstr;

template <class World>
class StorageTest : public ::testing::Test {
 protected:
  // Closes what is open, opens anew and loads.
  Recovered Reopen() {
    storage.reset();
    auto opened = world.Open();
    EXPECT_TRUE(opened.ok()) << opened.status();
    if (!opened.ok()) return {};
    storage = std::move(*opened);
    auto loaded = storage->Load();
    EXPECT_TRUE(loaded.ok()) << loaded.status();
    return loaded.ok() ? *loaded : Recovered();
  }
  void Write(const LogWrite& write) {
    const Status status = storage->Write({write});
    ASSERT_TRUE(status.ok()) << status;
  }
  // Identity, term 3 and entries 1 to 10 of terms 1 to 3.
  void WriteTen() {
    Reopen();
    Write(WriteIdentity(7, "cluster", "registry"));
    Write(WriteHardState(3, 7));
    Write(WriteCommands(1, 4, 1));
    Write(WriteCommands(5, 8, 2));
    Write(WriteCommands(9, 10, 3));
  }
  static std::string Text(const Recovered& recovered) {
    std::string text;
    for (const EntryPtr& entry : recovered.entries) {
      if (!text.empty()) text += ' ';
      text += std::to_string(entry->index) + "@" + std::to_string(entry->term);
    }
    return text;
  }

  World world;
  std::unique_ptr<Storage> storage;
};

using Worlds = ::testing::Types<MemoryWorld, LevelDbWorld>;
TYPED_TEST_SUITE(StorageTest, Worlds);

TYPED_TEST(StorageTest, NewDiskIsEmpty) {
  const Recovered recovered = this->Reopen();
  EXPECT_EQ(recovered.identity.member_id(), 0u);
  EXPECT_EQ(recovered.hard, HardState());
  EXPECT_FALSE(recovered.snapshot.has_value());
  EXPECT_TRUE(recovered.entries.empty());
  EXPECT_EQ(recovered.sequence, 0u);
}

TYPED_TEST(StorageTest, KeepsWhatWasWritten) {
  this->WriteTen();
  const Recovered recovered = this->Reopen();
  EXPECT_EQ(recovered.identity.member_id(), 7u);
  EXPECT_EQ(recovered.identity.cluster_id(), "cluster");
  EXPECT_EQ(recovered.identity.group(), "registry");
  EXPECT_EQ(recovered.identity.format(), 1u);
  EXPECT_EQ(recovered.hard.term, 3u);
  EXPECT_EQ(recovered.hard.voted_for, 7u);
  EXPECT_EQ(this->Text(recovered), "1@1 2@1 3@1 4@1 5@2 6@2 7@2 8@2 9@3 10@3");
  EXPECT_EQ(*recovered.entries[4], *MakeEntry(5, 2, "command 5 of 2 "));
  EXPECT_EQ(recovered.sequence, 5u);
  EXPECT_EQ(recovered.cut_bytes, 0u);
}

TYPED_TEST(StorageTest, KeepsKindsAndAnyBytes) {
  this->Reopen();
  const std::string bytes("\0\xff\n\0", 4);
  std::string large(3 << 20, 'x');
  large += bytes;
  LogWrite write = WriteHardState(1, 0);
  write.append = {MakeEntry(1, 1, "", EntryKind::kNoop), MakeEntry(2, 1, bytes),
                  MakeEntry(3, 1, large), MakeEntry(4, 1, "c", EntryKind::kConfiguration)};
  this->Write(write);
  const Recovered recovered = this->Reopen();
  ASSERT_EQ(recovered.entries.size(), 4u);
  for (size_t i = 0; i < 4; ++i) EXPECT_EQ(*recovered.entries[i], *write.append[i]);
}

TYPED_TEST(StorageTest, GroupIsOneWriteInOrder) {
  this->Reopen();
  LogWrite second = WriteCommands(3, 4, 2);
  second.hard = HardState();
  second.hard->term = 2;
  second.truncate_after = 2;
  ASSERT_TRUE(this->storage
                  ->Write({WriteIdentity(1, "", "g"), WriteHardState(1, 0), WriteCommands(1, 5, 1),
                           second})
                  .ok());
  const Recovered recovered = this->Reopen();
  EXPECT_EQ(this->Text(recovered), "1@1 2@1 3@2 4@2");
  EXPECT_EQ(recovered.sequence, 1u);
}

TYPED_TEST(StorageTest, EmptyGroupWritesNothing) {
  this->Reopen();
  EXPECT_TRUE(this->storage->Write({}).ok());
  EXPECT_EQ(this->Reopen().sequence, 0u);
}

TYPED_TEST(StorageTest, LaterIdentityAndHardStateReplaceEarlier) {
  this->WriteTen();
  this->Write(WriteIdentity(7, "joined", "registry"));
  this->Write(WriteHardState(4, 0));
  const Recovered recovered = this->Reopen();
  EXPECT_EQ(recovered.identity.cluster_id(), "joined");
  EXPECT_EQ(recovered.hard.term, 4u);
  EXPECT_EQ(recovered.hard.voted_for, 0u);
}

TYPED_TEST(StorageTest, TruncatesAndAppends) {
  this->WriteTen();
  LogWrite write = WriteCommands(7, 8, 3);
  write.truncate_after = 6;
  this->Write(write);
  EXPECT_EQ(this->Text(this->Reopen()), "1@1 2@1 3@1 4@1 5@2 6@2 7@3 8@3");
  LogWrite all;
  all.truncate_after = 0;
  this->Write(all);
  EXPECT_EQ(this->Text(this->Reopen()), "");
  this->Write(WriteCommands(1, 1, 3));
  EXPECT_EQ(this->Text(this->Reopen()), "1@3");
}

TYPED_TEST(StorageTest, SnapshotReplacesEntries) {
  this->WriteTen();
  this->Write(WritePiece(6, 0, "one"));
  this->Write(WritePiece(6, 1, "two"));
  LogWrite write;
  write.snapshot = MetaOf(6, 2, {"one", "two"});
  write.compact_to = 4;
  this->Write(write);
  const Recovered recovered = this->Reopen();
  ASSERT_TRUE(recovered.snapshot.has_value());
  EXPECT_EQ(recovered.snapshot->SerializeAsString(), write.snapshot->SerializeAsString());
  EXPECT_EQ(this->Text(recovered), "5@2 6@2 7@2 8@2 9@3 10@3");
  EXPECT_EQ(this->storage->ReadPiece(6, 0).value_or(""), "one");
  EXPECT_EQ(this->storage->ReadPiece(6, 1).value_or(""), "two");
  EXPECT_EQ(this->storage->ReadPiece(6, 2).status().code(), StatusCode::kNotFound);
  // The chain of entries holds over a compaction, and what follows it.
  this->Write(WriteCommands(11, 12, 3));
  LogWrite compact;
  compact.compact_to = 6;
  this->Write(compact);
  EXPECT_EQ(this->Text(this->Reopen()), "7@2 8@2 9@3 10@3 11@3 12@3");
}

TYPED_TEST(StorageTest, SnapshotOfEverythingLeavesNoEntry) {
  this->WriteTen();
  this->Write(WriteSnapshot(10, 3, {"state"}, 10));
  EXPECT_EQ(this->Text(this->Reopen()), "");
  this->Write(WriteCommands(11, 11, 3));
  EXPECT_EQ(this->Text(this->Reopen()), "11@3");
}

TYPED_TEST(StorageTest, InstalledSnapshotResetsTheLog) {
  this->WriteTen();
  LogWrite write = WriteSnapshot(8, 3, {"other history"}, 8, true);
  this->Write(write);
  Recovered recovered = this->Reopen();
  EXPECT_EQ(this->Text(recovered), "");
  EXPECT_EQ(recovered.snapshot->index(), 8u);
  this->Write(WriteCommands(9, 9, 3));
  // Far beyond the log.
  this->Write(WriteSnapshot(1000, 3, {"far", "ahead"}, 1000, true));
  this->Write(WriteCommands(1001, 1002, 3));
  recovered = this->Reopen();
  EXPECT_EQ(this->Text(recovered), "1001@3 1002@3");
  EXPECT_EQ(this->storage->ReadPiece(8, 0).status().code(), StatusCode::kNotFound);
}

TYPED_TEST(StorageTest, FirstWriteMayBeASnapshot) {
  this->Reopen();
  LogWrite write = WriteSnapshot(1, 1, {""}, 1);
  write.identity = WriteIdentity(9, "c", "g").identity;
  write.hard = HardState();
  write.hard->term = 1;
  this->Write(write);
  const Recovered recovered = this->Reopen();
  EXPECT_EQ(recovered.snapshot->index(), 1u);
  EXPECT_EQ(this->storage->ReadPiece(1, 0).value_or("none"), "");
  this->Write(WriteCommands(2, 2, 1));
  EXPECT_EQ(this->Text(this->Reopen()), "2@1");
}

TYPED_TEST(StorageTest, UnfinishedSnapshotIsReadableUntilRestart) {
  this->WriteTen();
  this->Write(WritePiece(9, 0, "new"));
  EXPECT_EQ(this->storage->ReadPiece(9, 0).value_or(""), "new");
  this->Write(WritePiece(9, 0, "newer"));
  EXPECT_EQ(this->storage->ReadPiece(9, 0).value_or(""), "newer");
  EXPECT_FALSE(this->Reopen().snapshot.has_value());
  EXPECT_EQ(this->storage->ReadPiece(9, 0).status().code(), StatusCode::kNotFound);
  // The keys are used again although the old pieces still wait for being deleted.
  this->Write(WriteSnapshot(9, 3, {"again", "more"}, 9));
  EXPECT_EQ(this->Reopen().snapshot->chunks(), 2u);
  EXPECT_EQ(this->storage->ReadPiece(9, 0).value_or(""), "again");
}

TYPED_TEST(StorageTest, OlderSnapshotThatComesLateChangesNothing) {
  this->WriteTen();
  this->Write(WriteSnapshot(8, 2, {"eight"}, 8));
  this->Write(WritePiece(8, 0, "forged"));
  this->Write(WriteSnapshot(5, 2, {"five"}, 5));
  const Recovered recovered = this->Reopen();
  EXPECT_EQ(recovered.snapshot->index(), 8u);
  EXPECT_EQ(this->Text(recovered), "9@3 10@3");
  EXPECT_EQ(this->storage->ReadPiece(8, 0).value_or(""), "eight");
}

TYPED_TEST(StorageTest, ManyDeletionsAreSpreadOverWrites) {
  this->Reopen();
  this->Write(WriteHardState(1, 0));
  constexpr Index kEntries = 3 * disk::DiskCatalog::kMaxDeletes;
  this->Write(WriteCommands(1, kEntries, 1));
  this->Write(WriteSnapshot(kEntries, 1, {"s"}, kEntries));
  EXPECT_EQ(this->Text(this->Reopen()), "");  // Though most are still there.
  for (int i = 0; i < 4; ++i) this->Write(WriteHardState(1, 0));
  this->Write(WriteCommands(kEntries + 1, kEntries + 2, 1));
  EXPECT_EQ(this->Text(this->Reopen()), "30001@1 30002@1");
}

// A write that contradicts the log is refused whole, and for good; the disk stays as it was.
template <class Test>
void ExpectRefused(Test* test, const LogWrite& write, const std::string& why) {
  test->Reopen();
  const Status status = test->storage->Write({WriteHardState(9, 9), write});
  EXPECT_EQ(status.code(), StatusCode::kInternal);
  EXPECT_THAT(status.message(), HasSubstr(why));
  EXPECT_EQ(test->storage->Write({WriteHardState(9, 9)}), status);
  EXPECT_FALSE(test->storage->ReadPiece(1, 0).ok());
  EXPECT_EQ(test->Reopen().hard.term, 3u);
}

template <class World>
class RefusalTest : public StorageTest<World> {
 public:
  using StorageTest<World>::Reopen;
  using StorageTest<World>::WriteTen;
  using StorageTest<World>::storage;
};
TYPED_TEST_SUITE(RefusalTest, Worlds);

TYPED_TEST(RefusalTest, ContradictionsAreRefused) {
  this->WriteTen();
  ExpectRefused(this, WriteCommands(12, 12, 3), "entry 12 does not follow the last one, 10");
  ExpectRefused(this, WriteCommands(11, 11, 2), "entry 11 is of term 2, before that");
  ExpectRefused(this, WriteCommands(11, 11, 10), "beyond the replica's own term 9");
  LogWrite write;
  write.snapshot = MetaOf(5, 2, {"a", "b"});
  ExpectRefused(this, write, "piece 0 of the snapshot at 5 is missing");
  write = {};
  write.compact_to = 5;
  ExpectRefused(this, write, "entries up to 5 are to be dropped, but the snapshot is at 0");
  write = WriteSnapshot(5, 2, {"a"}, 5);
  write.truncate_after = 3;
  ExpectRefused(this, write, "the log begins at 6");
}

TYPED_TEST(StorageTest, OneAtATime) {
  this->Reopen();
  const auto second = this->world.Open();
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.status().code(), StatusCode::kUnavailable);
  EXPECT_THAT(second.status().message(), HasSubstr("in use by another"));
}

}  // namespace
}  // namespace meseta::log
