// host:port texts, and which of them a daemon may listen on.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "actors/base/status.h"

namespace meseta::net {

struct HostPort {
  std::string host;  // A name or an ip; without the brackets of an IPv6 address.
  uint16_t port = 0;

  // "host:port", "[v6]:port".
  [[nodiscard]] std::string ToString() const;
  friend bool operator==(const HostPort&, const HostPort&) = default;
};

// "10.0.0.1:5050", "master.example.org:5050", "[::1]:5050". Without a port, `default_port` is taken
// when it is not 0.
Result<HostPort> ParseHostPort(std::string_view text, uint16_t default_port = 0);

[[nodiscard]] bool IsIp(std::string_view text);
// 127.0.0.0/8, ::1.
[[nodiscard]] bool IsLoopback(std::string_view ip);
// 0.0.0.0, ::.
[[nodiscard]] bool IsWildcard(std::string_view ip);

// Without credentials or TLS (`secured`) a daemon listens on loopback only, unless the operator
// said
// --insecure_listen.
Status CheckListenPolicy(std::string_view ip, bool secured, bool insecure_listen);

}  // namespace meseta::net
