// Backups: golden bytes, round trips in any parts, damage at every byte, and directories: a backup of
// a stopped replica's, and a new one out of a backup.
#include "state/store/backup.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "state/log/leveldb_storage.h"
#include "state/store/backup_file_posix.h"
#include "state/store/offline.h"
#include "tests/state/store/kv_testing.h"

namespace meseta::store {
namespace {

internal::StoreBackupHeader HeaderFor(const std::string& group) {
  internal::StoreBackupHeader header;
  header.set_cluster_id("c");
  header.set_group(group);
  header.set_term(7);
  header.set_created_ns(1);
  return header;
}

std::string BackupOf(KvState* state) {
  BackupSource source(state->View(), HeaderFor("g"));
  std::string all;
  std::string bytes;
  while (source.Next(&bytes)) all += bytes;
  return all;
}

Result<KvContent> ReadBackup(const std::string& bytes, size_t part = SIZE_MAX) {
  BackupReader reader({}, {});
  for (size_t at = 0; at < bytes.size(); at += part) {
    RETURN_IF_ERROR(reader.Add(std::string_view(bytes).substr(at, part)));
    if (part == SIZE_MAX) break;
  }
  return reader.Finish();
}

KvState SomeState(int keys, size_t bytes) {
  KvState state;
  for (int i = 1; i <= keys; ++i) {
    (void)state.Apply(static_cast<log::Index>(i), 1,
                      CommandOf({PutBatch("k" + std::to_string(i), std::string(bytes, 'v'))}));
  }
  state.Advance(static_cast<Version>(keys));
  return state;
}

TEST(BackupTest, KeepsItsBytes) {
  KvState state = SomeState(1, 1);
  const std::string bytes = BackupOf(&state);
  EXPECT_EQ(bytes.substr(0, 8), std::string("MSBK\1\0\0\0", 8));
  const size_t header = static_cast<unsigned char>(bytes[8]);
  EXPECT_EQ(bytes.substr(16, header), std::string("\n\1c\x12\1g\x18\1 \7(\0010\0018\3"));
  const size_t piece = 16 + header;
  const std::string content = PiecesOf(ItemsOf(*state.View()))[0];
  EXPECT_EQ(static_cast<unsigned char>(bytes[piece]), content.size());
  EXPECT_EQ(bytes.substr(piece + 8, content.size()), content);
  const std::string end = bytes.substr(piece + 8 + content.size());
  ASSERT_EQ(end.size(), 24U);
  EXPECT_EQ(end.substr(0, 16), std::string("\0\0\0\0\1\0\0\0", 8) +
                                   static_cast<char>(content.size()) + std::string(7, '\0'));
  EXPECT_EQ(end.substr(20), "KBSM");
  EXPECT_EQ(end.substr(16, 4), bytes.substr(piece + 4, 4));  // One piece: the same checksum.
}

TEST(BackupTest, RoundTripsInAnyParts) {
  KvState state = SomeState(300, 10'000);
  const std::string bytes = BackupOf(&state);
  for (const size_t part : {SIZE_MAX, size_t{1} << 20, size_t{4097}, size_t{999}}) {
    Result<KvContent> content = ReadBackup(bytes, part);
    ASSERT_TRUE(content.ok()) << content.status();
    KvState restored;
    restored.Replace(*std::move(content), 300);
    EXPECT_EQ(ContentsOf(*restored.View()), ContentsOf(*state.View()));
  }
}

TEST(BackupTest, EveryFlippedByteIsFound) {
  KvState state = SomeState(3, 10);
  const std::string bytes = BackupOf(&state);
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::string damaged = bytes;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
    EXPECT_FALSE(ReadBackup(damaged).ok()) << "byte " << i << " of " << bytes.size();
  }
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(ReadBackup(bytes.substr(0, size)).ok()) << size;
  }
  EXPECT_FALSE(ReadBackup(bytes + "x").ok());
  EXPECT_TRUE(ReadBackup(bytes).ok());
}

class BackupFilesTest : public ::testing::Test {
 protected:
  BackupFilesTest() {
    char pattern[] = "/tmp/meseta-backup-XXXXXX";
    directory_ = ::mkdtemp(pattern);
  }
  ~BackupFilesTest() override { std::filesystem::remove_all(directory_); }

