#include "actors/net/link_upgrade.h"

#include <algorithm>
#include <charconv>

namespace meseta::net {
namespace {

constexpr size_t kMaxSentenceBytes = 400;

StatusCode CodeOf(int http_status) {
  switch (http_status) {
    case 400: return StatusCode::kInvalidArgument;
    case 401: return StatusCode::kUnauthenticated;
    case 403: return StatusCode::kPermissionDenied;
    case 404: return StatusCode::kNotFound;
    default: return StatusCode::kUnavailable;
  }
}

// What a person can read of a refusal's body: its first line, printable characters only.
std::string Sentence(std::string_view body) {
  body = body.substr(0, std::min(body.find_first_of("\r\n"), kMaxSentenceBytes));
  std::string text(body);
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, '?');
  return text;
}

Status NotHttp() {
  return InvalidArgument("the peer does not answer in HTTP: it is no daemon of ours");
}

Status Refusal(int http_status, std::string_view body) {
  std::string text = "the peer refused the link with HTTP status " + std::to_string(http_status);
  const std::string sentence = Sentence(body);
  if (!sentence.empty()) text += ": " + sentence;
  return Status(CodeOf(http_status), std::move(text));
}

}  // namespace

std::string UpgradeRequest(const std::string& address,
                           const std::optional<Credential>& credential) {
  std::string text = "GET " + std::string(kLinkPath) + " HTTP/1.1\r\nHost: " + address +
                     "\r\nConnection: Upgrade\r\nUpgrade: " + std::string(kLinkUpgrade) + "\r\n";
  if (credential) text += "Authorization: " + BasicAuthorization(*credential) + "\r\n";
  return text + "\r\n";
}

std::string UpgradeAccepted() {
  return "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: " +
         std::string(kLinkUpgrade) + "\r\n\r\n";
}

std::optional<UpgradeAnswer> ParseUpgradeAnswer(std::string_view bytes) {
  constexpr std::string_view kVersion = "HTTP/1.1 ";
  const size_t known = std::min(bytes.size(), kVersion.size());
  if (bytes.substr(0, known) != kVersion.substr(0, known)) return UpgradeAnswer{NotHttp(), 0};
  const size_t end = bytes.substr(0, kMaxUpgradeAnswerBytes).find("\r\n\r\n");
  if (end == std::string_view::npos) {
    if (bytes.size() < kMaxUpgradeAnswerBytes) return std::nullopt;
    return UpgradeAnswer{InvalidArgument("the peer's answer has a too long head"), 0};
  }
  int http_status = 0;
  const char* digits = bytes.data() + kVersion.size();
  const auto parsed = std::from_chars(digits, digits + 3, http_status);
  if (parsed.ec != std::errc() || parsed.ptr != digits + 3 || http_status < 100) {
    return UpgradeAnswer{NotHttp(), 0};
  }
  const size_t head = end + 4;
  if (http_status == 101) return UpgradeAnswer{OkStatus(), head};
  return UpgradeAnswer{Refusal(http_status, bytes.substr(head)), head};
}

}  // namespace meseta::net
