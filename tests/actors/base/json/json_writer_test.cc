// JsonWriter, by exact text; doubles also by reading them back.
#include "actors/base/json/json_writer.h"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <string>

#include "actors/base/json/json_parser.h"

namespace meseta {
namespace {

std::string DoubleText(double value) {
  std::string out;
  JsonWriter writer(&out);
  writer.Double(value);
  return out;
}

std::string StringText(std::string_view value) {
  std::string out;
  AppendJsonString(value, &out);
  return out;
}

TEST(JsonWriterTest, PlacesCommasAndColons) {
  std::string out;
  JsonWriter writer(&out);
  writer.BeginObject();
  writer.Key("a");
  writer.BeginArray();
  writer.Int(-1);
  writer.UInt(std::numeric_limits<uint64_t>::max());
  writer.BeginObject();
  writer.EndObject();
  writer.BeginArray();
  writer.EndArray();
  writer.Null();
  writer.EndArray();
  writer.Key("b");
  writer.Bool(true);
  writer.Key("c");
  writer.Raw(R"({"x":1})");
  writer.Key("d");
  writer.String("e");
  writer.EndObject();
  EXPECT_EQ(out, R"({"a":[-1,18446744073709551615,{},[],null],"b":true,"c":{"x":1},"d":"e"})");
}

TEST(JsonWriterTest, AppendsToWhatIsThere) {
  std::string out = "callback(";
  JsonWriter writer(&out);
  writer.Int(1);
  EXPECT_EQ(out, "callback(1");
}

TEST(JsonWriterTest, WholeDoublesKeepAFraction) {
  EXPECT_EQ(DoubleText(0), "0.0");
  EXPECT_EQ(DoubleText(-0.0), "-0.0");
  EXPECT_EQ(DoubleText(1), "1.0");
  EXPECT_EQ(DoubleText(100000), "100000.0");
  EXPECT_EQ(DoubleText(1e20), "100000000000000000000.0");
  EXPECT_EQ(DoubleText(0.1), "0.1");
  EXPECT_EQ(DoubleText(0.1 + 0.2), "0.30000000000000004");
  EXPECT_EQ(DoubleText(1795355860.264993), "1795355860.264993");
  EXPECT_EQ(DoubleText(1e21), "1e+21");
  EXPECT_EQ(DoubleText(1e-7), "1e-07");
}

TEST(JsonWriterTest, NonFiniteDoublesAreStrings) {
  EXPECT_EQ(DoubleText(std::numeric_limits<double>::infinity()), "\"Infinity\"");
  EXPECT_EQ(DoubleText(-std::numeric_limits<double>::infinity()), "\"-Infinity\"");
  EXPECT_EQ(DoubleText(std::nan("")), "\"NaN\"");
}

TEST(JsonWriterTest, EscapesControlsQuotesAndBackslashes) {
  EXPECT_EQ(StringText("a\"b\\c/d"), R"("a\"b\\c/d")");
  EXPECT_EQ(StringText("\b\f\n\r\t"), R"("\b\f\n\r\t")");
  EXPECT_EQ(StringText(std::string_view("\0\x1f\x7f", 3)), "\"\\u0000\\u001F\x7f\"");
}

TEST(JsonWriterTest, KeepsUtf8AndReplacesWhatIsNot) {
  EXPECT_EQ(StringText("h\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"),
            "\"h\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\"");
  const std::string bad = "\xef\xbf\xbd";
  EXPECT_EQ(StringText("\xff" "a"), "\"" + bad + "a\"");
  EXPECT_EQ(StringText("\xc3"), "\"" + bad + "\"");                          // Truncated.
  EXPECT_EQ(StringText("\xc0\xaf"), "\"" + bad + bad + "\"");                // Overlong.
  EXPECT_EQ(StringText("\xed\xa0\x80"), "\"" + bad + bad + bad + "\"");      // A surrogate.
  EXPECT_EQ(StringText("\xf4\x90\x80\x80"), "\"" + bad + bad + bad + bad + "\"");
}

RC_GTEST_PROP(JsonWriterProperty, AnyBytesGiveAStringThatParses, (const std::string& bytes)) {
  const auto parsed = ParseJson(StringText(bytes));
  RC_ASSERT(parsed.ok());
  RC_ASSERT(parsed->is_string());
}

RC_GTEST_PROP(JsonWriterProperty, DoublesRoundTripExactly, ()) {
  const double value = std::bit_cast<double>(*rc::gen::arbitrary<uint64_t>());
  RC_PRE(std::isfinite(value));
  const auto parsed = ParseJson(DoubleText(value));
  RC_ASSERT(parsed.ok());
  RC_ASSERT(parsed->is_double());
  RC_ASSERT(std::bit_cast<uint64_t>(parsed->get_double()) == std::bit_cast<uint64_t>(value));
}

}  // namespace
}  // namespace meseta
