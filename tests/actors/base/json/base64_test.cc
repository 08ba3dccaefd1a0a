// Base64 by the vectors of RFC 4648 and by what lenient decoding must accept.
#include "actors/base/json/base64.h"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

namespace meseta {
namespace {

TEST(Base64Test, StandardVectors) {
  const std::pair<const char*, const char*> vectors[] = {
      {"", ""},         {"f", "Zg=="},         {"fo", "Zm8="},         {"foo", "Zm9v"},
      {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, encoded] : vectors) {
    EXPECT_EQ(Base64Encode(plain), encoded);
    EXPECT_EQ(Base64Decode(encoded).value(), plain);
  }
}

TEST(Base64Test, DecodesLeniently) {
  EXPECT_EQ(Base64Decode("Zg").value(), "f");
  EXPECT_EQ(Base64Decode("Zh==").value(), "f");  // Unused bits are not zero.
  EXPECT_EQ(Base64Decode("Zm9v\r\n YmFy").value(), "foobar");
  EXPECT_EQ(Base64Decode("Zm9v=garbage%").value(), "foo");
  EXPECT_EQ(Base64Decode("-_-_").value(), Base64Decode("+/+/").value());
  EXPECT_EQ(Base64Decode("jhadf73jhakdlfha723adf").value().size(), 16U);
  EXPECT_EQ(Base64Decode("Zm9vY").value(), "foo");  // Six bits are no byte.
}

TEST(Base64Test, RefusesOtherCharacters) {
  EXPECT_EQ(Base64Decode("Zm%v").status().message(), "Invalid character '%'");
  EXPECT_FALSE(Base64Decode(std::string_view("Zm9v\0", 5)).ok());
  EXPECT_FALSE(Base64Decode("Zm9v\xc3\xa9").ok());
}

RC_GTEST_PROP(Base64Property, RoundTrips, (const std::string& bytes)) {
  RC_ASSERT(Base64Decode(Base64Encode(bytes)).value() == bytes);
}

}  // namespace
}  // namespace meseta
