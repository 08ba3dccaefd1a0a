// Goal: times, sizes, ids, statuses and draws behave as their users write and expect them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cerrno>
#include <set>
#include <unordered_set>

#include "actors/base/bytes.h"
#include "actors/base/ids.h"
#include "actors/base/rng.h"
#include "actors/base/status.h"
#include "actors/base/time.h"

namespace meseta {
namespace {

using ::testing::HasSubstr;

// ---- Duration

TEST(DurationTest, ReadsWhatMesosUsersWrite) {
  EXPECT_EQ(*Duration::Parse("10secs"), Duration::Seconds(10));
  EXPECT_EQ(*Duration::Parse("5mins"), Duration::Minutes(5));
  EXPECT_EQ(*Duration::Parse("1.5mins"), Duration::Seconds(90));
  EXPECT_EQ(*Duration::Parse("250ms"), Duration::Millis(250));
  EXPECT_EQ(*Duration::Parse("3hrs"), Duration::Hours(3));
  EXPECT_EQ(*Duration::Parse("1days"), Duration::Days(1));
  EXPECT_EQ(*Duration::Parse("2weeks"), Duration::Days(14));
  EXPECT_EQ(*Duration::Parse("7us"), Duration::Micros(7));
  EXPECT_EQ(*Duration::Parse("7ns"), Duration::Nanos(7));
  EXPECT_EQ(*Duration::Parse("0ns"), Duration());
  EXPECT_EQ(*Duration::Parse("10 secs"), Duration::Seconds(10));
  EXPECT_EQ(*Duration::Parse("-1secs"), Duration::Seconds(-1));
}

TEST(DurationTest, RefusesWhatIsNoDuration) {
  for (const char* text : {"", "10", "secs", "10parsecs", "1e400secs", "nansecs", "infsecs",
                           "10secs ", " 10secs", "1 0secs", "10SECS"}) {
    EXPECT_EQ(Duration::Parse(text).status().code(), StatusCode::kInvalidArgument) << text;
  }
  EXPECT_THAT(Duration::Parse("1000000weeks").status().message(), HasSubstr("out of range"));
  EXPECT_THAT(Duration::Parse("10").status().message(), HasSubstr("'10'"));
}

RC_GTEST_PROP(DurationProperty, TextIsReadBackWhenExact, (int32_t n)) {
  for (const Duration d : {Duration::Nanos(n), Duration::Millis(n), Duration::Seconds(n)}) {
    RC_ASSERT(*Duration::Parse(d.ToString()) == d);
  }
}

TEST(DurationTest, SecondsFromDoubleSaturate) {
  EXPECT_EQ(Duration::FromSecondsDouble(1.5), Duration::Millis(1500));
  EXPECT_EQ(Duration::FromSecondsDouble(1e300), Duration::Max());
  EXPECT_EQ(Duration::FromSecondsDouble(std::numeric_limits<double>::quiet_NaN()), Duration());
  EXPECT_LT(Duration::FromSecondsDouble(-1e300), Duration());
}

TEST(TimeTest, AddingTheLongestDurationSaturates) {
  EXPECT_EQ(Time::FromNanos(5) + Duration::Max(), Time::Max());
  EXPECT_EQ(Time::FromNanos(5) - Time::FromNanos(2), Duration::Nanos(3));
}

// ---- Bytes

TEST(BytesTest, ReadsWhatMesosUsersWrite) {
  EXPECT_EQ(*Bytes::Parse("256MB"), Bytes::Megabytes(256));
  EXPECT_EQ(*Bytes::Parse("1.5GB"), Bytes::Megabytes(1536));
  EXPECT_EQ(*Bytes::Parse("64KB"), Bytes::Kilobytes(64));
  EXPECT_EQ(*Bytes::Parse("10B"), Bytes(10));
  EXPECT_EQ(*Bytes::Parse("2TB"), Bytes::Gigabytes(2048));
}

TEST(BytesTest, RefusesWhatIsNoSize) {
  for (const char* text : {"", "10", "MB", "10mb", "-1MB", "1e30TB", "nanB", "1MB2"}) {
    EXPECT_EQ(Bytes::Parse(text).status().code(), StatusCode::kInvalidArgument) << text;
  }
}

RC_GTEST_PROP(BytesProperty, TextIsReadBack, (uint32_t n)) {
  for (const Bytes b : {Bytes(n), Bytes::Kilobytes(n), Bytes::Megabytes(n)}) {
    RC_ASSERT(*Bytes::Parse(b.ToString()) == b);
  }
}

TEST(BytesTest, TextUsesTheLargestExactUnit) {
  EXPECT_EQ(Bytes::Megabytes(1536).ToString(), "1536MB");
  EXPECT_EQ(Bytes::Gigabytes(2).ToString(), "2GB");
  EXPECT_EQ(Bytes().ToString(), "0B");
}

// ---- Ids

TEST(IdTest, OrdersHashesAndCompares) {
  const AgentId a("a");
  const AgentId b("b");
  EXPECT_LT(a, b);
  EXPECT_EQ(a, AgentId("a"));
  EXPECT_TRUE(AgentId().empty());
  const std::unordered_set<AgentId> ids{a, b, AgentId("a")};
  EXPECT_EQ(ids.size(), 2u);
}

// ---- Rng

TEST(RngTest, SameSeedSameDraws) {
  Rng a(7);
  Rng b(7);
  Rng c(8);
  EXPECT_EQ(a.Next(), b.Next());
  EXPECT_EQ(a.Uuid(), b.Uuid());
  EXPECT_NE(a.Next(), c.Next());
}

RC_GTEST_PROP(RngProperty, DrawsStayInRange, (uint64_t seed)) {
  Rng rng(seed);
  const uint64_t bound = rng.Next() | 1;
  RC_ASSERT(rng.Below(bound) < bound);
  RC_ASSERT(rng.Below(1) == 0u);
  const double u = rng.Uniform();
  RC_ASSERT(u >= 0 && u < 1);
}

TEST(RngTest, UuidsAreVersion4AndConvert) {
  Rng rng(1);
  const std::string text = rng.Uuid();
  ASSERT_EQ(text.size(), 36u);
  EXPECT_EQ(text[14], '4');
  EXPECT_NE(std::string("89ab").find(text[19]), std::string::npos);
  const std::string bytes = UuidFromString(text);
  ASSERT_EQ(bytes.size(), 16u);
  EXPECT_EQ(UuidToString(bytes), text);
  EXPECT_EQ(UuidFromString("not a uuid"), "");
  EXPECT_EQ(UuidFromString(std::string(36, 'g')), "");
}

TEST(RngTest, BelowReachesEveryValue) {
  Rng rng(3);
  std::set<uint64_t> seen;
  for (int i = 0; i < 200; ++i) seen.insert(rng.Below(6));
  EXPECT_EQ(seen.size(), 6u);
}

// ---- Status and Result

Result<int> Half(int n) {
  if (n % 2 != 0) return InvalidArgument("odd");
  return n / 2;
}

Result<int> Quarter(int n) {
  ASSIGN_OR_RETURN(const int half, Half(n));
  return Half(half);
}

Status Check(int n) {
  RETURN_IF_ERROR(Quarter(n).status());
  return OkStatus();
}

TEST(StatusTest, MacrosPassFailuresOn) {
  EXPECT_EQ(*Quarter(8), 2);
  EXPECT_EQ(Quarter(6).status(), InvalidArgument("odd"));
  EXPECT_EQ(Check(8), OkStatus());
  EXPECT_EQ(Check(3), InvalidArgument("odd"));
  EXPECT_EQ(Half(3).value_or(9), 9);
}

TEST(StatusTest, ContextComesFirst) {
  EXPECT_EQ(NotFound("no").WithContext("x").ToString(), "NOT_FOUND: x: no");
  EXPECT_EQ(OkStatus().WithContext("x").ToString(), "OK");
}

TEST(StatusTest, ErrnoGetsItsMeaning) {
  EXPECT_EQ(ErrnoStatus(ENOENT, "x").code(), StatusCode::kNotFound);
  EXPECT_EQ(ErrnoStatus(ENOSPC, "x").code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(ErrnoStatus(EACCES, "x"), PermissionDenied("x: Permission denied"));
}

TEST(CheckDeathTest, BrokenInvariantAborts) {
  EXPECT_DEATH(CHECK(1 == 2) << "numbers", "1 == 2.*numbers");
  EXPECT_DEATH((void)Half(3).value(), "odd");
}

}  // namespace
}  // namespace meseta