  std::string Save(const std::string& bytes) {
    const std::string path = directory_ + "/backup";
    auto file = BackupFile::Create(path);
    EXPECT_TRUE(file.ok()) << file.status();
    EXPECT_TRUE(file->Append(bytes).ok());
    EXPECT_FALSE(std::filesystem::exists(path));
    EXPECT_TRUE(file->Commit().ok());
    return path;
  }
  RestoreOptions Options() const {
    RestoreOptions options;
    options.directory = directory_ + "/log";
    options.address = "127.0.0.1:5050";
    options.member_id = 77;
    return options;
  }

  std::string directory_;
};

TEST_F(BackupFilesTest, ARestoredDirectoryIsAClusterOfOneInALaterTerm) {
  KvState state = SomeState(500, 5000);
  const std::string path = Save(BackupOf(&state));
  EXPECT_EQ(BackupFile::Create(path).status().code(), StatusCode::kAlreadyExists);
  const Result<Restored> restored = RestoreBackup(path, Options());
  ASSERT_TRUE(restored.ok()) << restored.status();
  EXPECT_EQ(restored->term, 7 + kRestoreTermJump);
  {
    auto reader = log::LogReader::Open(Options().directory);
    ASSERT_TRUE(reader.ok()) << reader.status();
    const log::LogSummary& summary = (*reader)->summary();
    EXPECT_EQ(summary.identity.member_id(), 77U);
    EXPECT_EQ(summary.identity.cluster_id(), "c");
    EXPECT_EQ(summary.identity.group(), "g");
    EXPECT_EQ(summary.hard.term, restored->term);
    ASSERT_TRUE(summary.snapshot.has_value());
    EXPECT_EQ(summary.snapshot->index(), 500U);
    ASSERT_EQ(summary.configuration.members_size(), 1);
    EXPECT_EQ(summary.configuration.members(0).address(), "127.0.0.1:5050");
    Result<KvState> loaded = LoadState(reader->get());
    ASSERT_TRUE(loaded.ok()) << loaded.status();
    EXPECT_EQ(loaded->version(), 500U);
    EXPECT_EQ(ContentsOf(*loaded->View()), ContentsOf(*state.View()));
    EXPECT_EQ(HeaderOf(summary, WallTime::FromNanos(9)).term(), restored->term);
  }
  const auto report = log::VerifyLog(Options().directory, [](const log::VerifyReport&) {});
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_TRUE(report->problems.empty()) << report->problems.front();
  EXPECT_EQ(RestoreBackup(path, Options()).status().code(), StatusCode::kFailedPrecondition);
}

TEST_F(BackupFilesTest, EntriesBehindTheSnapshotAreInTheState) {
  KvState state = SomeState(3, 10);
  ASSERT_TRUE(RestoreBackup(Save(BackupOf(&state)), Options()).ok());
  {
    log::LevelDbStorageOptions options;
    options.directory = Options().directory;
    auto storage = log::LevelDbStorage::Open(std::move(options));
    ASSERT_TRUE(storage.ok());
    ASSERT_TRUE((*storage)->Load().ok());
    log::LogWrite write;
    log::Entry entry;
    entry.index = 4;
    entry.term = 7 + kRestoreTermJump;
    entry.kind = log::EntryKind::kCommand;
    entry.payload = CommandOf({PutBatch("later", "x")});
    write.append.push_back(std::make_shared<const log::Entry>(std::move(entry)));
    ASSERT_TRUE((*storage)->Write({std::move(write)}).ok());
  }
  auto reader = log::LogReader::Open(Options().directory);
  ASSERT_TRUE(reader.ok()) << reader.status();
  Result<KvState> loaded = LoadState(reader->get());
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(loaded->version(), 4U);
  EXPECT_EQ(loaded->View()->Get("later")->version, 4U);
  EXPECT_EQ(loaded->View()->keys(), 4U);
}

TEST_F(BackupFilesTest, ADamagedBackupMakesNothing) {
  KvState state = SomeState(300, 9000);
  std::string bytes = BackupOf(&state);
  bytes[bytes.size() / 2] ^= 1;
  const std::string path = Save(bytes);
  const Status status = RestoreBackup(path, Options()).status();
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_NE(status.message().find("piece 1 is damaged"), std::string::npos) << status;
  EXPECT_FALSE(std::filesystem::exists(Options().directory));
}

TEST_F(BackupFilesTest, AnUnfinishedFileLeavesNothing) {
  {
    auto file = BackupFile::Create(directory_ + "/b");
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE(file->Append("x").ok());
  }
  EXPECT_TRUE(std::filesystem::is_empty(directory_));
}

}  // namespace
}  // namespace meseta::store
