// The frames of a link: bytes of a socket <-> messages. Pure.
//
// After the HTTP upgrade both directions are a sequence of frames, integers big-endian:
//
//    0               4      5       6        8
//   +----------------+------+-------+--------+---------------------------+
//   | payload length | type | flags | stream | payload (0 .. 65536 bytes) |
//   +----------------+------+-------+--------+---------------------------+
//
//   type   1 hello · 2 envelope chunk · 3 keepalive · 4 keepalive answer · 5 close; each a protobuf of
//          actors/messages/internal/link.proto. Other types are skipped and counted, so that a newer
//          daemon may add one.
//   flags  of envelope chunks: 1 = first chunk, 2 = last chunk (a small message is one frame with 3).
//          Zero in all other types.
//   stream of envelope chunks: which message the chunk continues. A sender has at most one message
//          open per stream; chunks of different streams may alternate. Zero in all other types.
//
// TCP and TLS already detect damaged bytes, so frames carry no checksum.
//
// Bounds: a frame holds kMaxFramePayload, a message kMaxMessageBytes, and kMaxOpenStreams messages may
// be open at once. Memory grows with the bytes that have come, never with what a header declares.
// After an error the decoder stays failed: the link must be cut.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "actors/base/status.h"

namespace meseta::net {

inline constexpr size_t kFrameHeaderBytes = 8;
inline constexpr size_t kMaxFramePayload = 64 * 1024;
inline constexpr size_t kMaxMessageBytes = 64 * 1024 * 1024;
inline constexpr size_t kMaxOpenStreams = 2;

enum class FrameType : uint8_t {
  kHello = 1,
  kEnvelope = 2,
  kKeepalive = 3,
  kKeepaliveAnswer = 4,
  kClose = 5,
};

inline constexpr uint8_t kFirstChunk = 1;
inline constexpr uint8_t kLastChunk = 2;

// Appends one frame. REQUIRES: payload.size() <= kMaxFramePayload.
void AppendFrame(FrameType type, uint8_t flags, uint16_t stream, std::string_view payload,
                 std::string* out);

// Takes whole messages from a FrameDecoder.
class MessageSink {
 public:
  virtual ~MessageSink() = default;
  // `body` is valid during the call. A failure stops the decoder.
  virtual Status OnMessage(FrameType type, std::string_view body) = 0;
};

class FrameDecoder {
 public:
  // Takes the next bytes of the socket, hands each complete message to `sink` in order. Fails, for
  // good, on bytes that are not frames or exceed a bound.
  Status Feed(std::string_view bytes, MessageSink* sink);

  // Bytes held for frames and messages not yet complete.
  [[nodiscard]] size_t buffered() const { return partial_.size() + open_bytes_; }
  [[nodiscard]] uint64_t frames_skipped() const { return frames_skipped_; }

 private:
  struct Header {
    uint32_t length = 0;
    uint8_t type = 0;
    uint8_t flags = 0;
    uint16_t stream = 0;
  };

  static Header ParseHeader(std::string_view bytes);
  static Status CheckHeader(const Header& header);
  Status FeedAll(std::string_view bytes, MessageSink* sink);
  // Completes the frame whose start is in partial_; consumes from the front of `bytes`.
  Status FeedPartial(std::string_view* bytes, MessageSink* sink);
  Status HandleFrame(const Header& header, std::string_view payload, MessageSink* sink);
  Status HandleChunk(const Header& header, std::string_view payload, MessageSink* sink);

  std::string partial_;                   // Start of one frame, shorter than the whole frame.
  std::map<uint16_t, std::string> open_;  // Messages whose last chunk has not come, by stream.
  size_t open_bytes_ = 0;                 // Sum of their sizes.
  uint64_t frames_skipped_ = 0;           // Of unknown types.
  Status failure_;                        // Sticky.
};

}  // namespace meseta::net
