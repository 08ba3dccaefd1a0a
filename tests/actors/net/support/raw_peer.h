// Peers of our own sockets that say what a test wants, blocking, with deadlines.
#pragma once

#include <cstdint>
#include <string>
#include <thread>

#include "actors/messages/internal/link.pb.h"

namespace meseta::net {

// Connects to a port of 127.0.0.1.
class RawPeer {
 public:
  explicit RawPeer(uint16_t port);
  ~RawPeer();
  RawPeer(const RawPeer&) = delete;
  RawPeer& operator=(const RawPeer&) = delete;

  void Write(const std::string& bytes);  // What the peer does not take any more is dropped.
  void FinishWriting();
  // Until the peer closes, or 20 s have passed.
  std::string ReadToEnd();

  // Asks for a link and reads the 101.
  void Upgrade();
  void SendHello(uint32_t protocol, internal::LinkHello::Role role);
  // A hello frame.
  static std::string Hello(uint32_t protocol, internal::LinkHello::Role role);

 private:
  int fd_;
};

// Listens, and answers each connection with `text`.
class RawServer {
 public:
  explicit RawServer(std::string text);
  ~RawServer();
  [[nodiscard]] uint16_t port() const { return port_; }

 private:
  int fd_;
  uint16_t port_ = 0;
  std::thread thread_;
};

}  // namespace meseta::net
