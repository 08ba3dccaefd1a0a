// ActorAddress: name@host:port, as Mesos writes pids: "master@10.0.0.1:5050",
// "slave(1)@[::1]:5051". Names are 1..255 printable characters without '@' and blanks.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "actors/base/status.h"

namespace meseta::runtime {

struct ActorAddress {
  std::string name;
  std::string host;  // A name or an ip; without the brackets of an IPv6 address.
  uint16_t port = 0;

  static Result<ActorAddress> Parse(std::string_view text);
  [[nodiscard]] std::string ToString() const;
  // "host:port", "[v6]:port".
  [[nodiscard]] std::string HostPort() const;

  friend auto operator<=>(const ActorAddress&, const ActorAddress&) = default;
  friend bool operator==(const ActorAddress&, const ActorAddress&) = default;
};

}  // namespace meseta::runtime
