// A blocking client that sends exactly the bytes a test wants, over loopback.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace meseta::http {

class RawClient {
 public:
  explicit RawClient(uint16_t port);
  ~RawClient();
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  bool Send(std::string_view bytes);
  // Reads until `text` has arrived, the peer closes, or 20 seconds pass; returns all read so far
  // that was not returned before, up to and including `text`.
  std::string ReadUntil(std::string_view text);
  std::string ReadToEnd();
  // One answer with Content-Length.
  std::string ReadResponse();
  void Close();
  // A small receive buffer, so that a client that does not read fills up soon.
  void LimitReceiveBuffer();

 private:
  bool Fill();
  int fd_ = -1;
  std::string buffer_;
};

// The part behind the empty line.
std::string BodyOf(const std::string& response);

}  // namespace meseta::http
