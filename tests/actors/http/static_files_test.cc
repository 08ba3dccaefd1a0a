#include "actors/http/static_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "actors/http/http_date.h"

namespace meseta::http {
namespace {

namespace fs = std::filesystem;

class StaticFilesTest : public ::testing::Test {
 protected:
  StaticFilesTest() {
    std::string pattern = testing::TempDir() + "meseta_static_XXXXXX";
    dir_ = mkdtemp(pattern.data());
    fs::create_directories(dir_ / "root" / "app");
    Write("secret.txt", "secret");
    Write("root/index.html", "<html>");
    Write("root/app/app.js", "let a;");
    Write("root/app/index.html", "app index");
    fs::create_symlink("../secret.txt", dir_ / "root" / "leak.txt");
    fs::create_symlink("app/app.js", dir_ / "root" / "inside.js");
    fs::create_symlink("/etc", dir_ / "root" / "etc");
    mkfifo((dir_ / "root" / "pipe").c_str(), 0600);
    files_ = *StaticFiles::Open((dir_ / "root").string());
  }
  ~StaticFilesTest() override { fs::remove_all(dir_); }

  void Write(const std::string& name, const std::string& text) {
    std::ofstream(dir_ / name) << text;
  }
  Response Get(std::string_view path, Headers headers = {}) {
    Request request;
    request.headers = std::move(headers);
    return files_->Serve(request, path);
  }

  fs::path dir_;
  std::shared_ptr<const StaticFiles> files_;
};

TEST_F(StaticFilesTest, ServesFilesAndIndexes) {
  const Response script = Get("app/app.js");
  EXPECT_EQ(script.status, 200);
  EXPECT_EQ(script.body, "let a;");
  EXPECT_EQ(script.headers.Get("Content-Type"), "text/javascript; charset=utf-8");
  EXPECT_EQ(Get("").body, "<html>");
  EXPECT_EQ(Get("/").body, "<html>");
  EXPECT_EQ(Get("app").body, "app index");
  EXPECT_EQ(Get("app/").body, "app index");
  EXPECT_EQ(Get("inside.js").body, "let a;");
}

TEST_F(StaticFilesTest, NothingOutsideTheRoot) {
  for (const char* path : {"../secret.txt", "app/../../secret.txt", "leak.txt", "etc/passwd",
                           "./../secret.txt", "/../secret.txt", "pipe", "nosuch", "app/nosuch",
                           "index.html/x", "..", "../root/index.html"}) {
    EXPECT_EQ(Get(path).status, 404) << path;
  }
  EXPECT_EQ(Get("//etc/passwd").status, 404);
  EXPECT_EQ(Get(std::string(5000, 'a')).status, 404);
}

TEST_F(StaticFilesTest, Revalidates) {
  const Response first = Get("index.html");
  const std::string tag = *first.headers.Get("ETag");
  const std::string modified = *first.headers.Get("Last-Modified");
  EXPECT_EQ(Get("index.html", Headers({{"If-None-Match", tag}})).status, 304);
  EXPECT_EQ(Get("index.html", Headers({{"If-None-Match", "\"other\""}})).status, 200);
  EXPECT_EQ(Get("index.html", Headers({{"If-Modified-Since", modified}})).status, 304);
  EXPECT_EQ(Get("index.html", Headers({{"If-Modified-Since", FormatHttpDate(1000)}})).status, 200);
  EXPECT_EQ(Get("index.html", Headers({{"If-Modified-Since", "rubbish"}})).status, 200);
  EXPECT_TRUE(Get("index.html", Headers({{"If-None-Match", tag}})).body.empty());
}

TEST(StaticFiles, RootMustBeADirectory) {
  const auto result = StaticFiles::Open("/nosuch/dir");
  ASSERT_FALSE(result.ok());
  EXPECT_THAT(result.status().message(), ::testing::HasSubstr("'/nosuch/dir'"));
}

}  // namespace
}  // namespace meseta::http
