// Principals and secrets: the credentials files of Mesos users, and HTTP basic authentication. Pure.
//
// --credentials names a file of those who may connect, in either form:
//   {"credentials": [{"principal": "agent", "secret": "s3cret"}, ...]}
//   one "principal secret" per line; empty lines and lines that begin with '#' are skipped
// --credential names a file with the daemon's own:
//   {"principal": "agent", "secret": "s3cret"}   or one line   agent s3cret
// Errors name the place, never a secret. Comparing secrets takes the same time wherever they differ.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "actors/base/status.h"

namespace meseta::net {

inline constexpr size_t kMaxCredentialsBytes = 4 * 1024 * 1024;
inline constexpr size_t kMaxPrincipalBytes = 1024;
inline constexpr size_t kMaxSecretBytes = 4096;

struct Credential {
  std::string principal;
  std::string secret;
  friend bool operator==(const Credential&, const Credential&) = default;
};

class Credentials {
 public:
  Credentials() = default;
  [[nodiscard]] static Result<Credentials> Parse(std::string_view text);
  // Refuses a principal that is there already.
  Status Add(Credential credential);

  [[nodiscard]] bool Check(const Credential& credential) const;
  [[nodiscard]] bool empty() const { return secrets_.empty(); }
  [[nodiscard]] size_t size() const { return secrets_.size(); }

 private:
  std::map<std::string, std::string> secrets_;  // By principal.
};

[[nodiscard]] Result<Credential> ParseCredential(std::string_view text);

// The value of an Authorization header: "Basic <base64 of principal:secret>".
[[nodiscard]] std::string BasicAuthorization(const Credential& credential);
[[nodiscard]] Result<Credential> ParseBasicAuthorization(std::string_view header);

}  // namespace meseta::net
