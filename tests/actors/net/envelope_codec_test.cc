// Goal: the hand-written codec and the generated LinkEnvelope agree, on good and on bad bytes.
#include "actors/net/envelope_codec.h"

#include <gtest/gtest.h>

#include "actors/base/rng.h"
#include "actors/messages/internal/link.pb.h"

namespace meseta::net {
namespace {

std::string Text(Rng& rng, size_t most) {
  std::string text(rng.Below(most + 1), '\0');
  for (char& c : text) c = static_cast<char>(rng.Below(128));
  return text;
}

Envelope Random(Rng& rng) {
  Envelope envelope;
  envelope.to = Text(rng, 20);
  envelope.from = Text(rng, 40);
  envelope.type = Text(rng, 40);
  envelope.payload = Text(rng, rng.Below(10) == 0 ? 70'000 : 300);
  return envelope;
}

internal::LinkEnvelope ToWire(const Envelope& envelope) {
  internal::LinkEnvelope wire;
  wire.set_to(envelope.to);
  wire.set_from(envelope.from);
  wire.set_type(envelope.type);
  wire.set_payload(envelope.payload);
  return wire;
}

void ExpectSame(const internal::LinkEnvelope& wire, const Envelope& envelope) {
  EXPECT_EQ(wire.to(), envelope.to);
  EXPECT_EQ(wire.from(), envelope.from);
  EXPECT_EQ(wire.type(), envelope.type);
  EXPECT_EQ(wire.payload(), envelope.payload);
}

TEST(EnvelopeCodecTest, WritesAndReadsTheSameBytes) {
  Rng rng(11);
  for (int i = 0; i < 500; ++i) {
    const Envelope envelope = Random(rng);
    const std::string bytes = EncodeEnvelope(envelope);
    EXPECT_EQ(bytes, ToWire(envelope).SerializeAsString());
    Envelope back;
    ASSERT_TRUE(DecodeEnvelope(bytes, &back));
    ExpectSame(ToWire(envelope), back);
  }
}

TEST(EnvelopeCodecTest, SkipsUnknownFields) {
  internal::LinkEnvelope wire;
  wire.set_to("m");
  wire.GetReflection()->MutableUnknownFields(&wire)->AddVarint(9, 7);
  wire.GetReflection()->MutableUnknownFields(&wire)->AddLengthDelimited(10, "new");
  Envelope envelope;
  ASSERT_TRUE(DecodeEnvelope(wire.SerializeAsString(), &envelope));
  EXPECT_EQ(envelope.to, "m");
}

TEST(EnvelopeCodecTest, AgreesOnMutatedBytes) {
  Rng rng(12);
  int refused = 0;
  for (int i = 0; i < 5000; ++i) {
    Envelope small;
    small.to = Text(rng, 5);
    small.payload = Text(rng, 20);
    std::string bytes = EncodeEnvelope(small);
    for (uint64_t n = 1 + rng.Below(3); n > 0; --n) {
      bytes[rng.Below(bytes.size())] = static_cast<char>(rng.Below(128));
    }
    if (rng.Below(2) == 0) bytes.resize(rng.Below(bytes.size() + 1));
    internal::LinkEnvelope wire;
    Envelope envelope;
    const bool accepted = DecodeEnvelope(bytes, &envelope);
    ASSERT_EQ(accepted, wire.ParseFromString(bytes)) << i;
    if (accepted) ExpectSame(wire, envelope);
    refused += accepted ? 0 : 1;
  }
  EXPECT_GT(refused, 500);
}

}  // namespace
}  // namespace meseta::net
