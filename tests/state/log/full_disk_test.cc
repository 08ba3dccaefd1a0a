// Goal: a disk that is really full, read-only or out of reach stops a replica with a sentence that
// names the way out; with room again, everything acknowledged is there. Method: a small tmpfs in a
// mount namespace of this process alone (of its own user namespace, when it is not root).
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "actors/base/files.h"
#include "state/log/leveldb_storage.h"
#include "tests/support/log/log_writes.h"
#include "tests/support/log/storage_worlds.h"

namespace meseta::log {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr size_t kDiskBytes = 12 << 20;
constexpr size_t kEntryBytes = 20'000;

bool WriteText(const std::string& path, const std::string& text) {
  std::ofstream file(path);
  file << text << std::flush;
  return file.good();
}

// Why there is none; empty: this process is in a mount namespace of its own, and may mount.
std::string EnterNamespace() {
  const std::string uid = std::to_string(::geteuid());
  const std::string gid = std::to_string(::getegid());
  const bool root = ::geteuid() == 0;
  if (::unshare(root ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER) != 0) {
    return std::string("unshare: ") + std::strerror(errno);
  }
  const bool mapped = root || (WriteText("/proc/self/uid_map", "0 " + uid + " 1\n") &&
                               WriteText("/proc/self/setgroups", "deny") &&
                               WriteText("/proc/self/gid_map", "0 " + gid + " 1\n"));
  if (!mapped) return "user and group ids cannot be mapped";
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    return std::string("mount: ") + std::strerror(errno);
  }
  return "";
}

class FullDiskTest : public ::testing::Test {
 protected:
  // Before LevelDB makes its thread: a process with several cannot enter a user namespace.
  static void SetUpTestSuite() { no_namespace = EnterNamespace(); }

  void SetUp() override {
    if (no_namespace.empty()) {
      const std::string data = "size=" + std::to_string(kDiskBytes);
      if (::mount("tmpfs", disk().c_str(), "tmpfs", 0, data.c_str()) != 0) {
        no_namespace = std::string("tmpfs: ") + std::strerror(errno);
      }
    }
    if (!no_namespace.empty()) GTEST_SKIP() << "Skipped: " << no_namespace;
  }
  void TearDown() override {
    storage.reset();
    if (no_namespace.empty()) ::umount2(disk().c_str(), MNT_DETACH);
  }

  [[nodiscard]] const std::string& disk() const { return temporary.path(); }
  [[nodiscard]] std::string directory() const { return disk() + "/log"; }
  Status Open() {
    storage.reset();
    LevelDbStorageOptions options;
    options.directory = directory();
    auto opened = LevelDbStorage::Open(options);
    if (!opened.ok()) return opened.status();
    storage = std::move(*opened);
    auto loaded = storage->Load();
    if (!loaded.ok()) return loaded.status();
    recovered = std::move(*loaded);
    return OkStatus();
  }
  Status WriteNext() {
    const Status status = storage->Write({WriteCommands(written + 1, written + 1, 1, kEntryBytes)});
    if (status.ok()) ++written;
    return status;
  }
  // All that is left but `spare` bytes.
  void FillDisk(size_t spare) {
    std::ofstream ballast(disk() + "/ballast", std::ios::binary);
    const std::string block(4096, 'b');
    while (ballast.write(block.data(), static_cast<std::streamsize>(block.size())).flush().good()) {
    }
    ballast.close();
    const auto size = std::filesystem::file_size(disk() + "/ballast");
    std::filesystem::resize_file(disk() + "/ballast", size - std::min<uint64_t>(spare, size));
  }
  void FreeDisk() { std::filesystem::remove(disk() + "/ballast"); }

  static std::string no_namespace;
  TemporaryDirectory temporary;
  std::unique_ptr<LevelDbStorage> storage;
  Recovered recovered;
  Index written = 0;
};
std::string FullDiskTest::no_namespace;

