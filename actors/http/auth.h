// Who a request comes from. Pure: called on network threads, must not block.
#pragma once

#include <memory>
#include <string>

#include "actors/http/message.h"
#include "actors/net/credentials.h"

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

// HTTP basic authentication.
class BasicAuthenticator final : public Authenticator {
 public:
  // `realm` as in the challenge: "mesos-master-readonly".
  BasicAuthenticator(std::string realm, std::shared_ptr<const net::Credentials> credentials);
  [[nodiscard]] Outcome Authenticate(const Request& head) const override;

 private:
  const std::string realm_;
  const std::shared_ptr<const net::Credentials> credentials_;
};

}  // namespace meseta::http
