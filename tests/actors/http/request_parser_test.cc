#include "actors/http/request_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/actors/http/bad_requests.h"

namespace meseta::http {
namespace {

using Phase = RequestParser::Phase;

constexpr size_t kMaxBody = 1'000'000;

// Feeds `bytes` in pieces of `step`, as a connection does.
Phase Feed(RequestParser& parser, std::string_view bytes, size_t step) {
  std::string buffer;
  while (!bytes.empty() || parser.phase() == Phase::kHeaderDone) {
    buffer += bytes.substr(0, step);
    bytes.remove_prefix(std::min(step, bytes.size()));
    buffer.erase(0, parser.Put(buffer));
    if (parser.phase() == Phase::kHeaderDone) {
      parser.ReadBody(kMaxBody, false);
      buffer.erase(0, parser.Put(buffer));
    }
    if (parser.phase() == Phase::kFailed || parser.phase() == Phase::kComplete) break;
  }
  return parser.phase();
}

TEST(RequestParser, ReadsARequestInPiecesOfAnySize) {
  const std::string text =
      "POST /a%20b?x=1 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nX-A:  v \r\n\r\n"
      "4\r\nwiki\r\n5;e=1\r\npedia\r\n0\r\nHost: forged\r\n\r\n";
  for (size_t step = 1; step <= text.size(); ++step) {
    RequestParser parser;
    ASSERT_EQ(Feed(parser, text, step), Phase::kComplete) << step << parser.error_text();
    EXPECT_EQ(parser.request().method, "POST");
    EXPECT_EQ(parser.request().path, "/a b");
    EXPECT_EQ(parser.request().query.at("x"), "1");
    EXPECT_EQ(parser.request().headers.Get("x-a"), "v");
    EXPECT_EQ(parser.request().headers.Get("Host"), "h");
    EXPECT_EQ(parser.request().body, "wikipedia");
    EXPECT_TRUE(parser.keep_alive());
  }
}

TEST(RequestParser, StopsAtTheEndOfTheMessage) {
  RequestParser parser;
  const std::string first = "POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nab";
  const std::string both = first + "GET /next HTTP/1.1\r\n\r\n";
  size_t used = parser.Put(both);
  parser.ReadBody(10, false);
  used += parser.Put(std::string_view(both).substr(used));
  EXPECT_EQ(parser.phase(), Phase::kComplete);
  EXPECT_EQ(used, first.size());
}

TEST(RequestParser, KeepAliveByVersionAndHeader) {
  const std::vector<std::pair<std::string, bool>> cases = {
      {"GET / HTTP/1.1\r\n\r\n", true},
      {"GET / HTTP/1.1\r\nConnection: close\r\n\r\n", false},
      {"GET / HTTP/1.0\r\n\r\n", false},
      {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", true}};
  for (const auto& [text, keep] : cases) {
    RequestParser parser;
    ASSERT_EQ(Feed(parser, text, 1000), Phase::kComplete);
    EXPECT_EQ(parser.keep_alive(), keep) << text;
  }
}

TEST(RequestParser, Upgrade) {
  RequestParser parser;
  Feed(parser, "GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: meseta-link\r\n\r\n", 1000);
  EXPECT_EQ(parser.upgrade(), "meseta-link");
  RequestParser without;
  Feed(without, "GET / HTTP/1.1\r\nUpgrade: meseta-link\r\n\r\n", 1000);
  EXPECT_EQ(without.upgrade(), "");
}

TEST(RequestParser, RefusesBadRequestsHoweverTheyAreCut) {
  const auto table = BadRequests();
  EXPECT_GE(table.size(), 100U);
  for (const BadRequest& bad : table) {
    for (const size_t step : {bad.bytes.size(), size_t{997}, size_t{1}}) {
      if (step == 1 && bad.bytes.size() > 1000) continue;  // The same, only slower.
      RequestParser parser;
      EXPECT_EQ(Feed(parser, bad.bytes, step), Phase::kFailed)
          << step << ": " << bad.bytes.substr(0, 200);
      EXPECT_EQ(parser.error_status(), bad.status)
          << step << ": " << bad.bytes.substr(0, 200) << "\n"
          << parser.error_text();
      EXPECT_FALSE(parser.error_text().empty());
    }
  }
}

}  // namespace
}  // namespace meseta::http
