// gzip of bodies. Pure.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "actors/base/status.h"

namespace meseta::http {

inline constexpr int kGzipLevel =
    1;  // Bodies are made for each answer: speed counts more than size.

// Compresses in pieces, so that a network thread can serve others in between.
class GzipCompressor {
 public:
  GzipCompressor();
  ~GzipCompressor();
  GzipCompressor(const GzipCompressor&) = delete;
  GzipCompressor& operator=(const GzipCompressor&) = delete;
  // Appends what is ready to `out`. `last` ends the gzip stream.
  void Add(std::string_view piece, bool last, std::string* out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Decompresses in pieces; fails on garbage and beyond `max_bytes` of output in all.
class GzipDecompressor {
 public:
  explicit GzipDecompressor(size_t max_bytes);
  ~GzipDecompressor();
  GzipDecompressor(const GzipDecompressor&) = delete;
  GzipDecompressor& operator=(const GzipDecompressor&) = delete;
  Status Add(std::string_view piece, std::string* out);
  [[nodiscard]] bool finished() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

[[nodiscard]] std::string Gzip(std::string_view text);
Result<std::string> Gunzip(std::string_view data, size_t max_bytes);

}  // namespace meseta::http
