#include "actors/net/frame_codec.h"

#include <algorithm>
#include <utility>

#include "actors/base/check.h"

namespace meseta::net {
namespace {

uint32_t ByteAt(std::string_view bytes, size_t i) { return static_cast<uint8_t>(bytes[i]); }

bool IsKnown(uint8_t type) {
  return type >= static_cast<uint8_t>(FrameType::kHello) &&
         type <= static_cast<uint8_t>(FrameType::kClose);
}

}  // namespace

void AppendFrame(FrameType type, uint8_t flags, uint16_t stream, std::string_view payload,
                 std::string* out) {
  CHECK(payload.size() <= kMaxFramePayload) << payload.size();
  const auto length = static_cast<uint32_t>(payload.size());
  const char header[kFrameHeaderBytes] = {
      static_cast<char>(length >> 24), static_cast<char>(length >> 16),
      static_cast<char>(length >> 8),  static_cast<char>(length),
      static_cast<char>(type),         static_cast<char>(flags),
      static_cast<char>(stream >> 8),  static_cast<char>(stream)};
  out->append(header, sizeof header);
  out->append(payload);
}

FrameDecoder::Header FrameDecoder::ParseHeader(std::string_view bytes) {
  Header header;
  header.length = ByteAt(bytes, 0) << 24 | ByteAt(bytes, 1) << 16 | ByteAt(bytes, 2) << 8 |
                  ByteAt(bytes, 3);
  header.type = static_cast<uint8_t>(bytes[4]);
  header.flags = static_cast<uint8_t>(bytes[5]);
  header.stream = static_cast<uint16_t>(ByteAt(bytes, 6) << 8 | ByteAt(bytes, 7));
  return header;
}

Status FrameDecoder::CheckHeader(const Header& header) {
  if (header.length > kMaxFramePayload) {
    return InvalidArgument("the peer sent a frame of " + std::to_string(header.length) +
                           " bytes, more than the " + std::to_string(kMaxFramePayload) +
                           " that a link allows: it does not speak the link protocol");
  }
  if (!IsKnown(header.type)) return OkStatus();
  const bool chunk = header.type == static_cast<uint8_t>(FrameType::kEnvelope);
  const int allowed = chunk ? kFirstChunk | kLastChunk : 0;
  if ((header.flags & ~allowed) != 0 || (!chunk && header.stream != 0)) {
    return InvalidArgument("the peer sent a frame of type " + std::to_string(header.type) +
                           " with unknown flags");
  }
  return OkStatus();
}

Status FrameDecoder::Feed(std::string_view bytes, MessageSink* sink) {
  if (failure_.ok()) failure_ = FeedAll(bytes, sink);
  return failure_;
}

Status FrameDecoder::FeedAll(std::string_view bytes, MessageSink* sink) {
  if (!partial_.empty()) RETURN_IF_ERROR(FeedPartial(&bytes, sink));
  while (bytes.size() >= kFrameHeaderBytes) {
    const Header header = ParseHeader(bytes);
    RETURN_IF_ERROR(CheckHeader(header));
    if (bytes.size() < kFrameHeaderBytes + header.length) break;
    RETURN_IF_ERROR(HandleFrame(header, bytes.substr(kFrameHeaderBytes, header.length), sink));
    bytes.remove_prefix(kFrameHeaderBytes + header.length);
  }
  partial_.append(bytes);
  return OkStatus();
}

Status FrameDecoder::FeedPartial(std::string_view* bytes, MessageSink* sink) {
  auto take = [&](size_t upto) {
    const size_t n = std::min(bytes->size(), upto - std::min(upto, partial_.size()));
    partial_.append(bytes->substr(0, n));
    bytes->remove_prefix(n);
    return partial_.size() >= upto;
  };
  if (!take(kFrameHeaderBytes)) return OkStatus();
  const Header header = ParseHeader(partial_);
  RETURN_IF_ERROR(CheckHeader(header));
  if (!take(kFrameHeaderBytes + header.length)) return OkStatus();
  const std::string frame = std::exchange(partial_, {});
  return HandleFrame(header, std::string_view(frame).substr(kFrameHeaderBytes), sink);
}

Status FrameDecoder::HandleFrame(const Header& header, std::string_view payload,
                                 MessageSink* sink) {
  if (!IsKnown(header.type)) {
    ++frames_skipped_;
    return OkStatus();
  }
  const auto type = static_cast<FrameType>(header.type);
  if (type == FrameType::kEnvelope) return HandleChunk(header, payload, sink);
  return sink->OnMessage(type, payload);
}

Status FrameDecoder::HandleChunk(const Header& header, std::string_view payload,
                                 MessageSink* sink) {
  const bool first = (header.flags & kFirstChunk) != 0;
  const bool last = (header.flags & kLastChunk) != 0;
  auto found = open_.find(header.stream);
  if (first != (found == open_.end())) {
    return InvalidArgument(first ? "the peer started a message inside another"
                                 : "the peer continued a message that it had not started");
  }
  if (first && last) return sink->OnMessage(FrameType::kEnvelope, payload);
  if (first) {
    if (open_.size() >= kMaxOpenStreams) {
      return ResourceExhausted("the peer has more than " + std::to_string(kMaxOpenStreams) +
                               " unfinished messages");
    }
    found = open_.emplace(header.stream, std::string()).first;
  }
  if (found->second.size() + payload.size() > kMaxMessageBytes) {
    return ResourceExhausted("the peer sent a message larger than " +
                             std::to_string(kMaxMessageBytes) + " bytes");
  }
  found->second.append(payload);
  open_bytes_ += payload.size();
  if (!last) return OkStatus();
  const std::string whole = std::move(found->second);
  open_bytes_ -= whole.size();
  open_.erase(found);
  return sink->OnMessage(FrameType::kEnvelope, whole);
}

}  // namespace meseta::net
