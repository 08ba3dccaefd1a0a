// TlsContext: certificates and the rules by which a daemon speaks TLS (1.2 or newer).
//
// Immutable after it is made; shared by all streams and threads.
#pragma once

#include <memory>
#include <string>

#include "actors/base/status.h"

namespace boost::asio::ssl {
class context;
}

namespace meseta::net {

struct TlsFiles {
  std::string certificate;  // PEM chain, our own first. Clients may leave it and the key empty.
  std::string key;          // PEM.
  std::string ca;  // PEM bundle that peers' certificates are checked with; empty: the system's.
};

class TlsContext {
 public:
  // With `require_peer_certificate` clients without a certificate signed by files.ca are refused;
  // otherwise a certificate is asked for when files.ca is given, and checked if one comes.
  static Result<std::shared_ptr<TlsContext>> Server(const TlsFiles& files,
                                                    bool require_peer_certificate);
  // With `verify` the server's certificate and its host name are checked.
  static Result<std::shared_ptr<TlsContext>> Client(const TlsFiles& files, bool verify);

  explicit TlsContext(bool server);
  ~TlsContext();
  [[nodiscard]] boost::asio::ssl::context& context() { return *context_; }
  [[nodiscard]] bool verifies_host() const { return verify_host_; }

 private:
  std::unique_ptr<boost::asio::ssl::context> context_;
  bool verify_host_ = false;
};

}  // namespace meseta::net
