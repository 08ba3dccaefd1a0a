// The disk format is a contract with disks that exist: the bytes of a small log are compared with
// testdata/disk_format_1.txt, which was reviewed once. To accept a change on purpose:
// MESETA_UPDATE_GOLDEN=1 and a new format number.
#include "state/log/disk_format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "state/log/disk_catalog.h"
#include "state/log/disk_recovery.h"
#include "state/log/wal_tail.h"
#include "tests/support/log/damage.h"
#include "tests/support/log/log_writes.h"
#include "tests/support/log/storage_worlds.h"

namespace meseta::log {
namespace {

using ::testing::HasSubstr;

const char* const kGolden = MESETA_SOURCE_DIR "/tests/state/log/testdata/disk_format_1.txt";

std::string Hex(const std::string& bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    text += kDigits[static_cast<uint8_t>(c) >> 4];
    text += kDigits[static_cast<uint8_t>(c) & 15];
  }
  return text;
}

std::string Bytes(const std::string& hex) {
  std::string bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

std::vector<LogWrite> SmallLog() {
  LogWrite snapshot = WriteSnapshot(3, 1, {"first piece", "second"}, 2);
  return {WriteIdentity(0x0102030405060708, "a cluster", "registry"),
          WriteHardState(1, 0x0102030405060708),
          WriteCommands(1, 4, 1),
          WriteHardState(2, 0),
          WriteEntries({MakeEntry(5, 2, "", EntryKind::kNoop),
                        MakeEntry(6, 2, "configuration", EntryKind::kConfiguration)}),
          snapshot,
          WritePiece(6, 0, "of one that is not complete")};
}

std::string ReadGolden() {
  std::ifstream file(kGolden);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

TEST(DiskFormatTest, BytesAreTheGoldenOnes) {
  LevelDbWorld world;
  {
    auto storage = world.Open();
    ASSERT_TRUE(storage.ok()) << storage.status();
    ASSERT_TRUE((*storage)->Load().ok());
    for (const LogWrite& write : SmallLog()) ASSERT_TRUE((*storage)->Write({write}).ok());
  }
  std::string text = "# key, value: state/log/disk_format.h\n";
  for (const auto& [key, value] : ReadRecords(world.directory())) {
    text += Hex(key) + " " + Hex(value) + "\n";
  }
  const std::string watermark = ReadFiles(world.directory()).at(Watermark::kFileName);
  text += "# watermark: slots at 0 and 512\n";
  text += Hex(watermark.substr(0, 12)) + " " + Hex(watermark.substr(512)) + "\n";
  if (std::getenv("MESETA_UPDATE_GOLDEN") != nullptr) std::ofstream(kGolden) << text;
  EXPECT_EQ(text, ReadGolden());
}

TEST(DiskFormatTest, GoldenBytesAreRead) {
  std::istringstream lines(ReadGolden());
  disk::DiskRecovery recovery;
  int records = 0;
  for (std::string line; std::getline(lines, line) && line.rfind("# watermark", 0) != 0;) {
    if (line[0] == '#') continue;
    const size_t space = line.find(' ');
    const Status added = recovery.Add(Bytes(line.substr(0, space)), Bytes(line.substr(space + 1)));
    ASSERT_TRUE(added.ok()) << added;
    ++records;
  }
  EXPECT_EQ(records, 11);
  const auto recovered = recovery.Finish(7);
  ASSERT_TRUE(recovered.ok()) << recovered.status();
  EXPECT_EQ(recovered->identity.member_id(), 0x0102030405060708u);
  EXPECT_EQ(recovered->hard, (HardState{2, 0}));
  EXPECT_EQ(recovered->snapshot->index(), 3u);
  ASSERT_EQ(recovered->entries.size(), 4u);
  EXPECT_EQ(*recovered->entries[0], *MakeEntry(3, 1, "command 3 of 1 "));
  EXPECT_EQ(*recovered->entries[3], *MakeEntry(6, 2, "configuration", EntryKind::kConfiguration));
}

TEST(DiskFormatTest, KeysSortAsTheirNumbers) {
  std::string previous;
  for (const Index index : {1ull, 2ull, 255ull, 256ull, 65'536ull, 1ull << 40, ~0ull}) {
    const std::string key = disk::EncodeKey({disk::RecordType::kEntry, index, 0});
    EXPECT_LT(previous, key);
    EXPECT_EQ(disk::DecodeKey(key), (disk::Key{disk::RecordType::kEntry, index, 0}));
    previous = key;
  }
  for (const uint32_t number : {0u, 1u, 255u, 256u, ~0u}) {
    const std::string key = disk::EncodeKey({disk::RecordType::kPiece, 9, number});
    EXPECT_LT(previous, key);
    EXPECT_EQ(disk::DecodeKey(key), (disk::Key{disk::RecordType::kPiece, 9, number}));
    previous = key;
  }
  for (const char* malformed : {"", "9", "00", "4", "4123456789", "51234567812345"}) {
    EXPECT_FALSE(disk::DecodeKey(malformed).has_value()) << malformed;
  }
}

// What the format finds by itself, each with its sentence.
TEST(DiskRecoveryTest, SentencesNameTheRecord) {
  using Records = std::map<std::string, std::string>;
  class MapSink : public disk::BatchSink {
   public:
    void Put(std::string_view key, std::string_view value) override {
      records[std::string(key)] = std::string(value);
    }
    void Delete(std::string_view key) override { records.erase(std::string(key)); }
    Records records;
  };
  MapSink sink;
  disk::DiskCatalog catalog;
  ASSERT_TRUE(catalog.Apply(SmallLog(), &sink).ok());
  const auto sentence = [&](uint64_t watermark, const std::function<void(Records*)>& harm) {
    Records records = sink.records;
    harm(&records);
    disk::DiskRecovery recovery;
    for (const auto& [key, value] : records) {
      const Status added = recovery.Add(key, value);
      if (!added.ok()) return added.message();
    }
    return recovery.Finish(watermark).status().message();
  };
  const auto without = [](const disk::Key& key) {
    return [key](Records* records) { ASSERT_EQ(records->erase(disk::EncodeKey(key)), 1u); };
  };
  using disk::RecordType;
  const auto nothing = [](Records*) {};
  EXPECT_EQ(sentence(1, nothing), "");
  EXPECT_EQ(sentence(5, nothing), "it has lost acknowledged writes 2..5");
  EXPECT_EQ(sentence(3, [](Records* records) { records->clear(); }),
            "it has lost acknowledged writes 1..3");
  EXPECT_EQ(sentence(1, without({RecordType::kHead, 0, 0})), "the head record is missing");
  EXPECT_EQ(sentence(1, without({RecordType::kIdentity, 0, 0})),
            "the identity is missing or not the one written last");
  EXPECT_EQ(sentence(1, without({RecordType::kHardState, 0, 0})),
            "the record of term and vote is missing or not the one written last");
  EXPECT_EQ(sentence(1, without({RecordType::kSnapshot, 0, 0})),
            "the snapshot's description is missing or not the one written last");
  EXPECT_EQ(sentence(1, without({RecordType::kEntry, 3, 0})), "entry 3 is missing");
  EXPECT_EQ(sentence(1, without({RecordType::kEntry, 5, 0})), "entry 5 is missing");
  EXPECT_EQ(sentence(1, without({RecordType::kEntry, 6, 0})), "entry 6 is missing");
  EXPECT_EQ(sentence(1, without({RecordType::kPiece, 3, 0})),
            "piece 0 of the snapshot at 3 is missing");
  EXPECT_EQ(sentence(1, without({RecordType::kPiece, 3, 1})),
            "piece 1 of the snapshot at 3 is missing");
  const auto entry = [](Index index, Term term, uint32_t previous) {
    return [=](Records* records) {
      const std::string key = disk::EncodeKey({RecordType::kEntry, index, 0});
      disk::FrameEntry(key, *MakeEntry(index, term, "x"), previous, &(*records)[key]);
    };
  };
  EXPECT_EQ(sentence(1, entry(7, 2, 0)), "entry 7 is there though the log ends at 6");
  EXPECT_EQ(sentence(1, entry(5, 2, 77)), "entry 5 does not belong to the entry before it");
  EXPECT_EQ(sentence(1, [](Records* records) { (*records)["unknown"] = "x"; }),
            "there is a record with a malformed key");
}

TEST(WalTailTest, NothingIsNotBroken) {
  const WalScan scan = ScanWal("");
  EXPECT_FALSE(scan.broken);
  EXPECT_EQ(scan.intact_bytes, 0u);
  EXPECT_TRUE(ScanWal("\x01\x02").broken);
  EXPECT_FALSE(ScanWal("\x01\x02").batch_after);
}

}  // namespace
}  // namespace meseta::log