TEST_F(FullDiskTest, FullWhileWriting) {
  ASSERT_TRUE(Open().ok());
  ASSERT_TRUE(storage->Write({WriteIdentity(7, "c", "g"), WriteHardState(1, 7)}).ok());
  for (int round = 0; round < 5; ++round) {
    SCOPED_TRACE(round);
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(WriteNext().ok());
    FillDisk(50'000 + 7000 * round);
    Status status;
    for (int i = 0; i < 100 && status.ok(); ++i) status = WriteNext();
    EXPECT_EQ(status.code(), StatusCode::kUnavailable);
    EXPECT_THAT(status.message(), AllOf(HasSubstr("'" + directory() + "'"),
                                        HasSubstr("No space left on device"),
                                        HasSubstr("The disk is full: free space on it")));
    EXPECT_EQ(WriteNext(), status);
    EXPECT_EQ(storage->ReadPiece(1, 0).status(), status);
    // Still full: it cannot be opened, or it can; nothing is lost by trying.
    const Status full = Open();
    if (!full.ok()) {
      EXPECT_EQ(full.code(), StatusCode::kUnavailable) << full;
      EXPECT_THAT(full.message(), HasSubstr("The disk is full: free space on it"));
    }
    FreeDisk();
    const Status again = Open();
    ASSERT_TRUE(again.ok()) << again;
    EXPECT_EQ(recovered.identity.member_id(), 7u);
    // The one that failed may be there as well.
    ASSERT_GE(recovered.entries.size(), written);
    ASSERT_LE(recovered.entries.size(), written + 1);
    for (Index i = 0; i < recovered.entries.size(); ++i) {
      EXPECT_EQ(*recovered.entries[i], *WriteCommands(i + 1, i + 1, 1, kEntryBytes).append[0]);
    }
    written = recovered.entries.size();
  }
}

TEST_F(FullDiskTest, FullFromTheBeginning) {
  FillDisk(0);
  const Status status = Open();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_THAT(status.message(), HasSubstr("The disk is full: free space on it"));
  FreeDisk();
  EXPECT_TRUE(Open().ok());
  EXPECT_EQ(recovered.sequence, 0u);  // What was begun is a new disk, not a damaged one.
}

// Whatever little room there is while a disk is made, it is a new one afterwards.
TEST_F(FullDiskTest, FullWhileItIsMade) {
  for (size_t spare = 4096; spare <= 40'960; spare += 4096) {
    SCOPED_TRACE(spare);
    FillDisk(spare);
    const Status status = Open();
    if (status.ok()) {
      (void)storage->Write({WriteHardState(1, 7)});
    } else {
      EXPECT_EQ(status.code(), StatusCode::kUnavailable) << status;
    }
    FreeDisk();
    const Status again = Open();
    ASSERT_TRUE(again.ok()) << again;
    EXPECT_LE(recovered.sequence, 1u);
    storage.reset();
    std::filesystem::remove_all(directory());
  }
}

TEST_F(FullDiskTest, ReadOnlyFileSystem) {
  ASSERT_TRUE(Open().ok());
  ASSERT_TRUE(storage->Write({WriteHardState(3, 7)}).ok());
  storage.reset();
  ASSERT_EQ(::mount(nullptr, disk().c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr), 0);
  const Status status = Open();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_THAT(status.message(), HasSubstr("mounted read-only"));
  ASSERT_EQ(::mount(nullptr, disk().c_str(), nullptr, MS_REMOUNT, nullptr), 0);
  ASSERT_TRUE(Open().ok());
  EXPECT_EQ(recovered.hard.term, 3u);
}

TEST_F(FullDiskTest, TooManyOpenFiles) {
  ASSERT_TRUE(Open().ok());
  ASSERT_TRUE(storage->Write({WriteHardState(3, 7)}).ok());
  storage.reset();
  rlimit old{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &old), 0);
  const int next = ::dup(0);
  ::close(next);
  for (rlim_t more = 0; more < 6; ++more) {
    SCOPED_TRACE(more);
    rlimit limit = old;
    limit.rlim_cur = static_cast<rlim_t>(next) + more;
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
    const Status status = Open();
    storage.reset();
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &old), 0);
    if (status.ok()) continue;
    EXPECT_EQ(status.code(), StatusCode::kUnavailable) << status;
    EXPECT_THAT(status.message(), HasSubstr("raise its limit (ulimit -n"));
  }
  ASSERT_TRUE(Open().ok());
  EXPECT_EQ(recovered.hard.term, 3u);
}

}  // namespace
}  // namespace meseta::log
