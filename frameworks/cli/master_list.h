// Where masters and agents are, out of what users and masters write. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "actors/base/status.h"

namespace meseta::cli {

inline constexpr size_t kMaxMasters = 16;

// What a list of addresses is of.
struct ListOf {
  std::string flag;   // "--master", for failures.
  std::string names;  // "masters"
  uint16_t port;      // When none is given.
};
[[nodiscard]] Result<std::vector<std::string>> ParseBases(std::string_view text, const ListOf& of);

// "host:port,https://host:port" as base URLs without a slash at the end; the port is 5050 when not
// given. A scheme before the first counts for those that follow without one.
[[nodiscard]] Result<std::vector<std::string>> ParseMasters(std::string_view text);

// The base URL in a Location header: "//host:port/path" takes the scheme of `base`.
[[nodiscard]] Result<std::string> BaseOfLocation(std::string_view base, std::string_view location);

// "slave(1)@127.0.0.1:5051", as masters show an agent, with the scheme of `master`.
[[nodiscard]] Result<std::string> BaseOfPid(std::string_view master, std::string_view pid);

// "http://host:port" without its scheme, for people.
[[nodiscard]] std::string ShownAddress(std::string_view base);

}  // namespace meseta::cli
