// Goal: a URI means what it means in Mesos, nothing leads out of the sandbox, and the helper's
// request and answer survive the way and garbage.
#include "agent/fetcher/fetch_plan.h"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include "agent/fetcher/fetch_protocol.h"

namespace meseta::agent {
namespace {

FetchUri Uri(const std::string& value, const std::string& output = "") {
  FetchUri uri;
  uri.value = value;
  uri.output_file = output;
  return uri;
}

TEST(FetchPlan, SourcesAndNames) {
  const auto http = PlanUri(Uri(" https://host/a/b.tgz"));
  ASSERT_TRUE(http.ok());
  EXPECT_TRUE(http->network);
  EXPECT_EQ(http->source, "https://host/a/b.tgz");
  EXPECT_EQ(http->destination, "b.tgz");
  EXPECT_EQ(http->extract, ArchiveKind::kArchive);
  EXPECT_EQ(PlanUri(Uri("file:///tmp/x"))->source, "/tmp/x");
  EXPECT_EQ(PlanUri(Uri("file://localhost/tmp/x"))->source, "/tmp/x");
  EXPECT_EQ(PlanUri(Uri("/tmp/x", "d/./e//f"))->destination, "d/e/f");
}

TEST(FetchPlan, ExecutablesAreNotUnpacked) {
  FetchUri uri = Uri("/a.tar.gz");
  uri.executable = true;
  EXPECT_EQ(PlanUri(uri)->extract, ArchiveKind::kNone);
  uri.executable = false;
  uri.extract = false;
  EXPECT_EQ(PlanUri(uri)->extract, ArchiveKind::kNone);
}

TEST(FetchPlan, Refusals) {
  for (const char* value : {"http://host", "http://host/", "relative", "s3://bucket/x", "/", "",
                            "/tmp/a'b", "/tmp/a\\b", "/tmp/..", "http://host/.."}) {
    EXPECT_FALSE(PlanUri(Uri(value)).ok()) << value;
  }
  for (const char* output : {"/etc/passwd", "../x", "a/../../x", "a/..", ".", "./"}) {
    EXPECT_FALSE(PlanUri(Uri("/tmp/x", output)).ok()) << output;
  }
}

TEST(FetchPlan, ArchiveKinds) {
  for (const char* name : {"a.tar", "a.tgz", "a.tar.gz", "a.tbz2", "a.tar.bz2", "a.txz", "a.tar.xz",
                           "a.zip"}) {
    EXPECT_EQ(ArchiveKindOf(name), ArchiveKind::kArchive) << name;
  }
  EXPECT_EQ(ArchiveKindOf("a.gz"), ArchiveKind::kGzip);
  EXPECT_EQ(ArchiveKindOf("a.jar"), ArchiveKind::kNone);
}

TEST(FetchPlan, LinksStayBelow) {
  EXPECT_TRUE(LinkStaysBelow("a", "b"));
  EXPECT_TRUE(LinkStaysBelow("d/a", "../b"));
  EXPECT_TRUE(LinkStaysBelow("d/e/a", "../../b/./c"));
  EXPECT_FALSE(LinkStaysBelow("a", "../b"));
  EXPECT_FALSE(LinkStaysBelow("d/a", "../../b"));
  EXPECT_FALSE(LinkStaysBelow("d/a", "../../b/../d"));
  EXPECT_FALSE(LinkStaysBelow("a", "/etc/passwd"));
  EXPECT_FALSE(LinkStaysBelow("a", ""));
}

RC_GTEST_PROP(FetchPlanProperty, PlainPathsNeverClimb, (std::vector<std::string> parts)) {
  std::string path;
  for (const std::string& part : parts) path += part + (part.size() % 2 == 0 ? "/../" : "/");
  const auto plain = PlainRelativePath(path, "it");
  if (!plain.ok()) return;
  RC_ASSERT(plain->front() != '/');
  RC_ASSERT(("/" + *plain + "/").find("/../") == std::string::npos);
}

RC_GTEST_PROP(FetchProtocolProperty, SpecSurvivesTheWay,
              (const std::string& sandbox, uint32_t uid, const std::vector<std::string>& values)) {
  FetchSpec spec;
  spec.sandbox = "/" + sandbox;
  spec.user = UserIds{uid, uid + 1, {1, uid}};
  spec.stall_timeout = Duration::Seconds(7);
  for (const std::string& value : values) {
    spec.uris.push_back({value, value + "x", value.size() % 2 == 0, value.size() % 3 == 0});
  }
  const auto read = DecodeFetchSpec(EncodeFetchSpec(spec));
  RC_ASSERT(read.ok());
  RC_ASSERT(read->sandbox == spec.sandbox);
  RC_ASSERT(read->uris == spec.uris);
  RC_ASSERT(read->user->groups == spec.user->groups);
  RC_ASSERT(read->stall_timeout == spec.stall_timeout);
}

RC_GTEST_PROP(FetchProtocolProperty, CutSpecsAreRefused, (uint16_t cut)) {
  FetchSpec spec;
  spec.sandbox = "/s";
  spec.uris = {Uri("/a")};
  const std::string frame = EncodeFetchSpec(spec);
  RC_ASSERT(!DecodeFetchSpec(frame.substr(0, cut % frame.size())).ok());
}

TEST(FetchProtocol, Answers) {
  EXPECT_TRUE(DecodeFetchAnswer(EncodeFetchAnswer(OkStatus())).ok());
  EXPECT_EQ(DecodeFetchAnswer(EncodeFetchAnswer(NotFound("no\nfile"))).message(), "no file");
  EXPECT_FALSE(DecodeFetchAnswer("").ok());
  EXPECT_FALSE(DecodeFetchAnswer("ok").ok());
  EXPECT_LE(EncodeFetchAnswer(NotFound(std::string(9999, 'x'))).size(), kMaxFetchAnswerBytes);
}

}  // namespace
}  // namespace meseta::agent
