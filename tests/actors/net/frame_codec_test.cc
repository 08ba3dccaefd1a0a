// Goal: what SendQueue and AppendFrame write, FrameDecoder reads, however the socket cuts it; bytes
// that are not frames fail with a sentence and cost no memory. Method: golden bytes, all cuts,
// seeded mutations of a valid stream.
#include "actors/net/frame_codec.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "actors/base/rng.h"

namespace meseta::net {
namespace {

using Message = std::pair<FrameType, std::string>;

class Collector : public MessageSink {
 public:
  Status OnMessage(FrameType type, std::string_view body) override {
    messages.emplace_back(type, std::string(body));
    return OkStatus();
  }
  std::vector<Message> messages;
};

std::string Frame(FrameType type, uint8_t flags, uint16_t stream, std::string_view payload) {
  std::string out;
  AppendFrame(type, flags, stream, payload, &out);
  return out;
}

std::string Chunk(uint8_t flags, uint16_t stream, std::string_view payload) {
  return Frame(FrameType::kEnvelope, flags, stream, payload);
}

TEST(FrameCodecTest, GoldenBytes) {
  EXPECT_EQ(Chunk(kFirstChunk | kLastChunk, 0x0102, "abc"),
            std::string("\x00\x00\x00\x03\x02\x03\x01\x02"
                        "abc",
                        11));
  EXPECT_EQ(Frame(FrameType::kKeepalive, 0, 0, ""), std::string("\0\0\0\0\x03\0\0\0", 8));
  EXPECT_EQ(Chunk(kFirstChunk, 1, std::string(kMaxFramePayload, 'x')).substr(0, 8),
            std::string("\x00\x01\x00\x00\x02\x01\x00\x01", 8));
}

TEST(FrameCodecTest, ReadsWhateverTheCuts) {
  const std::string bytes = Frame(FrameType::kHello, 0, 0, "hello") + Chunk(3, 1, "one") +
                            Chunk(1, 1, "tw") + Chunk(3, 0, "urgent") + Chunk(2, 1, "o") +
                            Frame(FrameType::kClose, 0, 0, "");
  const std::vector<Message> expected = {{FrameType::kHello, "hello"},
                                         {FrameType::kEnvelope, "one"},
                                         {FrameType::kEnvelope, "urgent"},
                                         {FrameType::kEnvelope, "two"},
                                         {FrameType::kClose, ""}};
  for (size_t step = 1; step <= bytes.size(); ++step) {
    FrameDecoder decoder;
    Collector got;
    for (size_t i = 0; i < bytes.size(); i += step) {
      ASSERT_EQ(decoder.Feed(std::string_view(bytes).substr(i, step), &got), OkStatus());
    }
    EXPECT_EQ(got.messages, expected) << "step " << step;
    EXPECT_EQ(decoder.buffered(), 0u);
  }
}

TEST(FrameCodecTest, HoldsOnlyWhatCame) {
  FrameDecoder decoder;
  Collector got;
  // Declares 64 KiB, sends 10 bytes.
  const std::string frame = Chunk(kFirstChunk, 0, std::string(kMaxFramePayload, 'x'));
  ASSERT_EQ(decoder.Feed(frame.substr(0, 18), &got), OkStatus());
  EXPECT_EQ(decoder.buffered(), 18u);
}

TEST(FrameCodecTest, RefusesLongFrame) {
  FrameDecoder decoder;
  Collector got;
  const Status status = decoder.Feed(std::string("\x00\x01\x00\x01\x02\x03\x00\x00", 8), &got);
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_NE(status.message().find("65537"), std::string::npos) << status;
  // Sticky: valid frames afterwards are not read.
  EXPECT_EQ(decoder.Feed(Chunk(3, 0, "x"), &got), status);
  EXPECT_TRUE(got.messages.empty());
}

TEST(FrameCodecTest, RefusesLongFrameSplitInItsHeader) {
  FrameDecoder decoder;
  Collector got;
  ASSERT_EQ(decoder.Feed(std::string("\xff\xff", 2), &got), OkStatus());
  EXPECT_FALSE(decoder.Feed(std::string("\xff\xff\x02\x03\x00\x00", 6), &got).ok());
}

TEST(FrameCodecTest, RefusesChunksOutOfPlace) {
  const std::vector<std::string> bad = {
      Chunk(kLastChunk, 0, "x"),                       // Continues nothing.
      Chunk(0, 5, "x"),                                // The same, in the middle.
      Chunk(1, 0, "x") + Chunk(1, 0, "y"),             // Starts twice.
      Chunk(1, 0, "x") + Chunk(3, 0, "y"),             // A whole one inside another.
      Chunk(1, 0, "") + Chunk(1, 1, "") + Chunk(1, 2, ""),  // Too many open.
      Chunk(7, 0, "x"),                                // Unknown flag.
      Frame(FrameType::kKeepalive, 1, 0, ""),          // Flags where there are none.
      Frame(FrameType::kKeepalive, 0, 1, ""),
  };
  for (size_t i = 0; i < bad.size(); ++i) {
    FrameDecoder decoder;
    Collector got;
    EXPECT_FALSE(decoder.Feed(bad[i], &got).ok()) << i;
  }
}

TEST(FrameCodecTest, SkipsUnknownTypesAndCounts) {
  FrameDecoder decoder;
  Collector got;
  const auto unknown = static_cast<FrameType>(99);
  ASSERT_EQ(decoder.Feed(Frame(unknown, 0xff, 7, "new") + Chunk(3, 0, "x"), &got), OkStatus());
  EXPECT_EQ(decoder.frames_skipped(), 1u);
  EXPECT_EQ(got.messages.size(), 1u);
}

TEST(FrameCodecTest, BoundsAMessage) {
  FrameDecoder decoder;
  Collector got;
  const std::string piece(kMaxFramePayload, 'x');
  ASSERT_EQ(decoder.Feed(Chunk(1, 0, piece), &got), OkStatus());
  for (size_t n = 2 * piece.size(); n <= kMaxMessageBytes; n += piece.size()) {
    ASSERT_EQ(decoder.Feed(Chunk(0, 0, piece), &got), OkStatus()) << n;
  }
  EXPECT_EQ(decoder.Feed(Chunk(2, 0, "y"), &got).code(), StatusCode::kResourceExhausted);
}

TEST(FrameCodecTest, SinkFailureStops) {
  class Refuses : public MessageSink {
   public:
    Status OnMessage(FrameType, std::string_view) override {
      ++calls;
      return Internal("no");
    }
    int calls = 0;
  };
  FrameDecoder decoder;
  Refuses sink;
  EXPECT_EQ(decoder.Feed(Chunk(3, 0, "x") + Chunk(3, 0, "y"), &sink), Internal("no"));
  EXPECT_EQ(sink.calls, 1);
}

// Mutated streams must never crash, over-read (checked under sanitizers) or hold more than came.
TEST(FrameCodecTest, MutationsFailCleanly) {
  Rng rng(42);
  std::string valid;
  for (int i = 0; i < 12; ++i) {
    valid += Chunk(3, 1, std::string(rng.Below(300), 'a'));
    valid += Chunk(1, 0, "start") + Frame(FrameType::kKeepalive, 0, 0, "k") + Chunk(2, 0, "end");
  }
  int failed = 0;
  for (int round = 0; round < 3000; ++round) {
    std::string bytes = valid.substr(0, rng.Below(valid.size() + 1));
    for (uint64_t n = rng.Below(6); n > 0 && !bytes.empty(); --n) {
      const size_t at = rng.Below(bytes.size());
      switch (rng.Below(3)) {
        case 0: bytes[at] = static_cast<char>(rng.Next()); break;
        case 1: bytes.erase(at, rng.Below(9)); break;
        default: bytes.insert(at, rng.Below(9), static_cast<char>(rng.Next())); break;
      }
    }
    FrameDecoder decoder;
    Collector got;
    std::string_view rest = bytes;
    while (!rest.empty()) {
      const size_t n = 1 + rng.Below(rest.size());
      const Status status = decoder.Feed(rest.substr(0, n), &got);
      EXPECT_LE(decoder.buffered(), bytes.size());
      rest.remove_prefix(n);
      if (status.ok()) continue;
      EXPECT_FALSE(status.message().empty());
      ++failed;
      break;
    }
  }
  EXPECT_GT(failed, 300);
}

}  // namespace
}  // namespace meseta::net
