// The first lines of an answer, and what the server itself does to answers. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "actors/http/message.h"

namespace meseta::http {

struct HeadFacts {
  bool http_1_0 = false;
  bool keep_alive = true;
  bool chunked = false;  // Ignored for HTTP/1.0, where the end of the connection ends it.
  std::optional<size_t> content_length;  // Absent for streams and for answers without a body.
  std::string_view date;
};

// Status line, headers and the empty line. Headers that frame the message are ours, whatever the
// handler set; control characters in values become spaces, so that none can add a header.
[[nodiscard]] std::string RenderHead(const Response& response, const HeadFacts& facts);

// 1xx, 204 and 304 have none.
[[nodiscard]] bool MayHaveBody(int status);

// "cb({...})" as text/javascript when the answer is JSON and the callback is a plain name.
void WrapJsonp(const std::string& callback, Response* response);

// Bodies that are worth compressing: text of some size that is not encoded yet.
[[nodiscard]] bool WorthCompressing(const Response& response, size_t body_bytes);

// Texts as libprocess answers.
[[nodiscard]] Response NotFoundResponse();
[[nodiscard]] Response MethodNotAllowedResponse(const std::vector<std::string>& allowed,
                                                std::string_view method);

}  // namespace meseta::http
