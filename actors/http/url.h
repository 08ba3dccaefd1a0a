// Percent encoding, query strings and form bodies. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "actors/base/status.h"

namespace meseta::http {

using QueryMap = std::map<std::string, std::string>;

// A '%' without two hexadecimal digits, and a decoded NUL, are errors.
Result<std::string> UrlDecode(std::string_view text, bool plus_is_space);
// Keeps letters, digits and "-_.~"; everything else becomes %XX.
[[nodiscard]] std::string UrlEncode(std::string_view text);

// "a=1&b=x%20y"; pairs may also be separated by ';'. The last of equal names wins.
Result<QueryMap> ParseQuery(std::string_view text);
// "a=1&b=x%20y", in order of names.
[[nodiscard]] std::string EncodeQuery(const QueryMap& query);

struct Target {
  std::string path;  // Decoded, starts with '/'; "*" for "OPTIONS *".
  QueryMap query;
};
// "/path?query", or the absolute form "http://host/path?query" that proxies send.
Result<Target> ParseTarget(std::string_view target);

struct Url {
  std::string scheme;  // "http" or "https".
  std::string host;
  uint16_t port = 0;   // 80 or 443 when not given.
  std::string target;  // "/path?query", at least "/".
};
Result<Url> ParseUrl(std::string_view text);

}  // namespace meseta::http
