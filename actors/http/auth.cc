#include "actors/http/auth.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

#include <optional>

namespace meseta::http {
namespace {

constexpr size_t kMaxAuthorizationBytes = 8 * 1024;

std::string Sha256(std::string_view text) {
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(),
         reinterpret_cast<unsigned char*>(digest.data()));
  return digest;
}

std::optional<std::string> DecodeBase64(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0) return std::nullopt;
  std::string out(text.size() / 4 * 3, '\0');
  const int n = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                reinterpret_cast<const unsigned char*>(text.data()),
                                static_cast<int>(text.size()));
  if (n < 0) return std::nullopt;
  size_t padding = 0;
  while (padding < 2 && text[text.size() - 1 - padding] == '=') ++padding;
  out.resize(static_cast<size_t>(n) - padding);
  return out;
}

std::optional<Credential> ParseBasic(std::string_view value) {
  constexpr std::string_view kScheme = "Basic ";
  if (value.size() > kMaxAuthorizationBytes) return std::nullopt;
  if (!SameName(value.substr(0, kScheme.size()), kScheme)) return std::nullopt;
  value.remove_prefix(kScheme.size());
  while (value.starts_with(' ')) value.remove_prefix(1);
  const auto decoded = DecodeBase64(value);
  if (!decoded) return std::nullopt;
  const size_t colon = decoded->find(':');
  if (colon == std::string::npos) return std::nullopt;
  Credential credential;
  credential.principal = decoded->substr(0, colon);
  credential.secret = decoded->substr(colon + 1);
  return credential;
}

}  // namespace

BasicAuthenticator::BasicAuthenticator(std::string realm,
                                       const std::vector<Credential>& credentials)
    : realm_(std::move(realm)) {
  for (const Credential& credential : credentials) {
    digests_[credential.principal] = Sha256(credential.secret);
  }
}

Authenticator::Outcome BasicAuthenticator::Refuse() const {
  Outcome outcome;
  outcome.refusal = Response::Text(401, "401 Unauthorized.");
  outcome.refusal.headers.Add("WWW-Authenticate", "Basic realm=\"" + realm_ + "\"");
  return outcome;
}

Authenticator::Outcome BasicAuthenticator::Authenticate(const Request& head) const {
  const auto header = head.headers.Get("Authorization");
  const auto credential = header ? ParseBasic(*header) : std::nullopt;
  if (!credential) return Refuse();
  const std::string given = Sha256(credential->secret);
  const auto known = digests_.find(credential->principal);
  // An unknown principal costs the same as a wrong secret.
  const std::string& expected = known == digests_.end() ? realm_ : known->second;
  const bool same = expected.size() == given.size() &&
                    CRYPTO_memcmp(expected.data(), given.data(), given.size()) == 0;
  if (known == digests_.end() || !same) return Refuse();
  Outcome outcome;
  outcome.accepted = true;
  outcome.principal = credential->principal;
  return outcome;
}

std::string BasicAuthorization(const Credential& credential) {
  const std::string text = credential.principal + ':' + credential.secret;
  std::string encoded(4 * ((text.size() + 2) / 3) + 1, '\0');
  const int n = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(encoded.data()),
                                reinterpret_cast<const unsigned char*>(text.data()),
                                static_cast<int>(text.size()));
  encoded.resize(static_cast<size_t>(n));
  return "Basic " + encoded;
}

}  // namespace meseta::http
