#include "tests/actors/net/support/raw_peer.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "actors/base/check.h"
#include "actors/net/frame_codec.h"
#include "actors/net/link_upgrade.h"

namespace meseta::net {
namespace {

sockaddr_in Loopback(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

}  // namespace

RawPeer::RawPeer(uint16_t port) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  CHECK(fd_ >= 0);
  const timeval deadline{20, 0};
  CHECK(setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof deadline) == 0);
  const sockaddr_in address = Loopback(port);
  CHECK(connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
}

RawPeer::~RawPeer() { close(fd_); }

void RawPeer::Write(const std::string& bytes) {
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t n = send(fd_, bytes.data() + done, bytes.size() - done, MSG_NOSIGNAL);
    if (n <= 0) return;
    done += static_cast<size_t>(n);
  }
}

void RawPeer::FinishWriting() { shutdown(fd_, SHUT_WR); }

std::string RawPeer::ReadToEnd() {
  std::string all;
  char data[4096];
  for (;;) {
    const ssize_t n = recv(fd_, data, sizeof data, 0);
    if (n <= 0) return all;
    all.append(data, static_cast<size_t>(n));
  }
}

void RawPeer::Upgrade() {
  Write(UpgradeRequest("127.0.0.1", std::nullopt));
  std::string answer;
  while (answer.find("\r\n\r\n") == std::string::npos) {
    char c = 0;
    CHECK(recv(fd_, &c, 1, 0) == 1);
    answer += c;
  }
  CHECK(answer.rfind("HTTP/1.1 101 ", 0) == 0) << answer;
}

void RawPeer::SendHello(uint32_t protocol, internal::LinkHello::Role role) {
  Write(Hello(protocol, role));
}

std::string RawPeer::Hello(uint32_t protocol, internal::LinkHello::Role role) {
  internal::LinkHello hello;
  hello.set_protocol(protocol);
  hello.set_daemon_version("raw");
  hello.set_role(role);
  hello.set_incarnation("raw");
  std::string bytes;
  AppendFrame(FrameType::kHello, 0, 0, hello.SerializeAsString(), &bytes);
  return bytes;
}

RawServer::RawServer(std::string text) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof address;
  CHECK(fd_ >= 0);
  CHECK(bind(fd_, reinterpret_cast<sockaddr*>(&address), size) == 0);
  CHECK(listen(fd_, 16) == 0);
  CHECK(getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([fd = fd_, text = std::move(text)] {
    for (;;) {
      const int peer = accept(fd, nullptr, nullptr);
      if (peer < 0) return;
      (void)!send(peer, text.data(), text.size(), MSG_NOSIGNAL);
      close(peer);
    }
  });
}

RawServer::~RawServer() {
  shutdown(fd_, SHUT_RDWR);
  thread_.join();
  close(fd_);
}

}  // namespace meseta::net
