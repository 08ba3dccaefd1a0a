#include "actors/net/tls_context.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <unistd.h>

#include <boost/asio/ssl/context.hpp>
#include <cerrno>

namespace meseta::net {
namespace {

namespace ssl = boost::asio::ssl;

Status FileProblem(std::string_view what, const std::string& path,
                   const boost::system::error_code& error) {
  const std::string context = "Cannot load the TLS " + std::string(what) + " '" + path + "'";
  if (access(path.c_str(), R_OK) != 0) return ErrnoStatus(errno, context);
  return InvalidArgument(context + ": " + error.message());
}

Status LoadIdentity(ssl::context& context, const TlsFiles& files) {
  if (files.certificate.empty() != files.key.empty()) {
    return InvalidArgument("TLS needs both a certificate and its key; only the " +
                           std::string(files.key.empty() ? "certificate" : "key") + " was given");
  }
  if (files.certificate.empty()) return OkStatus();
  boost::system::error_code error;
  context.use_certificate_chain_file(files.certificate, error);
  if (error) return FileProblem("certificate", files.certificate, error);
  context.use_private_key_file(files.key, ssl::context::pem, error);
  if (error) return FileProblem("key", files.key, error);
  if (SSL_CTX_check_private_key(context.native_handle()) != 1) {
    ERR_clear_error();
    return InvalidArgument("The TLS key '" + files.key + "' does not belong to the certificate '" +
                           files.certificate + "'");
  }
  return OkStatus();
}

Status LoadAuthorities(ssl::context& context, const TlsFiles& files) {
  boost::system::error_code error;
  if (files.ca.empty()) {
    context.set_default_verify_paths(error);
    if (error) return Internal("Cannot load the system's CA certificates: " + error.message());
    return OkStatus();
  }
  context.load_verify_file(files.ca, error);
  if (error) return FileProblem("CA file", files.ca, error);
  return OkStatus();
}

}  // namespace

TlsContext::TlsContext(bool server)
    : context_(std::make_unique<ssl::context>(server ? ssl::context::tls_server
                                                     : ssl::context::tls_client)) {
  SSL_CTX* native = context_->native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);  // Idle connections give their buffers back.
  SSL_CTX_set_options(native, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
}

TlsContext::~TlsContext() = default;

Result<std::shared_ptr<TlsContext>> TlsContext::Server(const TlsFiles& files,
                                                       bool require_peer_certificate) {
  if (files.certificate.empty()) {
    return InvalidArgument("A TLS server needs a certificate and a key");
  }
  auto result = std::make_shared<TlsContext>(true);
  ssl::context& context = *result->context_;
  RETURN_IF_ERROR(LoadIdentity(context, files));
  if (require_peer_certificate && files.ca.empty()) {
    return InvalidArgument(
        "To require certificates of TLS clients, give the CA file that signs them");
  }
  if (!files.ca.empty()) {
    RETURN_IF_ERROR(LoadAuthorities(context, files));
    auto mode = ssl::verify_peer;
    if (require_peer_certificate) mode |= ssl::verify_fail_if_no_peer_cert;
    context.set_verify_mode(mode);
  }
  // Sessions are resumed only within one context, and its id must be set where peers are verified.
  static constexpr unsigned char kSessionContext[] = "meseta";
  SSL_CTX_set_session_id_context(context.native_handle(), kSessionContext,
                                 sizeof kSessionContext - 1);
  return result;
}

Result<std::shared_ptr<TlsContext>> TlsContext::Client(const TlsFiles& files, bool verify) {
  auto result = std::make_shared<TlsContext>(false);
  ssl::context& context = *result->context_;
  RETURN_IF_ERROR(LoadIdentity(context, files));
  result->verify_host_ = verify;
  if (verify) {
    RETURN_IF_ERROR(LoadAuthorities(context, files));
    context.set_verify_mode(ssl::verify_peer);
  } else {
    context.set_verify_mode(ssl::verify_none);
  }
  return result;
}

}  // namespace meseta::net
