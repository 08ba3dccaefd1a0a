// ChunkedDecoder: bytes of a chunked body in, the body out. Pure and incremental.
//
// Ours, because Beast's asserts on some hostile input and bounds neither the line of a chunk nor
// the trailer. The caller keeps the bytes that Put() did not consume. Trailers are checked and
// dropped.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace meseta::http {

class ChunkedDecoder {
 public:
  // `max_line_bytes` bounds the line of a chunk, and all trailers together.
  explicit ChunkedDecoder(size_t max_line_bytes) : max_line_(max_line_bytes) {}

  // Consumes a prefix of `input` and appends body bytes to `out`, unless that is null. At most
  // `max_body_bytes` more are taken in; a chunk beyond them makes too_large().
  size_t Put(std::string_view input, size_t max_body_bytes, std::string* out);

  [[nodiscard]] bool complete() const { return state_ == State::kComplete; }
  [[nodiscard]] bool malformed() const { return state_ == State::kMalformed; }
  [[nodiscard]] bool too_large() const { return state_ == State::kTooLarge; }
  [[nodiscard]] size_t body_bytes() const { return body_bytes_; }

 private:
  enum class State { kSize, kData, kDataEnd, kTrailer, kComplete, kMalformed, kTooLarge };

  // Handles one line, without its CRLF.
  void SizeLine(std::string_view line, size_t max_body_bytes);
  void TrailerLine(std::string_view line);
  // The bytes of the next whole line with its end; 0 when it is not whole yet, or is malformed.
  size_t WholeLine(std::string_view input);

  size_t max_line_;
  State state_ = State::kSize;
  uint64_t left_ = 0;  // Of the chunk under way.
  size_t trailer_bytes_ = 0;
  size_t body_bytes_ = 0;
};

}  // namespace meseta::http
