#include "actors/net/any_stream.h"

#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <optional>
#include <type_traits>
#include <utility>

#include "actors/net/address.h"
#include "actors/net/any_stream_factory.h"
#include "actors/net/deadlines.h"
#include "actors/net/tls_context.h"

namespace meseta::net {
namespace {

namespace ssl = asio::ssl;
using tcp = asio::ip::tcp;
using Tls = ssl::stream<tcp::socket>;

constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);
constexpr size_t kMaxAlternativeNames = 256;

std::string PeerName(tcp::socket& socket) {
  ErrorCode error;
  const auto endpoint = socket.remote_endpoint(error);
  if (error) return "unknown";
  HostPort name;
  name.host = endpoint.address().to_string();
  name.port = endpoint.port();
  return name.ToString();
}

std::string PeerName(asio::local::stream_protocol::socket&) { return "unix"; }
std::string PeerName(Tls& stream) { return PeerName(stream.next_layer()); }

std::string CommonName(X509* certificate) {
  char text[256] = "";
  const int n = X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, text,
                                          sizeof text);
  return n > 0 ? std::string(text, static_cast<size_t>(n)) : std::string();
}

void AddAlternativeName(const GENERAL_NAME* name, PeerCertificate* result) {
  if (name->type == GEN_DNS) {
    result->dns_names.emplace_back(
        reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName)),
        static_cast<size_t>(ASN1_STRING_length(name->d.dNSName)));
  } else if (name->type == GEN_IPADD) {
    const unsigned char* data = ASN1_STRING_get0_data(name->d.iPAddress);
    if (ASN1_STRING_length(name->d.iPAddress) == 4) {
      asio::ip::address_v4::bytes_type bytes;
      std::copy_n(data, bytes.size(), bytes.begin());
      result->ips.push_back(asio::ip::address_v4(bytes).to_string());
    } else if (ASN1_STRING_length(name->d.iPAddress) == 16) {
      asio::ip::address_v6::bytes_type bytes;
      std::copy_n(data, bytes.size(), bytes.begin());
      result->ips.push_back(asio::ip::address_v6(bytes).to_string());
    }
  }
}

std::optional<PeerCertificate> ReadCertificate(SSL* ssl) {
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(SSL_get1_peer_certificate(ssl),
                                                                &X509_free);
  // Where peers are not verified, what a certificate says proves nothing.
  if (!certificate || SSL_get_verify_mode(ssl) == SSL_VERIFY_NONE ||
      SSL_get_verify_result(ssl) != X509_V_OK) {
    return std::nullopt;
  }
  PeerCertificate result;
  result.common_name = CommonName(certificate.get());
  auto* names = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate.get(), NID_subject_alt_name, nullptr, nullptr));
  const int count = names == nullptr ? 0 : sk_GENERAL_NAME_num(names);
  for (int i = 0; i < count && static_cast<size_t>(i) < kMaxAlternativeNames; ++i) {
    AddAlternativeName(sk_GENERAL_NAME_value(names, i), &result);
  }
  GENERAL_NAMES_free(names);
  return result;
}

template <class Stream>
class StreamImpl final : public AnyStream {
  static constexpr bool kTls = std::is_same_v<Stream, Tls>;

 public:
  explicit StreamImpl(Stream stream, std::shared_ptr<TlsContext> tls = nullptr)
      : tls_(std::move(tls)),
        stream_(std::move(stream)),
        peer_(PeerName(stream_)),
        deadlines_(stream_.get_executor(), [this] {
          ErrorCode ignored;
          stream_.lowest_layer().cancel(ignored);
        }) {}

  ~StreamImpl() override { Close(); }

  asio::awaitable<ErrorCode> ServerHandshake(Duration timeout) override {
    if constexpr (kTls) {
      co_return co_await Handshake(ssl::stream_base::server, timeout);
    } else {
      (void)timeout;
      co_return ErrorCode();
    }
  }

