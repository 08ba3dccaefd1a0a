#include "actors/http/chunked_decoder.h"

#include <algorithm>
#include <charconv>

namespace meseta::http {
namespace {

constexpr size_t kMaxSizeDigits = 15;  // Fits in 60 bits: sums cannot overflow.

bool HasControl(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t') || byte == 0x7f;
  });
}

}  // namespace

size_t ChunkedDecoder::WholeLine(std::string_view input) {
  const size_t newline = input.find('\n');
  const size_t length = newline == std::string_view::npos ? input.size() : newline + 1;
  const bool ends_well =
      newline == std::string_view::npos || (newline > 0 && input[newline - 1] == '\r');
  if (length > max_line_ || !ends_well) {
    state_ = State::kMalformed;
    return 0;
  }
  return newline == std::string_view::npos ? 0 : length;
}

void ChunkedDecoder::SizeLine(std::string_view line, size_t max_body_bytes) {
  const std::string_view digits = line.substr(0, line.find(';'));
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), left_, 16);
  if (digits.empty() || digits.size() > kMaxSizeDigits || parsed.ec != std::errc() ||
      parsed.ptr != digits.data() + digits.size() || HasControl(line)) {
    state_ = State::kMalformed;
  } else if (left_ > max_body_bytes) {
    state_ = State::kTooLarge;
  } else {
    state_ = left_ == 0 ? State::kTrailer : State::kData;
  }
}

void ChunkedDecoder::TrailerLine(std::string_view line) {
  trailer_bytes_ += line.size() + 2;
  const size_t colon = line.find(':');
  if (line.empty()) {
    state_ = State::kComplete;
  } else if (trailer_bytes_ > max_line_ || colon == std::string_view::npos || colon == 0 ||
             line.substr(0, colon).find_first_of(" \t") != std::string_view::npos ||
             HasControl(line)) {
    state_ = State::kMalformed;
  }
}

size_t ChunkedDecoder::Put(std::string_view input, size_t max_body_bytes, std::string* out) {
  std::string_view rest = input;
  for (;;) {
    switch (state_) {
      case State::kSize:
      case State::kTrailer: {
        const size_t length = WholeLine(rest);
        if (length == 0) return input.size() - rest.size();
        const std::string_view line = rest.substr(0, length - 2);
        if (state_ == State::kSize) {
          SizeLine(line, max_body_bytes);
        } else {
          TrailerLine(line);
        }
        rest.remove_prefix(length);
        break;
      }
      case State::kData: {
        const size_t n = static_cast<size_t>(std::min<uint64_t>(left_, rest.size()));
        if (n == 0) return input.size() - rest.size();
        if (out != nullptr) out->append(rest.substr(0, n));
        rest.remove_prefix(n);
        body_bytes_ += n;
        max_body_bytes -= n;
        left_ -= n;
        if (left_ == 0) state_ = State::kDataEnd;
        break;
      }
      case State::kDataEnd:
        if (rest.empty() || rest == "\r") return input.size() - rest.size();
        state_ = rest.starts_with("\r\n") ? State::kSize : State::kMalformed;
        if (state_ == State::kSize) rest.remove_prefix(2);
        break;
      case State::kComplete:
      case State::kMalformed:
      case State::kTooLarge:
        return input.size() - rest.size();
    }
  }
}

}  // namespace meseta::http
