// VirtualFiles: shows what is attached, and nothing else, whatever path or link is tried.
#include "actors/endpoints/virtual_files.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace meseta::endpoints {
namespace {

namespace fs = std::filesystem;

class VirtualFilesTest : public ::testing::Test {
 protected:
  VirtualFilesTest() {
    char name[] = "/tmp/meseta-files-XXXXXX";
    dir_ = mkdtemp(name);
    fs::create_directories(dir_ + "/sandbox/sub");
    std::ofstream(dir_ + "/sandbox/stdout") << "hello\n";
    std::ofstream(dir_ + "/sandbox/sub/x") << "deep";
    std::ofstream(dir_ + "/secret") << "no";
    files_.Attach(dir_ + "/sandbox", dir_ + "/sandbox");
    files_.Attach("/frameworks/f/executors/e/runs/latest/", dir_ + "/sandbox/");
  }
  ~VirtualFilesTest() override { fs::remove_all(dir_); }

  void ExpectMissing(const std::string& path) {
    EXPECT_EQ(files_.Read(path, 0, 100).status().code(), StatusCode::kNotFound) << path;
    EXPECT_EQ(files_.Browse(path).status().code(), StatusCode::kNotFound) << path;
    EXPECT_EQ(files_.Download(path).status().code(), StatusCode::kNotFound) << path;
  }

  std::string dir_;
  VirtualFiles files_;
};

TEST_F(VirtualFilesTest, BrowsesAndReadsUnderEveryAttachedName) {
  for (const std::string& root : {dir_ + "/sandbox", std::string("/frameworks/f/executors/e/runs/latest")}) {
    const auto entries = files_.Browse(root);
    ASSERT_TRUE(entries.ok()) << entries.status();
    ASSERT_EQ(entries->size(), 2u);
    EXPECT_EQ((*entries)[0].path, root + "/stdout");
    EXPECT_EQ((*entries)[0].size, 6u);
    EXPECT_EQ((*entries)[0].mode.substr(0, 4), "-rw-");
    EXPECT_EQ((*entries)[1].mode[0], 'd');
    EXPECT_EQ(files_.Read(root + "/stdout", 0, 100)->data, "hello\n");
    EXPECT_EQ(files_.Read(root + "/stdout", 2, 2)->data, "ll");
    EXPECT_EQ(*files_.Download(root + "/sub/x").value(), "deep");
  }
}

TEST_F(VirtualFilesTest, OffsetsBeyondTheEndGiveNothingButTheSize) {
  const auto chunk = files_.Read(dir_ + "/sandbox/stdout", UINT64_MAX, 10);
  ASSERT_TRUE(chunk.ok());
  EXPECT_EQ(chunk->data, "");
  EXPECT_EQ(chunk->size, 6u);
}

TEST_F(VirtualFilesTest, NothingLeadsOut) {
  const std::string sandbox = dir_ + "/sandbox";
  ExpectMissing(dir_ + "/secret");
  ExpectMissing(sandbox + "/../secret");
  ExpectMissing(sandbox + "/sub/../../secret");
  ExpectMissing("/etc/passwd");
  ExpectMissing("/");
  ExpectMissing("");
  ExpectMissing(sandbox + std::string("/stdout\0/x", 10));
  ExpectMissing(sandbox + "x");  // A sibling that starts alike.
  ASSERT_EQ(symlink("../secret", (sandbox + "/relative").c_str()), 0);
  ASSERT_EQ(symlink("/etc/passwd", (sandbox + "/absolute").c_str()), 0);
  ASSERT_EQ(symlink("/proc/self/root", (sandbox + "/magic").c_str()), 0);
  ExpectMissing(sandbox + "/relative");
  ExpectMissing(sandbox + "/absolute");
  ExpectMissing(sandbox + "/magic/etc/passwd");
}

TEST_F(VirtualFilesTest, LinksThatStayInsideWork) {
  ASSERT_EQ(symlink("sub/x", (dir_ + "/sandbox/link").c_str()), 0);
  EXPECT_EQ(files_.Read(dir_ + "/sandbox/link", 0, 10)->data, "deep");
}

TEST_F(VirtualFilesTest, PipesAndFoldersAreNotRead) {
  ASSERT_EQ(mkfifo((dir_ + "/sandbox/pipe").c_str(), 0600), 0);
  EXPECT_EQ(files_.Read(dir_ + "/sandbox/pipe", 0, 10).status().code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(files_.Download(dir_ + "/sandbox/sub").status().code(), StatusCode::kInvalidArgument);
}

TEST_F(VirtualFilesTest, DownloadsTogetherAreBounded) {
  VirtualFiles few(10);
  few.Attach(dir_ + "/sandbox", dir_ + "/sandbox");
  const std::string path = dir_ + "/sandbox/sub/x";
  auto first = few.Download(path);
  const auto second = few.Download(path);
  ASSERT_TRUE(first.ok() && second.ok());
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(few.Download(path).status().message(),
              "Too many files are being downloaded; try again");
  }
  first->reset();
  EXPECT_EQ(*few.Download(path).value(), "deep");
}

TEST_F(VirtualFilesTest, LargeFilesAreNotDownloaded) {
  const std::string path = dir_ + "/sandbox/large";
  std::ofstream(path).close();
  ASSERT_EQ(truncate(path.c_str(), kMaxDownloadBytes + 1), 0);
  EXPECT_EQ(files_.Download(path).status().code(), StatusCode::kResourceExhausted);
}

TEST_F(VirtualFilesTest, DetachedIsGone) {
  files_.Detach(dir_ + "/sandbox");
  ExpectMissing(dir_ + "/sandbox/stdout");
}

TEST_F(VirtualFilesTest, AReadIsBounded) {
  std::ofstream(dir_ + "/sandbox/big") << std::string(kMaxReadBytes + 10, 'x');
  EXPECT_EQ(files_.Read(dir_ + "/sandbox/big", 0, SIZE_MAX)->data.size(), kMaxReadBytes);
}

}  // namespace
}  // namespace meseta::endpoints
