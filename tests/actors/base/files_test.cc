// Goal: whole files arrive whole, within a bound, and are replaced atomically.
#include "actors/base/files.h"

#include <dirent.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <set>

namespace meseta::files {
namespace {

class FilesTest : public ::testing::Test {
 protected:
  FilesTest() {
    char name[] = "/tmp/files_test.XXXXXX";
    folder = mkdtemp(name);
  }
  ~FilesTest() override { std::system(("rm -rf " + folder).c_str()); }

  std::set<std::string> Entries() {
    std::set<std::string> names;
    DIR* dir = opendir(folder.c_str());
    while (const dirent* entry = readdir(dir)) names.insert(entry->d_name);
    closedir(dir);
    names.erase(".");
    names.erase("..");
    return names;
  }

  std::string folder;
};

TEST_F(FilesTest, WritesReplacesAndReads) {
  const std::string path = folder + "/x";
  const std::string large(200'000, 'a');
  ASSERT_EQ(WriteFileDurably(path, large), OkStatus());
  EXPECT_EQ(*ReadFile(path), large);
  ASSERT_EQ(WriteFileDurably(path, std::string("\0b", 2), 0600), OkStatus());
  EXPECT_EQ(*ReadFile(path), std::string("\0b", 2));
  struct stat info {};
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  EXPECT_EQ(Entries(), std::set<std::string>{"x"});  // No temporary file stays.
}

TEST_F(FilesTest, LargerThanTheBoundIsRefused) {
  const std::string path = folder + "/x";
  ASSERT_EQ(WriteFileDurably(path, "12345"), OkStatus());
  EXPECT_TRUE(ReadFile(path, 5).ok());
  EXPECT_EQ(ReadFile(path, 4).status().code(), StatusCode::kResourceExhausted);
}

TEST_F(FilesTest, FilesOfUnknownSizeAreRead) { EXPECT_FALSE(ReadFile("/proc/self/stat")->empty()); }

TEST_F(FilesTest, FailuresNameTheFileAndLeaveTheOldOne) {
  EXPECT_EQ(ReadFile(folder + "/none").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(WriteFileDurably(folder + "/none/x", "1").code(), StatusCode::kNotFound);
  ASSERT_EQ(MakeDirectories(folder + "/d/e"), OkStatus());
  EXPECT_FALSE(WriteFileDurably(folder + "/d", "1").ok());  // A folder is in the way.
  EXPECT_EQ(Entries(), std::set<std::string>{"d"});
  EXPECT_FALSE(ReadFile(folder + "/d").ok());
}

TEST_F(FilesTest, MakesMissingParents) {
  ASSERT_EQ(MakeDirectories(folder + "/a/b/c"), OkStatus());
  ASSERT_EQ(MakeDirectories(folder + "/a/b/c/"), OkStatus());
  ASSERT_EQ(WriteFileDurably(folder + "/a/b/c/file", ""), OkStatus());
  EXPECT_EQ(MakeDirectories(folder + "/a/b/c/file").code(), StatusCode::kAlreadyExists);
  EXPECT_FALSE(MakeDirectories(folder + "/a/b/c/file/d").ok());
  EXPECT_FALSE(MakeDirectories("").ok());
}

}  // namespace
}  // namespace meseta::files
