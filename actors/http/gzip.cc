#include "actors/http/gzip.h"

#include <zlib.h>

#include <array>

#include "actors/base/check.h"

namespace meseta::http {
namespace {

constexpr int kGzipWindowBits = 15 + 16;  // The largest window, with a gzip header.
constexpr int kMemoryLevel = 8;           // zlib's default.
constexpr size_t kPieceBytes = 32 * 1024;

Bytef* Input(std::string_view text) {
  return reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));  // zlib only reads it.
}

}  // namespace

struct GzipCompressor::State {
  z_stream stream{};
};

GzipCompressor::GzipCompressor() : state_(std::make_unique<State>()) {
  const int result = deflateInit2(&state_->stream, kGzipLevel, Z_DEFLATED, kGzipWindowBits,
                                  kMemoryLevel, Z_DEFAULT_STRATEGY);
  CHECK(result == Z_OK) << "deflateInit2 " << result;
}

GzipCompressor::~GzipCompressor() { deflateEnd(&state_->stream); }

void GzipCompressor::Add(std::string_view piece, bool last, std::string* out) {
  z_stream& stream = state_->stream;
  stream.next_in = Input(piece);
  stream.avail_in = static_cast<uInt>(piece.size());
  std::array<char, kPieceBytes> buffer;
  int result = Z_OK;
  do {
    stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
    stream.avail_out = static_cast<uInt>(buffer.size());
    result = deflate(&stream, last ? Z_FINISH : Z_NO_FLUSH);
    CHECK(result != Z_STREAM_ERROR);
    out->append(buffer.data(), buffer.size() - stream.avail_out);
  } while (stream.avail_out == 0 || (last && result != Z_STREAM_END));
}

struct GzipDecompressor::State {
  z_stream stream{};
  size_t left = 0;
  bool finished = false;
  bool failed = false;
};

GzipDecompressor::GzipDecompressor(size_t max_bytes) : state_(std::make_unique<State>()) {
  state_->left = max_bytes;
  const int result = inflateInit2(&state_->stream, kGzipWindowBits);
  CHECK(result == Z_OK) << "inflateInit2 " << result;
}

GzipDecompressor::~GzipDecompressor() { inflateEnd(&state_->stream); }

bool GzipDecompressor::finished() const { return state_->finished; }

Status GzipDecompressor::Add(std::string_view piece, std::string* out) {
  if (state_->failed) return InvalidArgument("The gzip stream failed earlier");
  z_stream& stream = state_->stream;
  stream.next_in = Input(piece);
  stream.avail_in = static_cast<uInt>(piece.size());
  std::array<char, kPieceBytes> buffer;
  while (!state_->finished) {
    stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
    stream.avail_out = static_cast<uInt>(buffer.size());
    const int result = inflate(&stream, Z_NO_FLUSH);
    if (result == Z_BUF_ERROR) return OkStatus();  // Needs more input.
    if (result != Z_OK && result != Z_STREAM_END) {
      state_->failed = true;
      return InvalidArgument("The body is not valid gzip");
    }
    const size_t n = buffer.size() - stream.avail_out;
    if (n > state_->left) {
      state_->failed = true;
      return ResourceExhausted("The body is larger than allowed when decompressed");
    }
    state_->left -= n;
    out->append(buffer.data(), n);
    state_->finished = result == Z_STREAM_END;
    if (stream.avail_in == 0 && stream.avail_out != 0) break;
  }
  return OkStatus();
}

std::string Gzip(std::string_view text) {
  std::string out;
  GzipCompressor compressor;
  compressor.Add(text, true, &out);
  return out;
}

Result<std::string> Gunzip(std::string_view data, size_t max_bytes) {
  std::string out;
  GzipDecompressor decompressor(max_bytes);
  RETURN_IF_ERROR(decompressor.Add(data, &out));
  if (!decompressor.finished()) return InvalidArgument("The gzip body is truncated");
  return out;
}

}  // namespace meseta::http
