// Who a request comes from. Pure: called on network threads, must not block.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "actors/http/message.h"

namespace meseta::http {

class Authenticator {
 public:
  virtual ~Authenticator() = default;
  struct Outcome {
    bool accepted = false;
    std::string principal;  // When accepted.
    Response refusal;       // Otherwise: 401 or 403.
  };
  [[nodiscard]] virtual Outcome Authenticate(const Request& head) const = 0;
};

struct Credential {
  std::string principal;
  std::string secret;
};

// HTTP basic authentication. Secrets are kept and compared as SHA-256 digests, in constant time.
class BasicAuthenticator final : public Authenticator {
 public:
  // `realm` as in the challenge: "mesos-master-readonly".
  BasicAuthenticator(std::string realm, const std::vector<Credential>& credentials);
  [[nodiscard]] Outcome Authenticate(const Request& head) const override;

 private:
  [[nodiscard]] Outcome Refuse() const;

  std::string realm_;
  std::map<std::string, std::string, std::less<>> digests_;  // Of the secret, by principal.
};

// The value of an Authorization header.
[[nodiscard]] std::string BasicAuthorization(const Credential& credential);

}  // namespace meseta::http
