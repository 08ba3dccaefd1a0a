#include "actors/http/request_head.h"

#include <algorithm>

#include "actors/net/address.h"

namespace meseta::http {
namespace {

constexpr std::string_view kUserAgent = "meseta";

bool IsToken(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return c > ' ' && c < 0x7f &&
           std::string_view("()<>@,;:\\\"/[]?={}").find(c) == std::string_view::npos;
  });
}

bool HasControl(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t') || byte == 0x7f;
  });
}

std::string Authority(const Url& url) {
  net::HostPort where;
  where.host = url.host;
  where.port = url.port;
  return where.ToString();
}

}  // namespace

Result<std::string> RenderRequestHead(const std::string& method, const Url& url,
                                      const Headers& headers, size_t body_bytes, bool accept_gzip) {
  if (!IsToken(method)) return InvalidArgument("'" + method + "' is not an HTTP method");
  std::string head = method + ' ' + url.target + " HTTP/1.1\r\n";
  if (!headers.Has("Host")) head += "Host: " + Authority(url) + "\r\n";
  if (!headers.Has("User-Agent")) head.append("User-Agent: ").append(kUserAgent).append("\r\n");
  if (accept_gzip && !headers.Has("Accept-Encoding")) head += "Accept-Encoding: gzip\r\n";
  for (const auto& [name, value] : headers) {
    if (SameName(name, "Content-Length") || SameName(name, "Transfer-Encoding")) continue;
    if (!IsToken(name) || HasControl(value)) {
      return InvalidArgument("The header '" + name + "' cannot be sent: it has control characters");
    }
    head += name + ": " + value + "\r\n";
  }
  if (body_bytes > 0 || method == "POST" || method == "PUT" || method == "PATCH") {
    head += "Content-Length: " + std::to_string(body_bytes) + "\r\n";
  }
  head += "\r\n";
  return head;
}

Result<std::string> ResolveLocation(const Url& from, const std::string& location) {
  if (location.starts_with("//")) return from.scheme + ':' + location;
  if (location.starts_with('/')) return from.scheme + "://" + Authority(from) + location;
  if (location.find("://") != std::string::npos) return location;
  return InvalidArgument("The server redirects to '" + location.substr(0, 200) +
                         "', which is not a location");
}

}  // namespace meseta::http
