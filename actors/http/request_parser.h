// RequestParser: bytes of one HTTP/1.x request in, a Request out. Pure and incremental.
//
// The caller keeps the bytes that Put() did not consume and gives them again with more behind them.
// It stops after the header (the server then chooses body limits by the route) and at the end of
// the message, so pipelined requests stay with the caller. Holds at most the header limit and the
// body limit. A failed parser says which status to answer; the connection cannot be used further.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "actors/http/message.h"

namespace meseta::http {

inline constexpr size_t kMaxHeaderBytes = 32 * 1024;
inline constexpr size_t kMaxHeaderCount = 200;

class RequestParser {
 public:
  enum class Phase { kHeader, kHeaderDone, kBody, kComplete, kFailed };

  explicit RequestParser(size_t max_header_bytes = kMaxHeaderBytes);
  ~RequestParser();
  RequestParser(const RequestParser&) = delete;
  RequestParser& operator=(const RequestParser&) = delete;

  // Consumes a prefix of `input` and returns its length. 0 in kHeader or kBody: needs more bytes.
  size_t Put(std::string_view input);
  // Goes on from kHeaderDone. A larger body fails with 413; a discarded one is counted, not kept.
  void ReadBody(size_t max_body_bytes, bool discard);

  [[nodiscard]] Phase phase() const;
  // From kHeaderDone on: everything but the body, peer and principal.
  [[nodiscard]] Request& request();
  [[nodiscard]] bool keep_alive() const;
  [[nodiscard]] bool http_1_0() const;
  [[nodiscard]] bool expects_continue() const;
  [[nodiscard]] bool has_body() const;
  // The first token of Upgrade, when Connection names it; empty otherwise.
  [[nodiscard]] std::string upgrade() const;
  // Body bytes that arrived, discarded ones too.
  [[nodiscard]] size_t body_bytes() const;

  // In kFailed: the answer, 400, 413, 417, 431 or 501, and one sentence.
  [[nodiscard]] int error_status() const;
  [[nodiscard]] const std::string& error_text() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace meseta::http
