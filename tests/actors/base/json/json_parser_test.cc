// ParseJson: what is refused, and in which words.
#include "actors/base/json/json_parser.h"

#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>
#include <string>

namespace meseta {
namespace {

std::string Failure(std::string_view text) {
  const auto parsed = ParseJson(text);
  if (parsed.ok()) return "parsed: " + boost::json::serialize(*parsed);
  EXPECT_EQ(parsed.status().code(), StatusCode::kInvalidArgument);
  return parsed.status().message();
}

std::string Nested(size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

TEST(JsonParserTest, SyntaxErrorsNameLineAndPlace) {
  EXPECT_EQ(Failure("{"), "syntax error at line 1 near: ");
  EXPECT_EQ(Failure(""), "syntax error at line 1 near: ");
  EXPECT_EQ(Failure("  "), "syntax error at line 1 near: ");
  EXPECT_EQ(Failure("nope"), "syntax error at line 1 near: nope");
  EXPECT_EQ(Failure("[1,\n2,,]\n"), "syntax error at line 2 near: ,]");
  EXPECT_EQ(Failure("@" + std::string(100, 'x')),
            "syntax error at line 1 near: @" + std::string(kMaxJsonExcerpt - 1, 'x'));
}

TEST(JsonParserTest, NoExtensions) {
  for (const char* text : {"[1,]", "{\"a\":1,}", "// c\n1", "Infinity", "[NaN]", "{'a':1}", "01",
                           "+1", ".5", "1.", "\"\xff\"", "\"\\x\"", "{\"a\" 1}"}) {
    EXPECT_FALSE(ParseJson(text).ok()) << text;
  }
}

TEST(JsonParserTest, TrailingGarbageIsAnError) {
  EXPECT_EQ(Failure("{} x"), "Parsed JSON included non-whitespace trailing characters: x");
  EXPECT_EQ(Failure("1 2"), "Parsed JSON included non-whitespace trailing characters: 2");
  EXPECT_TRUE(ParseJson(" {} \r\n\t ").ok());
}

TEST(JsonParserTest, DepthIsLimited) {
  EXPECT_TRUE(ParseJson(Nested(kMaxJsonDepth)).ok());
  EXPECT_EQ(Failure(Nested(kMaxJsonDepth + 1)), "Nested deeper than 100 levels");
  EXPECT_EQ(Failure(std::string(1'000'000, '[')), "Nested deeper than 100 levels");
}

TEST(JsonParserTest, LastOfDuplicateKeysWins) {
  const auto parsed = ParseJson(R"({"a":1,"b":2,"a":3})");
  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->at("a").as_int64(), 3);
  EXPECT_EQ(parsed->as_object().size(), 2U);
}

TEST(JsonParserTest, NumbersAreExact) {
  EXPECT_EQ(ParseJson("9223372036854775807")->as_int64(), INT64_MAX);
  EXPECT_EQ(ParseJson("18446744073709551615")->as_uint64(), UINT64_MAX);
  EXPECT_EQ(ParseJson("18446744073709551616")->as_double(), 18446744073709551616.0);
  EXPECT_EQ(ParseJson("1795355860.264993")->as_double(), 1795355860.264993);
  EXPECT_EQ(ParseJson("1e-400")->as_double(), 0.0);
  EXPECT_EQ(ParseJson("0." + std::string(500, '0') + "1")->as_double(), 0.0);
  EXPECT_EQ(Failure("1e400"), "Value out of range");
  EXPECT_EQ(Failure("[-1" + std::string(400, '0') + "]"), "Value out of range");
}

}  // namespace
}  // namespace meseta
