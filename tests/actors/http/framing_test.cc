// RecordIO, server-sent events, gzip, dates: pure framings.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "actors/http/gzip.h"
#include "actors/http/http_date.h"
#include "actors/http/recordio.h"
#include "actors/http/sse.h"

namespace meseta::http {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

RC_GTEST_PROP(RecordIo, AnyCutOfTheStreamGivesTheSameRecords,
              (std::vector<std::string> records, std::vector<uint8_t> cuts)) {
  std::string stream;
  for (const auto& record : records) stream += EncodeRecord(record);
  RecordDecoder decoder;
  std::vector<std::string> got;
  size_t at = 0;
  const auto feed = [&](size_t n) {
    auto decoded = decoder.Decode(std::string_view(stream).substr(at, n));
    RC_ASSERT(decoded.ok());
    got.insert(got.end(), decoded->begin(), decoded->end());
    at = std::min(stream.size(), at + n);
  };
  for (const uint8_t cut : cuts) feed(cut % 7);
  feed(stream.size());
  RC_ASSERT(got == records);
  RC_ASSERT(decoder.at_boundary());
}

TEST(RecordIo, EncodesLengthAndPayload) {
  EXPECT_EQ(EncodeRecord("hello"), "5\nhello");
  EXPECT_EQ(EncodeRecord(""), "0\n");
}

TEST(RecordIo, RefusesGarbageAndStaysFailed) {
  for (const char* bad : {"x", "\n", "-1\n", "+5\nabcde", " 5\nabcde", "5 \nabcde", "0x5\n",
                          "1e3\n", "99999999999999999999999", "18446744073709551616\n"}) {
    RecordDecoder decoder;
    EXPECT_FALSE(decoder.Decode(bad).ok()) << bad;
    EXPECT_FALSE(decoder.Decode("1\na").ok()) << bad;
  }
}

TEST(RecordIo, BoundsARecord) {
  RecordDecoder decoder(10);
  EXPECT_TRUE(decoder.Decode("10\n0123456789").ok());
  auto result = decoder.Decode("11\n");
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.status().code(), StatusCode::kResourceExhausted);
}

TEST(RecordIo, KnowsWhetherTheStreamMayEnd) {
  RecordDecoder decoder;
  EXPECT_TRUE(decoder.at_boundary());
  EXPECT_THAT(*decoder.Decode("1\na2"), ElementsAre("a"));
  EXPECT_FALSE(decoder.at_boundary());
  EXPECT_THAT(*decoder.Decode("\nb"), ElementsAre());
  EXPECT_FALSE(decoder.at_boundary());
  EXPECT_THAT(*decoder.Decode("c"), ElementsAre("bc"));
  EXPECT_TRUE(decoder.at_boundary());
}

TEST(Sse, EveryLineOfDataIsADataLine) {
  EXPECT_EQ(EncodeEvent("status_update_event", "{\"a\":1}"),
            "event: status_update_event\ndata: {\"a\":1}\n\n");
  EXPECT_EQ(EncodeEvent("", "a\nb\r\nc\rd", "7"), "id: 7\ndata: a\ndata: b\ndata: c\ndata: d\n\n");
  EXPECT_EQ(EncodeEvent("x\ndata: forged", ""), "event: xdata: forged\ndata: \n\n");
  EXPECT_EQ(EncodeEventComment("ping"), ": ping\n\n");
}

RC_GTEST_PROP(Gzip, RoundTrip, (std::string text)) {
  auto back = Gunzip(Gzip(text), text.size());
  RC_ASSERT(back.ok());
  RC_ASSERT(*back == text);
}

TEST(Gzip, BoundsAndGarbage) {
  const std::string bomb = Gzip(std::string(10'000'000, '0'));
  EXPECT_LT(bomb.size(), 100'000U);
  EXPECT_EQ(Gunzip(bomb, 1'000'000).status().code(), StatusCode::kResourceExhausted);
  EXPECT_FALSE(Gunzip("not gzip", 100).ok());
  EXPECT_FALSE(Gunzip("", 100).ok());
  EXPECT_FALSE(Gunzip(std::string_view(bomb).substr(0, 50), 100'000'000).ok());
}

TEST(Gzip, InPieces) {
  const std::string text(200'000, 'x');
  std::string zipped;
  GzipCompressor compressor;
  for (size_t i = 0; i < text.size(); i += 50'000) {
    compressor.Add(std::string_view(text).substr(i, 50'000), i + 50'000 == text.size(), &zipped);
  }
  EXPECT_EQ(*Gunzip(zipped, text.size()), text);
}

TEST(HttpDate, RoundTripAndRefusal) {
  EXPECT_EQ(FormatHttpDate(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(ParseHttpDate("Sun, 06 Nov 1994 08:49:37 GMT"), 784111777);
  EXPECT_EQ(ParseHttpDate(FormatHttpDate(0)), 0);
  for (const char* bad : {"", "yesterday", "Sun, 06 Nox 1994 08:49:37 GMT",
                          "Sun, 06 Nov 1994 08:49:37 PST", "784111777"}) {
    EXPECT_EQ(ParseHttpDate(bad), std::nullopt) << bad;
  }
}

}  // namespace
}  // namespace meseta::http
