// The first lines of a client's request, and where a redirect leads. Pure.
#pragma once

#include <string>

#include "actors/http/message.h"
#include "actors/http/url.h"

namespace meseta::http {

// Request line, headers and the empty line; kInvalidArgument when a part could break the framing.
Result<std::string> RenderRequestHead(const std::string& method, const Url& url,
                                      const Headers& headers, size_t body_bytes, bool accept_gzip);

// The URL that a Location header means, seen from `from`: absolute, "//host:port/path" or "/path".
Result<std::string> ResolveLocation(const Url& from, const std::string& location);

}  // namespace meseta::http