  asio::awaitable<ErrorCode> ClientHandshake(std::string host, Duration timeout) override {
    if constexpr (kTls) {
      if (tls_->verifies_host()) stream_.set_verify_callback(ssl::host_name_verification(host));
      if (!IsIp(host)) SSL_set_tlsext_host_name(stream_.native_handle(), host.c_str());
      co_return co_await Handshake(ssl::stream_base::client, timeout);
    } else {
      (void)host;
      (void)timeout;
      co_return ErrorCode();
    }
  }

  asio::awaitable<IoResult> ReadSome(std::span<char> into, Duration timeout) override {
    auto buffer = asio::buffer(into.data(), into.size());
    deadlines_.Set(Deadlines::kRead, timeout);
    auto [error, n] = co_await stream_.async_read_some(buffer, kTuple);
    co_return Finish(Deadlines::kRead, error, n);
  }

  asio::awaitable<IoResult> Write(std::span<const asio::const_buffer> buffers,
                                  Duration timeout) override {
    deadlines_.Set(Deadlines::kWrite, timeout);
    auto [error, n] = co_await asio::async_write(stream_, buffers, kTuple);
    co_return Finish(Deadlines::kWrite, error, n);
  }

  asio::awaitable<void> ShutdownWrite(Duration timeout) override {
    if constexpr (kTls) {
      deadlines_.Set(Deadlines::kWrite, timeout);
      co_await stream_.async_shutdown(kTuple);
      deadlines_.Clear(Deadlines::kWrite);
    } else {
      (void)timeout;
    }
    ErrorCode ignored;
    stream_.lowest_layer().shutdown(asio::socket_base::shutdown_send, ignored);
  }

  void Close() override {
    ErrorCode ignored;
    stream_.lowest_layer().close(ignored);
  }

  bool Quiet() override {
    char byte = 0;
    const ssize_t n =
        recv(stream_.lowest_layer().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
  }

  asio::any_io_executor executor() override { return stream_.get_executor(); }
  const std::string& peer() const override { return peer_; }
  bool secure() const override { return kTls; }
  const PeerCertificate* peer_certificate() const override {
    return certificate_ ? &*certificate_ : nullptr;
  }
  void Hold(std::shared_ptr<void> token) override { held_ = std::move(token); }

 private:
  asio::awaitable<ErrorCode> Handshake(ssl::stream_base::handshake_type type, Duration timeout) {
    if constexpr (kTls) {
      deadlines_.Set(Deadlines::kRead, timeout);
      auto [error] = co_await stream_.async_handshake(type, kTuple);
      if (!error) certificate_ = ReadCertificate(stream_.native_handle());
      co_return Finish(Deadlines::kRead, error, 0).first;
    } else {
      (void)type;
      (void)timeout;
      co_return ErrorCode();
    }
  }

  // An operation that succeeded although its deadline has just passed has succeeded.
  IoResult Finish(Deadlines::Slot slot, const ErrorCode& error, std::size_t n) {
    const bool late = deadlines_.Clear(slot);
    if (error && late) return IoResult(asio::error::timed_out, n);
    return IoResult(error, n);
  }

  std::shared_ptr<void> held_;  // First: released last.
  std::shared_ptr<TlsContext> tls_;
  Stream stream_;
  std::string peer_;
  std::optional<PeerCertificate> certificate_;
  Deadlines deadlines_;
};

}  // namespace

std::unique_ptr<AnyStream> TcpStream(tcp::socket socket) {
  return std::make_unique<StreamImpl<tcp::socket>>(std::move(socket));
}

std::unique_ptr<AnyStream> UnixStream(asio::local::stream_protocol::socket socket) {
  return std::make_unique<StreamImpl<asio::local::stream_protocol::socket>>(std::move(socket));
}

std::unique_ptr<AnyStream> TlsStream(tcp::socket socket, std::shared_ptr<TlsContext> tls) {
  Tls stream(std::move(socket), tls->context());
  return std::make_unique<StreamImpl<Tls>>(std::move(stream), std::move(tls));
}

}  // namespace meseta::net
