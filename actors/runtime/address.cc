#include "actors/runtime/address.h"

#include <algorithm>
#include <charconv>

namespace meseta::runtime {
namespace {

constexpr size_t kMaxName = 255;
constexpr size_t kMaxHost = 253;  // Of a DNS name.

bool IsPlain(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c > ' ' && c < 0x7f && c != '@'; });
}

}  // namespace

Result<ActorAddress> ActorAddress::Parse(std::string_view text) {
  const auto failure = [text](const char* why) {
    return InvalidArgument("Invalid address '" + std::string(text.substr(0, 300)) + "': " + why +
                           "; expecting name@host:port");
  };
  const size_t at = text.find('@');
  const size_t colon = text.rfind(':');
  if (at == std::string_view::npos || colon == std::string_view::npos || colon < at) {
    return failure("'@' or ':' is missing");
  }
  ActorAddress address;
  address.name = text.substr(0, at);
  if (address.name.empty() || address.name.size() > kMaxName || !IsPlain(address.name)) {
    return failure("bad name");
  }
  std::string_view host = text.substr(at + 1, colon - at - 1);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  const bool odd = host.find_first_of("[]") != std::string_view::npos ||
                   (host.find(':') != std::string_view::npos) != bracketed;
  if (host.empty() || host.size() > kMaxHost || !IsPlain(host) || odd) return failure("bad host");
  address.host = host;
  const char* end = text.data() + text.size();
  const auto [used, error] = std::from_chars(text.data() + colon + 1, end, address.port);
  if (error != std::errc() || used != end || address.port == 0) return failure("bad port");
  return address;
}

std::string ActorAddress::HostPort() const {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::string ActorAddress::ToString() const { return name + "@" + HostPort(); }

}  // namespace meseta::runtime
