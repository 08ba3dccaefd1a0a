// ResponseParser: bytes of one HTTP/1.x response in, its head and body pieces out. Pure.
//
// The caller keeps the bytes that Put() did not consume. Body bytes are handed on as they come, so
// the parser itself holds only the header, which is bounded.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "actors/http/message.h"

namespace meseta::http {

inline constexpr size_t kMaxResponseHeaderBytes = 64 * 1024;

class ResponseParser {
 public:
  enum class Phase { kHeader, kBody, kComplete, kFailed };

  // The answer to a HEAD has no body, whatever its header says.
  explicit ResponseParser(bool answers_head);
  ~ResponseParser();
  ResponseParser(const ResponseParser&) = delete;
  ResponseParser& operator=(const ResponseParser&) = delete;

  // Consumes a prefix of `input`, appends body bytes to `body`. Stops behind the header, so that
  // the caller sees the head before the body.
  size_t Put(std::string_view input, std::string* body);
  // The connection ended: completes a body without a length, fails otherwise.
  void PutEnd();

  [[nodiscard]] Phase phase() const;
  [[nodiscard]] Response& head();  // Status and headers, from kBody on.
  [[nodiscard]] bool keep_alive() const;
  [[nodiscard]] const std::string& error() const;  // In kFailed.

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace meseta::http
