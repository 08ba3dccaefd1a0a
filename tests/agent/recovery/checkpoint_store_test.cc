// The checkpoint on a real disk: round trips, refusals, and the bytes of one record of each kind,
// which a later version must still read (MESETA_REWRITE_GOLDEN=1 rewrites them).
#include "agent/recovery/checkpoint_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "agent/recovery/recovery_plan.h"
#include "agent/recovery/sandbox_linux.h"
#include "tests/agent/agent_process.h"

namespace meseta::agent {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

// One of each kind, with every field set.
std::vector<internal::CheckpointRecord> OneOfEach() {
  std::vector<internal::CheckpointRecord> records(7);
  for (auto& record : records) record.set_version(kCheckpointVersion);
  auto& agent = *records[0].mutable_agent();
  agent.set_registration_id("reg");
  agent.mutable_info()->set_hostname("host");
  agent.mutable_info()->mutable_id()->set_value("S0");
  records[1].mutable_term()->set_term(7);
  auto& framework = *records[2].mutable_framework();
  framework.mutable_info()->set_name("f");
  framework.mutable_info()->set_user("u");
  framework.mutable_info()->mutable_id()->set_value("F");
  framework.set_shutting_down(true);
  auto& task = *records[3].mutable_task();
  task.mutable_framework_id()->set_value("F");
  task.mutable_task()->set_name("n");
  task.mutable_task()->mutable_task_id()->set_value("a/b");
  task.mutable_task()->mutable_agent_id()->set_value("S0");
  task.set_container_id("c");
  task.set_sandbox("/s");
  task.set_pid(42);
  task.set_kill_grace_nanos(5);
  task.set_ended(true);
  task.set_launched_nanos(6);
  auto& update = *records[4].mutable_update();
  update.set_sequence(3);
  update.mutable_update()->mutable_framework_id()->set_value("F");
  update.mutable_update()->mutable_status()->mutable_task_id()->set_value("a/b");
  update.mutable_update()->mutable_status()->set_state(v1::TASK_RUNNING);
  update.mutable_update()->mutable_status()->set_uuid("0123456789abcdef");
  auto& acknowledged = *records[5].mutable_acknowledged();
  acknowledged.mutable_framework_id()->set_value("F");
  acknowledged.mutable_task_id()->set_value("a/b");
  acknowledged.set_count(2);
  auto& completed = *records[6].mutable_completed();
  completed.mutable_task()->set_name("n");
  completed.mutable_task()->mutable_task_id()->set_value("t");
  completed.mutable_task()->mutable_framework_id()->set_value("F");
  completed.mutable_task()->mutable_agent_id()->set_value("S0");
  completed.mutable_task()->set_state(v1::TASK_FINISHED);
  completed.mutable_executor()->mutable_executor_id()->set_value("t");
  completed.set_container_id("c");
  completed.set_sandbox("/s");
  completed.set_ended_nanos(8);
  return records;
}

std::string Hex(const std::string& bytes) {
  std::string out;
  for (const unsigned char c : bytes) {
    char digits[3];
    std::snprintf(digits, sizeof digits, "%02x", c);
    out += digits;
  }
  return out;
}

TEST(CheckpointFormat, BytesOfEachRecord) {
  const std::string path =
      std::string(MESETA_SOURCE_DIR) + "/tests/agent/recovery/testdata/checkpoint_records.txt";
  std::string produced;
  for (const auto& record : OneOfEach()) {
    produced += KeyOf(record) + " " + Hex(record.SerializeAsString()) + "\n";
  }
  if (std::getenv("MESETA_REWRITE_GOLDEN") != nullptr) std::ofstream(path) << produced;
  std::ifstream in(path);
  const std::string expected{std::istreambuf_iterator<char>(in), {}};
  EXPECT_EQ(expected, produced);
}

CheckpointBatch Batch(uint64_t number, std::vector<internal::CheckpointRecord> put) {
  CheckpointBatch batch;
  batch.number = number;
  batch.put = std::move(put);
  return batch;
}

TEST(CheckpointStore, KeepsWhatWasWritten) {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/meta/checkpoint";
  {
    auto store = CheckpointStore::Open(path);
    ASSERT_TRUE(store.ok()) << store.status();
    CheckpointBatch erase = Batch(2, {});
    erase.erase = {"term"};
    ASSERT_TRUE((*store)->Write({Batch(1, OneOfEach()), erase}).ok());
  }
  auto store = CheckpointStore::Open(path);
  ASSERT_TRUE(store.ok()) << store.status();
  const auto records = (*store)->ReadAll();
  ASSERT_TRUE(records.ok()) << records.status();
  EXPECT_EQ(records->size(), 6u);
  auto sorted = OneOfEach();
  for (const auto& record : *records) {
    EXPECT_FALSE(record.has_term());
    const bool same = std::any_of(sorted.begin(), sorted.end(), [&](const auto& one) {
      return one.SerializeAsString() == record.SerializeAsString();
    });
    EXPECT_TRUE(same) << record.ShortDebugString();
  }
}

TEST(CheckpointStore, ASecondUserIsRefused) {
  const TemporaryFolder folder;
  const auto first = CheckpointStore::Open(folder.path() + "/c");
  ASSERT_TRUE(first.ok()) << first.status();
  const auto second = CheckpointStore::Open(folder.path() + "/c");
  ASSERT_FALSE(second.ok());
  EXPECT_THAT(second.status().message(), HasSubstr("another agent"));
}

TEST(CheckpointStore, ADamagedStoreIsRefusedWithTheWayOut) {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/c";
  {
    auto store = CheckpointStore::Open(path);
    ASSERT_TRUE(store.ok()) << store.status();
    ASSERT_TRUE((*store)->Write({Batch(1, OneOfEach())}).ok());
  }
  for (const auto& entry : fs::directory_iterator(path)) {
    if (entry.path().extension() != ".log") continue;
    std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(30);
    file << "garbage";
  }
  auto damaged = CheckpointStore::Open(path);
  const Status status = damaged.ok() ? (*damaged)->ReadAll().status() : damaged.status();
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_THAT(status.message(), HasSubstr(path));
  EXPECT_THAT(status.message(), HasSubstr("remove it to start as a new agent"));
}

TEST(Sandbox, LinksAndDeletes) {
  const TemporaryFolder folder;
  const std::string runs = folder.path() + "/slaves/S0/frameworks/F/executors/t/runs";
  for (const char* container : {"c1", "c2"}) {
    fs::create_directories(runs + "/" + container);
    std::ofstream(runs + "/" + container + "/stdout") << "x";
    ASSERT_TRUE(LinkLatest(runs + "/" + container).ok());
  }
  EXPECT_EQ(fs::read_symlink(runs + "/latest"), "c2");
  // A link of the task that leads out is removed, not followed.
  std::ofstream(folder.path() + "/precious") << "x";
  fs::create_symlink(folder.path(), runs + "/c1/out");
  ASSERT_TRUE(DeleteSandbox(folder.path(), runs + "/c1").ok());
  EXPECT_TRUE(fs::exists(folder.path() + "/precious"));
  EXPECT_TRUE(fs::exists(runs + "/c2/stdout"));
  ASSERT_TRUE(DeleteSandbox(folder.path(), runs + "/c2").ok());
  EXPECT_FALSE(fs::exists(folder.path() + "/slaves/S0/frameworks/F"));
  EXPECT_TRUE(fs::exists(folder.path() + "/slaves"));
  EXPECT_TRUE(DeleteSandbox(folder.path(), runs + "/c2").ok());  // Gone already.
  EXPECT_FALSE(DeleteSandbox(folder.path(), folder.path() + "/precious").ok());
}

}  // namespace
}  // namespace meseta::agent
