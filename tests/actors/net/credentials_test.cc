// Goal: both forms of credentials files, clear refusals of all else, and basic authentication.
#include "actors/net/credentials.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>

#include "actors/net/credentials_file.h"

namespace meseta::net {
namespace {

TEST(CredentialsTest, ReadsJson) {
  const auto parsed = Credentials::Parse(
      R"({"credentials":[{"principal":"a","secret":"1"},{"principal":"b","secret":"2 x"}]})");
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(parsed->size(), 2u);
  EXPECT_TRUE(parsed->Check({"a", "1"}));
  EXPECT_TRUE(parsed->Check({"b", "2 x"}));
  EXPECT_FALSE(parsed->Check({"a", "2 x"}));
  EXPECT_FALSE(parsed->Check({"a", ""}));
  EXPECT_FALSE(parsed->Check({"c", "1"}));
}

TEST(CredentialsTest, ReadsLines) {
  const auto parsed = Credentials::Parse("# who may connect\n\n  a 1\r\nb\t22\n");
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_TRUE(parsed->Check({"a", "1"}));
  EXPECT_TRUE(parsed->Check({"b", "22"}));
  EXPECT_FALSE(parsed->Check({"b", "2"}));
}

TEST(CredentialsTest, AnEmptySecretMatchesOnlyItself) {
  const auto parsed = Credentials::Parse(R"({"credentials":[{"principal":"a"}]})");
  ASSERT_TRUE(parsed.ok());
  EXPECT_TRUE(parsed->Check({"a", ""}));
  EXPECT_FALSE(parsed->Check({"a", "x"}));
}

TEST(CredentialsTest, RefusalsNameThePlaceAndNoSecret) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "there are no credentials"},
      {"{", "malformed"},
      {"[]", "no list"},
      {R"({"credentials":{}})", "no list"},
      {R"({"credentials":[3]})", "credential 1 is not a JSON object"},
      {R"({"credentials":[{"principal":"a","secret":"hush"},{"secret":"hush"}]})", "credential 2"},
      {R"({"credentials":[{"principal":"a","secret":7}]})", "not a string"},
      {R"({"credentials":[{"principal":"","secret":"hush"}]})", "empty principal"},
      {R"({"credentials":[{"principal":"a:b","secret":"hush"}]})", "contains ':'"},
      {"a hush\nhush\n", "line 2"},
      {"a hush b", "line 1"},
      {"a hush\na hush", "'a' is listed twice"},
  };
  for (const auto& [text, sentence] : cases) {
    const auto parsed = Credentials::Parse(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_NE(parsed.status().message().find(sentence), std::string::npos) << parsed.status();
    EXPECT_EQ(parsed.status().message().find("hush"), std::string::npos) << parsed.status();
  }
}

TEST(CredentialsTest, ReadsOne) {
  const Credential expected{"a", "s"};
  EXPECT_EQ(*ParseCredential(R"( {"principal":"a","secret":"s"} )"), expected);
  EXPECT_EQ(*ParseCredential("a s\n"), expected);
  EXPECT_FALSE(ParseCredential("").ok());
  EXPECT_FALSE(ParseCredential("a s\nb t\n").ok());
  EXPECT_FALSE(ParseCredential("{").ok());
}

TEST(CredentialsTest, BasicAuthentication) {
  EXPECT_EQ(BasicAuthorization({"Aladdin", "open sesame"}),
            "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
  for (const char* secret : {"", "1", "22", "333", "a:b", "\xff\x01"}) {
    const Credential credential{"p", secret};
    const auto parsed = ParseBasicAuthorization(BasicAuthorization(credential));
    ASSERT_TRUE(parsed.ok()) << secret;
    EXPECT_EQ(*parsed, credential);
  }
  EXPECT_EQ(ParseBasicAuthorization("bAsIc  cDpx")->secret, "q");
  for (const char* bad : {"", "Basic", "Bearer abc", "Basic !!!!", "Basic cA==", "Basic a"}) {
    EXPECT_EQ(ParseBasicAuthorization(bad).status().code(), StatusCode::kUnauthenticated) << bad;
  }
}

TEST(CredentialsTest, ReadsFiles) {
  const std::string path = testing::TempDir() + "credentials_test.txt";
  std::ofstream(path) << "a s\n";
  EXPECT_TRUE(ReadCredentialsFile(path)->Check({"a", "s"}));
  EXPECT_EQ(ReadCredentialFile("file://" + path)->principal, "a");
  std::ofstream(path) << "a";
  const auto bad = ReadCredentialFile(path);
  EXPECT_NE(bad.status().message().find(path), std::string::npos) << bad.status();
  std::remove(path.c_str());
  EXPECT_EQ(ReadCredentialsFile(path).status().code(), StatusCode::kNotFound);
  EXPECT_FALSE(ReadCredentialsFile(testing::TempDir()).ok());
}

}  // namespace
}  // namespace meseta::net
