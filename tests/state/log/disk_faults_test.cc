// Goal: LevelDbStorage on a file system that fails at every point, or loses power there: a clear
// sentence, nothing acknowledged lost, nothing taken for damage. Method: writes drawn from seeds over
// a FaultEnv, compared with the model; small LevelDB buffers, so that tables and lists of tables are
// written, too.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "state/log/leveldb_env.h"
#include "state/log/leveldb_storage.h"
#include "tests/support/log/damage.h"
#include "tests/support/log/fault_env.h"
#include "tests/support/log/log_model.h"
#include "tests/support/log/log_writes.h"
#include "tests/support/log/storage_worlds.h"

namespace meseta::log {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr int kLives = 4;
constexpr uint64_t kMaxOperations = 120;  // Within which one life ends.

class DiskFaultsTest : public ::testing::Test {
 protected:
  // One life: writes until the disk fails. False: even opening failed.
  bool Live(int error, Rng* rng, bool power_loss) {
    FaultEnv env(own_env.get());
    env.FailFrom(1 + rng->Below(kMaxOperations), error);
    LevelDbStorageOptions options;
    options.directory = directory;
    options.env = &env;
    options.write_buffer_bytes = 64 << 10;  // The least that LevelDB takes.
    Files before;
    bool opened = false;
    {
      auto storage = LevelDbStorage::Open(options);
      failure = storage.status();
      if (storage.ok()) {
        const auto loaded = (*storage)->Load();
        failure = loaded.status();
        opened = loaded.ok();
        if (opened) ExpectPossible(*loaded, storage->get());
        before = ReadFiles(directory);
        while (opened && !testing::Test::HasFatalFailure() && WriteOne(storage->get(), rng)) {
        }
        if (opened) {
          EXPECT_EQ((*storage)->Write({WriteHardState(9, 9)}), failure);
        }
      }
    }
    if (!power_loss) return opened;
    env.PowerLoss(rng);
    if (opened && rng->Below(2) == 0) {
      Files files = ReadFiles(directory);
      files[Watermark::kFileName] = before.at(Watermark::kFileName);
      WriteFiles(directory, files);
    }
    return opened;
  }

  bool WriteOne(Storage* storage, Rng* rng) {
    LogWrite write = possible.front().Draw(rng);
    if (rng->Below(4) == 0 && !write.append.empty()) {  // Large enough to fill LevelDB's buffer.
      auto large = std::make_shared<Entry>(*write.append.back());
      large->payload.assign(20'000, 'x');
      for (char& c : large->payload) c = static_cast<char>(rng->Below(256));
      write.append.back() = std::move(large);
    }
    LogModel after = possible.front();
    after.Apply(write);
    failure = storage->Write({write});
    if (failure.ok()) {
      possible = {after};
      return true;
    }
    possible.push_back(after);
    return false;
  }

  void ExpectPossible(const Recovered& recovered, Storage* storage) {
    for (const LogModel& model : possible) {
      if (!model.Difference(recovered, storage).empty()) continue;
      possible = {model};
      return;
    }
    ADD_FAILURE() << "none of " << possible.size() << " possible states; of the first it differs by "
                  << possible.front().Difference(recovered, storage);
  }

  void ExpectGoodAtLast() {
    LevelDbStorageOptions options;
    options.directory = directory;
    auto storage = LevelDbStorage::Open(options);
    ASSERT_TRUE(storage.ok()) << storage.status();
    const auto loaded = (*storage)->Load();
    ASSERT_TRUE(loaded.ok()) << loaded.status();
    ExpectPossible(*loaded, storage->get());
  }

  TemporaryDirectory temporary{TemporaryDirectory::kInMemory};
  std::string directory = temporary.path() + "/log";
  std::unique_ptr<leveldb::Env> own_env = MakeLevelDbEnv();
  std::vector<LogModel> possible = {LogModel()};
  Status failure;
};

TEST_F(DiskFaultsTest, FailingAnywhere) {
  for (uint64_t seed = 0; seed < 150; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    possible = {LogModel()};
    std::filesystem::remove_all(directory);
    Rng rng(seed);
    for (int life = 0; life < kLives; ++life) {
      const int error = life % 2 == 0 ? ENOSPC : EIO;
      (void)Live(error, &rng, false);
      EXPECT_EQ(failure.code(), StatusCode::kUnavailable) << failure;
      EXPECT_THAT(failure.message(),
                  AllOf(HasSubstr("'" + directory + "'"),
                        HasSubstr(error == ENOSPC ? "No space left on device" : "output error"),
                        HasSubstr(error == ENOSPC ? "free space" : "replace it")));
      if (HasFailure()) return;
    }
    ExpectGoodAtLast();
    if (HasFailure()) return;
  }
}

TEST_F(DiskFaultsTest, PowerLossAnywhere) {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    possible = {LogModel()};
    std::filesystem::remove_all(directory);
    Rng rng(seed + 10'000);
    for (int life = 0; life < kLives; ++life) {
      (void)Live(EIO, &rng, true);
      EXPECT_EQ(failure.code(), StatusCode::kUnavailable) << failure;
      if (HasFailure()) return;
    }
    ExpectGoodAtLast();
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace meseta::log
