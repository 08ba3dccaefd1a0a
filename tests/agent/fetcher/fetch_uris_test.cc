// Goal: URIs become files in the sandbox, and nothing ever appears outside of it. Method: archives
// written with libarchive, a small loopback HTTP server, sandboxes with hostile links.
#include "agent/fetcher/fetch_uris.h"

#include <archive.h>
#include <archive_entry.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "agent/fetcher/extract_archive.h"

namespace meseta::agent {
namespace {

namespace fs = std::filesystem;

struct Member {
  std::string path;
  std::string content;       // Or the link's target.
  mode_t type = AE_IFREG;
  bool hard_link = false;
};

void WriteArchive(const std::string& path, bool zip, const std::vector<Member>& members) {
  archive* writer = archive_write_new();
  if (zip) {
    archive_write_set_format_zip(writer);
  } else {
    archive_write_add_filter_gzip(writer);
    archive_write_set_format_pax_restricted(writer);
  }
  ASSERT_EQ(archive_write_open_filename(writer, path.c_str()), ARCHIVE_OK);
  for (const Member& member : members) {
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, member.path.c_str());
    archive_entry_set_perm(entry, 04755);
    archive_entry_set_filetype(entry, member.type);
    if (member.hard_link) {
      archive_entry_set_hardlink(entry, member.content.c_str());
    } else if (member.type == AE_IFLNK) {
      archive_entry_set_symlink(entry, member.content.c_str());
    } else if (member.type == AE_IFREG) {
      archive_entry_set_size(entry, static_cast<la_int64_t>(member.content.size()));
    }
    ASSERT_EQ(archive_write_header(writer, entry), ARCHIVE_OK);
    if (member.type == AE_IFREG && !member.hard_link) {
      archive_write_data(writer, member.content.data(), member.content.size());
    }
    archive_entry_free(entry);
  }
  archive_write_close(writer);
  archive_write_free(writer);
}

// Answers each connection with the same bytes, then closes it.
class OneAnswerServer {
 public:
  explicit OneAnswerServer(std::string answer, bool hang = false)
      : answer_(std::move(answer)), hang_(hang), fd_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    EXPECT_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(fd_, 8), 0);
    getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { Serve(); });
  }
  ~OneAnswerServer() {
    shutdown(fd_, SHUT_RDWR);
    thread_.join();
    close(fd_);
  }
  [[nodiscard]] std::string Url(const std::string& path) const {
    return "http://127.0.0.1:" + std::to_string(port_) + path;
  }

 private:
  void Serve() {
    std::vector<int> hanging;
    for (int peer; (peer = accept(fd_, nullptr, nullptr)) >= 0;) {
      char request[4096];
      (void)!read(peer, request, sizeof(request));
      (void)!write(peer, answer_.data(), answer_.size());
      if (hang_) {
        hanging.push_back(peer);
      } else {
        close(peer);
      }
    }
    for (const int peer : hanging) close(peer);
  }

  std::string answer_;
  bool hang_;
  int fd_;
  int port_ = 0;
  std::thread thread_;
};

class FetchUrisTest : public testing::Test {
 protected:
  FetchUrisTest() {
    char name[] = "/tmp/meseta-fetch-XXXXXX";
    root_ = mkdtemp(name);
    spec_.sandbox = root_ + "/sandbox";
    spec_.stall_timeout = Duration::Seconds(20);
    fs::create_directory(spec_.sandbox);
    fs::create_directory(root_ + "/outside");
  }
  ~FetchUrisTest() override { fs::remove_all(root_); }

  Status Fetch(const std::string& value, const std::string& output = "", bool executable = false) {
    spec_.uris = {{value, output, executable, true}};
    return FetchUris(spec_);
  }
  Status FetchArchive(const std::string& name, const std::vector<Member>& members) {
    WriteArchive(root_ + "/" + name, name.ends_with(".zip"), members);
    return Fetch(root_ + "/" + name);
  }
  std::string Read(const std::string& path) {
    std::ifstream in(spec_.sandbox + "/" + path);
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
  }
  void ExpectNothingOutside() { EXPECT_TRUE(fs::is_empty(root_ + "/outside")); }

