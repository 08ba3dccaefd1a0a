#include "state/log/log_inspect.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/log/damage.h"
#include "tests/support/log/log_writes.h"
#include "tests/support/log/storage_worlds.h"

namespace meseta::log {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class LogInspectTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto storage = world.Open();
    ASSERT_TRUE(storage.ok()) << storage.status();
    ASSERT_TRUE((*storage)->Load().ok());
    Configuration newest;
    newest.add_invited("127.0.0.1:5051");
    LogWrite last = WriteEntries(
        {MakeEntry(9, 3, newest.SerializeAsString(), EntryKind::kConfiguration),
         MakeEntry(10, 3, "the end")});
    ASSERT_TRUE((*storage)->Write({WriteIdentity(7, "cluster", "registry"),
                                   WriteHardState(4, 7), WriteCommands(1, 8, 2), last}).ok());
    ASSERT_TRUE((*storage)->Write({WriteSnapshot(6, 2, {"one", "two"}, 4)}).ok());
  }
  VerifyReport Verify() {
    auto report = VerifyLog(world.directory(), [this](const VerifyReport&) { ++steps; });
    EXPECT_TRUE(report.ok()) << report.status();
    return report.ok() ? *report : VerifyReport();
  }

  LevelDbWorld world;
  int steps = 0;
};

TEST_F(LogInspectTest, ShowsWhatIsThereAndChangesNothing) {
  const Files before = ReadFiles(world.directory());
  {
    const auto reader = LogReader::Open(world.directory());
    ASSERT_TRUE(reader.ok()) << reader.status();
    const LogSummary& summary = (*reader)->summary();
    EXPECT_EQ(summary.identity.member_id(), 7u);
    EXPECT_EQ(summary.identity.cluster_id(), "cluster");
    EXPECT_EQ(summary.hard.term, 4u);
    EXPECT_EQ(summary.snapshot->index(), 6u);
    EXPECT_EQ(summary.first, 5u);
    EXPECT_EQ(summary.last, 10u);
    EXPECT_EQ(summary.last_term, 3u);
    EXPECT_EQ(summary.configuration_index, 9u);
    EXPECT_THAT(summary.configuration.invited(), ElementsAre("127.0.0.1:5051"));
    EXPECT_EQ(summary.sequence, 2u);
    EXPECT_EQ((*reader)->entries().size(), 6u);
    EXPECT_EQ((*reader)->entries().back()->payload, "the end");
    EXPECT_EQ((*reader)->ReadPiece(1).value_or(""), "two");
    EXPECT_FALSE((*reader)->ReadPiece(2).ok());
  }
  EXPECT_THAT(Verify().problems, IsEmpty());
  EXPECT_EQ(steps, 1);
  EXPECT_EQ(ReadFiles(world.directory()), before);
}

TEST_F(LogInspectTest, ARunningReplicaIsLeftAlone) {
  const auto running = world.Open();
  ASSERT_TRUE(running.ok());
  const auto reader = LogReader::Open(world.directory());
  EXPECT_EQ(reader.status().code(), StatusCode::kUnavailable);
  EXPECT_THAT(reader.status().message(), HasSubstr("in use by another process"));
  EXPECT_EQ(VerifyLog(world.directory(), [](const VerifyReport&) {}).status().code(),
            StatusCode::kUnavailable);
}

TEST_F(LogInspectTest, NoLogIsNotFoundAndNotMade) {
  const std::string elsewhere = world.directory() + "/elsewhere";
  EXPECT_EQ(LogReader::Open(elsewhere).status().code(), StatusCode::kNotFound);
  EXPECT_FALSE(std::filesystem::exists(elsewhere));
  std::filesystem::create_directory(elsewhere);
  EXPECT_EQ(LogReader::Open(elsewhere).status().code(), StatusCode::kNotFound);
  EXPECT_TRUE(std::filesystem::is_empty(elsewhere));
}

TEST_F(LogInspectTest, ReadOnlyStorageTakesNoWrite) {
  LevelDbStorageOptions options;
  options.directory = world.directory();
  options.read_only = true;
  auto storage = LevelDbStorage::Open(options);
  ASSERT_TRUE((*storage)->Load().ok());
  EXPECT_EQ((*storage)->Write({WriteHardState(5, 1)}).code(), StatusCode::kFailedPrecondition);
}

TEST_F(LogInspectTest, VerifyNamesEachBrokenRecord) {
  // Not one flipped byte on the disk but records that LevelDB takes for good.
  const auto spoil = [](const std::string&, std::string* value) { value->back() ^= 1; };
  RewriteRecord(world.directory(), disk::Key{disk::RecordType::kEntry, 5, 0}, spoil);
  RewriteRecord(world.directory(), disk::Key{disk::RecordType::kPiece, 6, 1}, spoil);
  EXPECT_THAT(Verify().problems,
              ElementsAre("entry 5 does not match its checksum",
                          "piece 1 of the snapshot at 6 does not match its checksum"));
  EXPECT_EQ(LogReader::Open(world.directory()).status().code(), StatusCode::kDataLoss);
}

TEST_F(LogInspectTest, VerifySaysWhenLevelDbItselfCannot) {
  std::filesystem::remove(world.directory() + "/CURRENT");
  EXPECT_THAT(Verify().problems, ElementsAre(HasSubstr("'CURRENT' is missing")));
}

}  // namespace
}  // namespace meseta::log
