// URLs, negotiation, routing, heads and credentials: pure values.
#include "actors/http/negotiation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "actors/http/auth.h"
#include "actors/http/request_head.h"
#include "actors/http/response_head.h"
#include "actors/http/router.h"
#include "actors/http/url.h"

namespace meseta::http {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Request With(std::initializer_list<std::pair<std::string, std::string>> headers) {
  Request request;
  request.headers = Headers(headers);
  return request;
}

TEST(Negotiation, JsonWhenAcceptableElseProtobufElseRefused) {
  const std::vector<std::pair<std::string, std::optional<ContentType>>> cases = {
      {"*/*", ContentType::kJson},
      {"application/*", ContentType::kJson},
      {"application/json", ContentType::kJson},
      {"APPLICATION/JSON", ContentType::kJson},
      {"application/x-protobuf", ContentType::kProtobuf},
      {"application/x-protobuf, application/json", ContentType::kJson},
      {"application/x-protobuf;q=0.9, application/json;q=0.1", ContentType::kJson},
      {"application/json;q=0, application/x-protobuf", ContentType::kProtobuf},
      {"application/json;q=0, */*", ContentType::kProtobuf},
      {"*/*;q=0", std::nullopt},
      {"text/html", std::nullopt},
      {"text/xml, application/xml", std::nullopt},
      {"", std::nullopt},
      {"text/html, */*;q=0.8", ContentType::kJson},
  };
  for (const auto& [accept, expected] : cases) {
    const auto result = NegotiateAccept(With({{"Accept", accept}}));
    EXPECT_EQ(result.ok(), expected.has_value()) << accept;
    if (expected && result.ok()) {
      EXPECT_EQ(*result, *expected) << accept;
    }
  }
  EXPECT_EQ(*NegotiateAccept(With({})), ContentType::kJson);
  EXPECT_EQ(NegotiateAccept(With({{"Accept", "text/xml"}})).status().message(),
            "Expecting 'Accept' to allow 'application/x-protobuf' or 'application/json'");
  EXPECT_EQ(*NegotiateMessageAccept(With({{"Message-Accept", "application/x-protobuf"}})),
            ContentType::kProtobuf);
}

TEST(Negotiation, ContentTypeOfRequests) {
  EXPECT_EQ(*RequestContentType(With({{"Content-Type", "application/json; charset=utf-8"}})),
            ContentType::kJson);
  EXPECT_EQ(*RequestContentType(With({{"content-type", "application/x-protobuf"}})),
            ContentType::kProtobuf);
  EXPECT_EQ(RequestContentType(With({})).status().message(),
            "Expecting 'Content-Type' to be present");
  EXPECT_EQ(RequestContentType(With({{"Content-Type", "text/plain"}})).status().message(),
            "Expecting 'Content-Type' of application/json or application/x-protobuf");
}

TEST(Negotiation, GzipOnlyWhenNamed) {
  EXPECT_TRUE(AcceptsGzip(Headers({{"Accept-Encoding", "gzip"}})));
  EXPECT_TRUE(AcceptsGzip(Headers({{"Accept-Encoding", "deflate, gzip;q=0.5"}})));
  EXPECT_FALSE(AcceptsGzip(Headers({{"Accept-Encoding", "gzip;q=0"}})));
  EXPECT_FALSE(AcceptsGzip(Headers({{"Accept-Encoding", "gzip;q=0, *"}})));
  EXPECT_FALSE(AcceptsGzip(Headers({{"Accept-Encoding", "identity"}})));
  EXPECT_FALSE(AcceptsGzip(Headers()));
}

RC_GTEST_PROP(Url, EncodeDecodeRoundTrip, (std::string text)) {
  RC_PRE(text.find('\0') == std::string::npos);
  RC_ASSERT(*UrlDecode(UrlEncode(text), true) == text);
}

TEST(Url, TargetsAndQueries) {
  const auto target = ParseTarget("/files/read?path=a%20b+c&offset=0;length=5&flag&path=last");
  ASSERT_TRUE(target.ok());
  EXPECT_EQ(target->path, "/files/read");
  EXPECT_EQ(target->query,
            (QueryMap{{"path", "last"}, {"offset", "0"}, {"length", "5"}, {"flag", ""}}));
  EXPECT_EQ(ParseTarget("/a+b")->path, "/a+b");
  EXPECT_EQ(ParseTarget("http://host:80/x?y=1")->path, "/x");
  EXPECT_EQ(ParseTarget("http://host")->path, "/");
  EXPECT_EQ(ParseTarget("*")->path, "*");
  for (const char* bad : {"", "x", "/%", "/%4", "/%zz", "/%00", "/a?b=%G1", "host:80"}) {
    EXPECT_FALSE(ParseTarget(bad).ok()) << bad;
  }
}

TEST(Url, Whole) {
  const auto url = ParseUrl("https://[::1]/a?b#c");
  ASSERT_TRUE(url.ok());
  EXPECT_EQ(url->host, "::1");
  EXPECT_EQ(url->port, 443);
  EXPECT_EQ(url->target, "/a?b");
  EXPECT_EQ(ParseUrl("http://h:81")->target, "/");
  EXPECT_EQ(ParseUrl("http://h?x=1")->target, "/?x=1");
  for (const char* bad :
       {"", "h:80", "ftp://h", "http://", "http://h:x/", "http://h/a b", "http://h/a\r\nX: y"}) {
    EXPECT_FALSE(ParseUrl(bad).ok()) << bad;
  }
  const Url from = *ParseUrl("http://h:5050/a");
  EXPECT_EQ(*ResolveLocation(from, "//m:1/b"), "http://m:1/b");
  EXPECT_EQ(*ResolveLocation(from, "/b"), "http://h:5050/b");
  EXPECT_EQ(*ResolveLocation(from, "https://x/"), "https://x/");
  EXPECT_FALSE(ResolveLocation(from, "b").ok());
}

TEST(Router, LongestPrefixOfWholeComponents) {
  Router router;
  const auto handler = [](Request, ResponderPtr) {};
  const auto size = [](size_t n) {
    RouteOptions options;
    options.max_body_bytes = n;
    return options;
  };
  RouteOptions exact = size(4);
  exact.exact = true;
  router.Add("/", size(1), handler);
  router.Add("/api/v1", size(2), handler);
  router.Add("/api/v1/scheduler", size(3), handler);
  router.Add("/health", exact, handler);
  router.Alias("/master");
  const auto at = [&](std::string_view path) {
    const Router::Route* route = router.Match(path);
    return route == nullptr ? 0 : route->options.max_body_bytes;
  };
  EXPECT_EQ(at("/api/v1"), 2U);
  EXPECT_EQ(at("/api/v1/"), 2U);
  EXPECT_EQ(at("/api/v1/operator/x"), 2U);
  EXPECT_EQ(at("/api/v1/scheduler"), 3U);
  EXPECT_EQ(at("/api/v1scheduler"), 1U);
  EXPECT_EQ(at("/health"), 4U);
  EXPECT_EQ(at("/health/x"), 1U);
  EXPECT_EQ(at("/master/health"), 4U);
  EXPECT_EQ(at("/master/api/v1/scheduler"), 3U);
  EXPECT_EQ(at("/masterful"), 1U);
  EXPECT_EQ(at("*"), 0U);
  EXPECT_EQ(router.Paths().size(), 4U);
}

TEST(ResponseHead, HandlersCannotBreakTheFraming) {
  Response response = Response::Text(200, "x");
  response.headers.Add("Location", "/a\r\nX-Injected: yes");
  response.headers.Add("Content-Length", "999");
  response.headers.Add("Connection", "close");
  HeadFacts facts;
  facts.content_length = 1;
  facts.date = "now";
  const std::string head = RenderHead(response, facts);
  EXPECT_THAT(head, HasSubstr("Location: /a  X-Injected: yes\r\n"));
  EXPECT_THAT(head, HasSubstr("Content-Length: 1\r\n"));
  EXPECT_THAT(head, Not(HasSubstr("999")));
  EXPECT_THAT(head, Not(HasSubstr("Connection")));
}

TEST(ResponseHead, MethodNotAllowedNamesAllMethods) {
  const Response response = MethodNotAllowedResponse({"GET", "PUT"}, "POST");
  EXPECT_EQ(response.body,
            "405 Method Not Allowed. Expecting one of { 'GET', 'PUT' }, but received 'POST'.");
  EXPECT_EQ(response.headers.Get("Allow"), "GET, PUT");
}

TEST(BasicAuthenticator, AcceptsTheRightSecretOnly) {
  const BasicAuthenticator auth(
      "mesos-master-readonly",
      std::make_shared<const net::Credentials>(
          net::Credentials::Parse(R"({"credentials": [{"principal": "ann", "secret": "s3:cret"},
                                                      {"principal": "bob", "secret": ""}]})")
              .value()));
  using net::BasicAuthorization;
  const auto accepted =
      auth.Authenticate(With({{"Authorization", BasicAuthorization({"ann", "s3:cret"})}}));
  EXPECT_TRUE(accepted.accepted);
  EXPECT_EQ(accepted.principal, "ann");
  EXPECT_TRUE(
      auth.Authenticate(With({{"Authorization", BasicAuthorization({"bob", ""})}})).accepted);
  for (const std::string& value :
       {BasicAuthorization({"ann", "wrong"}), BasicAuthorization({"eve", "s3:cret"}),
        BasicAuthorization({"", ""}), std::string("Basic"), std::string("Basic "),
        std::string("Basic !!!!"), std::string("Basic YQ=="), std::string("Bearer x"),
        std::string(20'000, 'B'), std::string("Basic ====")}) {
    const auto refused = auth.Authenticate(With({{"Authorization", value}}));
    EXPECT_FALSE(refused.accepted) << value;
    EXPECT_EQ(refused.refusal.status, 401);
    EXPECT_EQ(refused.refusal.headers.Get("WWW-Authenticate"),
              "Basic realm=\"mesos-master-readonly\"");
  }
  EXPECT_FALSE(auth.Authenticate(With({})).accepted);
}

TEST(Headers, SetReplacesAllOfAName) {
  Headers headers({{"A", "1"}, {"b", "2"}, {"a", "3"}});
  headers.Set("a", "4");
  EXPECT_EQ(headers.Get("A"), "4");
  EXPECT_EQ(headers.size(), 2U);
  headers.Remove("B");
  EXPECT_FALSE(headers.Has("b"));
}

}  // namespace
}  // namespace meseta::http
