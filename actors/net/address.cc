#include "actors/net/address.h"

#include <boost/asio/ip/address.hpp>
#include <charconv>

namespace meseta::net {
namespace {

constexpr size_t kMaxHostBytes = 253;  // Of a DNS name.

bool IsHostChar(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '-' || c == '_';
}

Status BadAddress(std::string_view text) {
  std::string sentence = "'";
  sentence.append(text).append("' is not an address; write host:port, such as 10.0.0.1:5050");
  return InvalidArgument(std::move(sentence));
}

boost::asio::ip::address Parse(std::string_view ip, bool* ok) {
  boost::system::error_code error;
  auto address = boost::asio::ip::make_address(std::string(ip), error);
  *ok = !error;
  return address;
}

}  // namespace

std::string HostPort::ToString() const {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? '[' + host + ']' : host) + ':' + std::to_string(port);
}

Result<HostPort> ParseHostPort(std::string_view text, uint16_t default_port) {
  HostPort result;
  result.port = default_port;
  std::string_view rest = text;
  if (rest.starts_with('[')) {
    const size_t end = rest.find(']');
    if (end == std::string_view::npos) return BadAddress(text);
    result.host = rest.substr(1, end - 1);
    if (!IsIp(result.host)) return BadAddress(text);
    rest.remove_prefix(end + 1);
  } else {
    const size_t end = rest.find(':');
    result.host = rest.substr(0, end);
    for (char c : result.host) {
      if (!IsHostChar(c)) return BadAddress(text);
    }
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end);
  }
  if (result.host.empty() || result.host.size() > kMaxHostBytes) return BadAddress(text);
  if (rest.empty()) {
    if (default_port == 0) return BadAddress(text);
    return result;
  }
  if (rest.front() != ':') return BadAddress(text);
  rest.remove_prefix(1);
  const auto parsed = std::from_chars(rest.data(), rest.data() + rest.size(), result.port);
  if (parsed.ec != std::errc() || parsed.ptr != rest.data() + rest.size()) return BadAddress(text);
  return result;
}

bool IsIp(std::string_view text) {
  bool ok = false;
  Parse(text, &ok);
  return ok;
}

bool IsLoopback(std::string_view ip) {
  bool ok = false;
  const auto address = Parse(ip, &ok);
  return ok && address.is_loopback();
}

bool IsWildcard(std::string_view ip) {
  bool ok = false;
  const auto address = Parse(ip, &ok);
  return ok && address.is_unspecified();
}

Status CheckListenPolicy(std::string_view ip, bool secured, bool insecure_listen) {
  if (!IsIp(ip)) {
    return InvalidArgument("'" + std::string(ip) + "' is not an IP address to listen on");
  }
  if (secured || insecure_listen || IsLoopback(ip)) return OkStatus();
  return PermissionDenied("Refusing to listen on " + std::string(ip) +
                          " without credentials or TLS: give credentials or a certificate, listen "
                          "on 127.0.0.1, or accept the risk with --insecure_listen");
}

}  // namespace meseta::net
