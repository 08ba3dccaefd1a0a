#include "actors/http/url.h"

#include <cstdint>

#include "actors/net/address.h"

namespace meseta::http {
namespace {

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool IsUnreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_' || c == '.' || c == '~';
}

}  // namespace

Result<std::string> UrlDecode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      const int high = i + 2 < text.size() ? HexValue(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? HexValue(text[i + 2]) : -1;
      if (high < 0 || low < 0) {
        return InvalidArgument("Malformed % escape in '" + std::string(text.substr(0, 200)) + "'");
      }
      if (high == 0 && low == 0) return InvalidArgument("%00 is not allowed in a URL");
      out += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return out;
}

std::string UrlEncode(std::string_view text) {
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (IsUnreserved(c)) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
  return out;
}

Result<QueryMap> ParseQuery(std::string_view text) {
  QueryMap query;
  while (!text.empty()) {
    const size_t end = text.find_first_of("&;");
    const std::string_view pair = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (pair.empty()) continue;
    const size_t equals = pair.find('=');
    ASSIGN_OR_RETURN(std::string name, UrlDecode(pair.substr(0, equals), true));
    std::string value;
    if (equals != std::string_view::npos) {
      ASSIGN_OR_RETURN(value, UrlDecode(pair.substr(equals + 1), true));
    }
    query[std::move(name)] = std::move(value);
  }
  return query;
}

std::string EncodeQuery(const QueryMap& query) {
  std::string out;
  for (const auto& [name, value] : query) {
    if (!out.empty()) out += '&';
    out += UrlEncode(name) + '=' + UrlEncode(value);
  }
  return out;
}

Result<Target> ParseTarget(std::string_view target) {
  Target result;
  if (target == "*") {
    result.path = "*";
    return result;
  }
  std::string_view rest = target;
  for (const std::string_view scheme :
       {std::string_view("http://"), std::string_view("https://")}) {
    if (!rest.starts_with(scheme)) continue;
    rest.remove_prefix(scheme.size());
    const size_t slash = rest.find_first_of("/?");
    rest.remove_prefix(slash == std::string_view::npos ? rest.size() : slash);
    break;
  }
  if (rest.size() == target.size() && !rest.starts_with('/')) {
    return InvalidArgument("The request target must start with '/'");
  }
  rest = rest.substr(0, rest.find('#'));
  const size_t question = rest.find('?');
  ASSIGN_OR_RETURN(result.path, UrlDecode(rest.substr(0, question), false));
  if (result.path.empty()) result.path = "/";
  if (question != std::string_view::npos) {
    ASSIGN_OR_RETURN(result.query, ParseQuery(rest.substr(question + 1)));
  }
  return result;
}

Result<Url> ParseUrl(std::string_view text) {
  Url url;
  const size_t colon = text.find("://");
  if (colon == std::string_view::npos) {
    return InvalidArgument("'" + std::string(text) + "' is not a URL; write http://host:port/path");
  }
  url.scheme = text.substr(0, colon);
  if (url.scheme != "http" && url.scheme != "https") {
    return InvalidArgument("'" + std::string(text) + "' is not an http or https URL");
  }
  std::string_view rest = text.substr(colon + 3);
  const size_t end = rest.find_first_of("/?#");
  const uint16_t default_port = url.scheme == "https" ? 443 : 80;
  ASSIGN_OR_RETURN(const net::HostPort where,
                   net::ParseHostPort(rest.substr(0, end), default_port));
  url.host = where.host;
  url.port = where.port;
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end);
  url.target = rest.substr(0, rest.find('#'));
  if (!url.target.starts_with('/')) url.target.insert(0, "/");
  for (const char c : url.target) {
    if (static_cast<unsigned char>(c) <= ' ' || c == 0x7f) {
      return InvalidArgument("A URL cannot hold spaces or control characters");
    }
  }
  return url;
}

}  // namespace meseta::http
