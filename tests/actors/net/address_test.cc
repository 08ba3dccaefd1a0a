#include "actors/net/address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace meseta::net {
namespace {

using ::testing::HasSubstr;

TEST(ParseHostPort, ReadsNamesAndAddresses) {
  EXPECT_EQ(ParseHostPort("10.0.0.1:5050")->ToString(), "10.0.0.1:5050");
  EXPECT_EQ(ParseHostPort("master-1.example.org:80")->host, "master-1.example.org");
  EXPECT_EQ(ParseHostPort("[::1]:5050")->host, "::1");
  EXPECT_EQ(ParseHostPort("[::1]:5050")->ToString(), "[::1]:5050");
  EXPECT_EQ(ParseHostPort("localhost", 5050)->port, 5050);
}

TEST(ParseHostPort, RefusesWhatIsNoAddress) {
  for (const char* text :
       {"", ":", ":80", "host", "host:", "host:x", "host:-1", "host:65536", "host:80x", "ho st:80",
        "[::1", "[zz]:80", "[::1]80", "::1:80", "host:80:90", "http://host:80"}) {
    auto result = ParseHostPort(text);
    ASSERT_FALSE(result.ok()) << text;
    EXPECT_THAT(result.status().message(), HasSubstr("write host:port")) << text;
  }
}

TEST(ListenPolicy, UnsecuredDaemonsStayOnLoopback) {
  EXPECT_TRUE(CheckListenPolicy("127.0.0.1", false, false).ok());
  EXPECT_TRUE(CheckListenPolicy("127.8.9.1", false, false).ok());
  EXPECT_TRUE(CheckListenPolicy("::1", false, false).ok());
  EXPECT_TRUE(CheckListenPolicy("0.0.0.0", true, false).ok());
  EXPECT_TRUE(CheckListenPolicy("0.0.0.0", false, true).ok());
  const Status refused = CheckListenPolicy("0.0.0.0", false, false);
  EXPECT_EQ(refused.code(), StatusCode::kPermissionDenied);
  EXPECT_THAT(refused.message(), HasSubstr("--insecure_listen"));
  EXPECT_EQ(CheckListenPolicy("nonsense", true, true).code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace meseta::net