  std::string root_;
  FetchSpec spec_;
};

TEST_F(FetchUrisTest, CopiesFilesAndMarksExecutables) {
  std::ofstream(root_ + "/tool") << "#!/bin/sh\n";
  ASSERT_TRUE(Fetch("file://" + root_ + "/tool", "bin/deep/tool", true).ok());
  EXPECT_EQ(Read("bin/deep/tool"), "#!/bin/sh\n");
  struct stat info;
  ASSERT_EQ(stat((spec_.sandbox + "/bin/deep/tool").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0755U);
}

TEST_F(FetchUrisTest, MissingFilesAndFoldersAreSentences) {
  EXPECT_EQ(Fetch("/no/such/file").message(),
            "Failed to fetch '/no/such/file': Failed to copy '/no/such/file': "
            "No such file or directory");
  EXPECT_NE(Fetch(root_ + "/outside").message().find("not a regular file"), std::string::npos);
}

TEST_F(FetchUrisTest, UnpacksTarAndZip) {
  for (const char* name : {"a.tar.gz", "a.zip"}) {
    const Status status = FetchArchive(
        name, {{"d", "", AE_IFDIR}, {"d/x", "hello"}, {"./y", std::string(300'000, 'y')}});
    ASSERT_TRUE(status.ok()) << status;
    EXPECT_EQ(Read("d/x"), "hello");
    EXPECT_EQ(Read("y").size(), 300'000U);
    EXPECT_TRUE(fs::exists(spec_.sandbox + "/" + name));
    struct stat info;
    ASSERT_EQ(stat((spec_.sandbox + "/d/x").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07000, 0U);
  }
}

TEST_F(FetchUrisTest, LinksWithinTheSandboxWork) {
  const Status status = FetchArchive("l.tgz", {{"d/real", "text"},
                                               {"soft", "d/real", AE_IFLNK},
                                               {"d/hard", "d/real", AE_IFREG, true}});
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(Read("soft"), "text");
  EXPECT_EQ(Read("d/hard"), "text");
}

TEST_F(FetchUrisTest, UnpacksOneCompressedFile) {
  archive* writer = archive_write_new();
  archive_write_add_filter_gzip(writer);
  archive_write_set_format_raw(writer);
  archive_write_open_filename(writer, (root_ + "/log.txt.gz").c_str());
  archive_entry* entry = archive_entry_new();
  archive_entry_set_filetype(entry, AE_IFREG);
  archive_write_header(writer, entry);
  archive_write_data(writer, "line\n", 5);
  archive_entry_free(entry);
  archive_write_free(writer);
  const Status status = Fetch(root_ + "/log.txt.gz");
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(Read("log.txt"), "line\n");
}

TEST_F(FetchUrisTest, HostileArchivesAreRefused) {
  const std::string out = root_ + "/outside/x";
  const std::vector<std::vector<Member>> archives = {
      {{"../outside/x", "bad"}},
      {{out, "bad"}},
      {{"a/../../outside/x", "bad"}},
      {{"l", "../outside", AE_IFLNK}, {"l/x", "bad"}},
      {{"l", root_ + "/outside", AE_IFLNK}, {"l/x", "bad"}},
      {{"h", "../outside/secret", AE_IFREG, true}},
      {{"h", "/etc/passwd", AE_IFREG, true}},
      {{"f", "", AE_IFIFO}},
      // Each link stays below by its text; together they climb: the kernel refuses.
      {{"a/b/c", "", AE_IFDIR}, {"s", "a/b/c", AE_IFLNK}, {"s/up", "../../../..", AE_IFLNK}},
  };
  for (size_t i = 0; i < archives.size(); ++i) {
    fs::remove_all(spec_.sandbox);
    fs::create_directory(spec_.sandbox);
    EXPECT_FALSE(FetchArchive("evil.tgz", archives[i]).ok()) << i;
    ExpectNothingOutside();
  }
}

TEST_F(FetchUrisTest, LinksThatClimbTogetherLeadNowhere) {
  // "s/up" is written into a/b/c, where its text climbs out by one level.
  const Status status =
      FetchArchive("evil.tgz", {{"a/b/c", "", AE_IFDIR},
                                {"d/e/f/g", "", AE_IFDIR},
                                {"d/e/f/g/s", "../../../../a", AE_IFLNK},
                                {"d/e/f/g/s/up", "../../../../../outside", AE_IFLNK},
                                {"a/up/x", "bad"}});
  EXPECT_FALSE(status.ok());
  ExpectNothingOutside();
}

TEST_F(FetchUrisTest, LinksAlreadyInTheSandboxAreNotFollowedOut) {
  fs::create_symlink(root_ + "/outside", spec_.sandbox + "/d");
  fs::create_symlink(root_ + "/outside/x", spec_.sandbox + "/x");
  std::ofstream(root_ + "/x") << "data";
  const Status through = Fetch(root_ + "/x", "d/x");
  EXPECT_FALSE(through.ok());
  EXPECT_NE(through.message().find("leads out of the sandbox"), std::string::npos) << through;
  EXPECT_TRUE(Fetch(root_ + "/x").ok());  // The link itself is replaced.
  EXPECT_EQ(Read("x"), "data");
  ExpectNothingOutside();
}

TEST_F(FetchUrisTest, BrokenAndBombArchivesAreErrors) {
  std::ofstream(root_ + "/broken.tar.gz") << "this is not an archive";
  EXPECT_NE(Fetch(root_ + "/broken.tar.gz").message().find("Failed to extract archive"),
            std::string::npos);
  WriteArchive(root_ + "/bomb.zip", true, {{"a", std::string(100'000, '0')}});
  const auto sandbox = Beneath::Open(spec_.sandbox);
  ASSERT_TRUE(sandbox.ok());
  std::ifstream exists(root_ + "/bomb.zip");
  ASSERT_TRUE(exists.good());
  FILE* file = fopen((root_ + "/bomb.zip").c_str(), "r");
  const Status status = Extract(fileno(file), ArchiveKind::kArchive, "", *sandbox, {50'000, 10});
  EXPECT_EQ(status.code(), StatusCode::kResourceExhausted) << status;
  rewind(file);
  lseek(fileno(file), 0, SEEK_SET);
  const Status members = Extract(fileno(file), ArchiveKind::kArchive, "", *sandbox, {1 << 20, 0});
  EXPECT_EQ(members.code(), StatusCode::kResourceExhausted) << members;
  fclose(file);
}

TEST_F(FetchUrisTest, DownloadsOverHttp) {
  const OneAnswerServer server("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody");
  ASSERT_TRUE(Fetch(server.Url("/file.txt")).ok());
  EXPECT_EQ(Read("file.txt"), "body");
}

TEST_F(FetchUrisTest, HttpFailuresAreSentences) {
  const OneAnswerServer missing("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
  EXPECT_NE(Fetch(missing.Url("/x")).message().find("received HTTP return code 404"),
            std::string::npos);
  const OneAnswerServer cut("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort");
  EXPECT_FALSE(Fetch(cut.Url("/x")).ok());
  const OneAnswerServer redirect(
      "HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n");
  EXPECT_FALSE(Fetch(redirect.Url("/x")).ok());
}

TEST_F(FetchUrisTest, StalledDownloadsEnd) {
  spec_.stall_timeout = Duration::Seconds(1);
  const OneAnswerServer server("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nx", true);
  const Status status = Fetch(server.Url("/x"));
  EXPECT_NE(status.message().find("stalled"), std::string::npos) << status;
}

}  // namespace
}  // namespace meseta::agent
