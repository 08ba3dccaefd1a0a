#include "actors/http/response_head.h"

#include <algorithm>

namespace meseta::http {
namespace {

constexpr size_t kCompressFromBytes = 1024;  // As libprocess.
constexpr size_t kMaxCallbackBytes = 128;

bool IsOurs(std::string_view name) {
  return SameName(name, "Content-Length") || SameName(name, "Transfer-Encoding") ||
         SameName(name, "Connection") || SameName(name, "Date");
}

void AppendClean(std::string* out, std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    *out += (byte < 0x20 && c != '\t') || byte == 0x7f ? ' ' : c;
  }
}

bool IsPlainCallback(std::string_view name) {
  return !name.empty() && name.size() <= kMaxCallbackBytes &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '_' || c == '.' || c == '$' || c == '[' || c == ']';
         });
}

std::string Join(const std::vector<std::string>& words, std::string_view separator) {
  std::string out;
  for (const std::string& word : words) {
    if (!out.empty()) out += separator;
    out += word;
  }
  return out;
}

}  // namespace

std::string RenderHead(const Response& response, const HeadFacts& facts) {
  std::string head = "HTTP/1.1 ";
  head.reserve(256);
  head += std::to_string(response.status);
  head += ' ';
  head += ReasonPhrase(response.status);
  head += "\r\nDate: ";
  head += facts.date;
  for (const auto& [name, value] : response.headers) {
    if (IsOurs(name)) continue;
    head += "\r\n";
    AppendClean(&head, name);
    head += ": ";
    AppendClean(&head, value);
  }
  if (facts.chunked && !facts.http_1_0) {
    head += "\r\nTransfer-Encoding: chunked";
  } else if (facts.content_length) {
    head += "\r\nContent-Length: " + std::to_string(*facts.content_length);
  }
  if (!facts.keep_alive) {
    head += "\r\nConnection: close";
  } else if (facts.http_1_0) {
    head += "\r\nConnection: keep-alive";
  }
  head += "\r\n\r\n";
  return head;
}

bool MayHaveBody(int status) { return status >= 200 && status != 204 && status != 304; }

void WrapJsonp(const std::string& callback, Response* response) {
  const auto type = response->headers.Get("Content-Type");
  if (!type || !SameName(*type, "application/json") || !IsPlainCallback(callback)) return;
  const std::string& body = response->shared_body ? *response->shared_body : response->body;
  std::string wrapped;
  wrapped.reserve(callback.size() + body.size() + 2);
  wrapped.append(callback).append("(").append(body).append(")");
  response->body = std::move(wrapped);
  response->shared_body = nullptr;
  response->headers.Set("Content-Type", "text/javascript");
}

bool WorthCompressing(const Response& response, size_t body_bytes) {
  if (body_bytes < kCompressFromBytes || !MayHaveBody(response.status)) return false;
  if (response.headers.Has("Content-Encoding") || response.headers.Has("Content-Range"))
    return false;
  const std::string type = response.headers.Get("Content-Type").value_or("");
  return type.starts_with("text/") || type.starts_with("application/json") ||
         type.starts_with("application/javascript") || type.starts_with("application/x-protobuf") ||
         type.starts_with("image/svg+xml");
}

Response NotFoundResponse() { return Response::Text(404, "404 Not Found."); }

Response MethodNotAllowedResponse(const std::vector<std::string>& allowed,
                                  std::string_view method) {
  std::string text = "405 Method Not Allowed. Expecting one of { '" + Join(allowed, "', '") +
                     "' }, but received '";
  text.append(method).append("'.");
  Response response = Response::Text(405, std::move(text));
  response.headers.Add("Allow", Join(allowed, ", "));
  return response;
}

}  // namespace meseta::http
