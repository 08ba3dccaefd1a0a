#include "actors/http/auth.h"

#include <utility>

namespace meseta::http {

BasicAuthenticator::BasicAuthenticator(std::string realm,
                                       std::shared_ptr<const net::Credentials> credentials)
    : realm_(std::move(realm)), credentials_(std::move(credentials)) {}

Authenticator::Outcome BasicAuthenticator::Authenticate(const Request& head) const {
  Outcome outcome;
  if (const auto header = head.headers.Get("Authorization")) {
    const auto shown = net::ParseBasicAuthorization(*header);
    if (shown.ok() && credentials_->Check(*shown)) {
      outcome.accepted = true;
      outcome.principal = shown->principal;
      return outcome;
    }
  }
  outcome.refusal = Response::Text(401, "");
  outcome.refusal.headers.Set("WWW-Authenticate", "Basic realm=\"" + realm_ + "\"");
  return outcome;
}

}  // namespace meseta::http
