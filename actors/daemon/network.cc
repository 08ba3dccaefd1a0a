#include "actors/daemon/network.h"

#include <unistd.h>

#include <mutex>
#include <utility>
#include <vector>

#include "actors/base/logging.h"
#include "actors/base/version.h"
#include "actors/http/auth.h"
#include "actors/net/address.h"
#include "actors/net/credentials_file.h"
#include "actors/net/link_http.h"
#include "actors/net/tls_context.h"

namespace meseta::daemon {
namespace {

constexpr size_t kMaxEarlyStreams = 1024;  // Accepted between Open() and Serve().
constexpr Duration kShutdownGrace = Duration::Millis(500);

// Streams that come before the server is there wait here.
class Gate {
 public:
  void Accept(std::unique_ptr<net::AnyStream> stream) {
    const std::lock_guard lock(mutex_);
    if (server_ != nullptr) {
      server_->Serve(std::move(stream));
    } else if (!closed_ && early_.size() < kMaxEarlyStreams) {
      early_.push_back(std::move(stream));
    }
  }
  void Open(http::Server* server) {
    const std::lock_guard lock(mutex_);
    server_ = server;
    for (auto& stream : early_) server_->Serve(std::move(stream));
    early_.clear();
  }
  void Close() {
    const std::lock_guard lock(mutex_);
    server_ = nullptr;
    closed_ = true;
    early_.clear();
  }

 private:
  std::mutex mutex_;
  http::Server* server_ = nullptr;
  bool closed_ = false;
  std::vector<std::unique_ptr<net::AnyStream>> early_;
};

Status CheckPort(int port) {
  if (port >= 0 && port <= 65535) return OkStatus();
  return InvalidArgument("a port is a number from 0 to 65535, not " + std::to_string(port));
}

std::string OwnHostname(const NetworkFlags& flags) {
  if (flags.hostname) return *flags.hostname;
  if (net::IsLoopback(flags.ip)) return "localhost";
  char name[256] = {};
  if (::gethostname(name, sizeof name - 1) == 0 && name[0] != '\0') return name;
  return flags.ip;
}

Result<std::shared_ptr<const net::Credentials>> LoadCredentials(const Path& path) {
  if (path.empty()) return std::shared_ptr<const net::Credentials>();
  auto read = net::ReadCredentialsFile(path.value);
  if (!read.ok()) return read.status().WithContext("--credentials");
  return std::make_shared<const net::Credentials>(*std::move(read));
}

Result<std::optional<net::Credential>> LoadCredential(const Path& path) {
  if (path.empty()) return std::optional<net::Credential>();
  auto read = net::ReadCredentialFile(path.value);
  if (!read.ok()) return read.status().WithContext("--credential");
  return std::optional<net::Credential>(*std::move(read));
}

// Whether nobody gets in without a credential: credentials protect a port only when every realm and
// every kind of link asks for them.
bool AsksEverybody(const NetworkOptions& options) {
  for (const auto& [realm, name] : options.realm_names) {
    if (options.authenticated_realms.count(realm) == 0) return false;
  }
  for (const net::PeerRole role : options.accepted_roles) {
    if (options.authenticated_roles.count(role) == 0) return false;
  }
  return true;
}

struct TlsContexts {
  std::shared_ptr<net::TlsContext> server;
  std::shared_ptr<net::TlsContext> client;
};

Result<TlsContexts> LoadTls(const NetworkFlags& flags) {
  TlsContexts contexts;
  if (flags.tls_cert_file.empty() != flags.tls_key_file.empty()) {
    return InvalidArgument("--tls_cert_file and --tls_key_file go together: give both or none");
  }
  if (flags.tls_cert_file.empty()) {
    if (flags.tls_require_client_cert) {
      return InvalidArgument("--tls_require_client_cert needs --tls_cert_file and --tls_key_file");
    }
    return contexts;
  }
  const net::TlsFiles files{flags.tls_cert_file.value, flags.tls_key_file.value,
                            flags.tls_ca_file.value};
  ASSIGN_OR_RETURN(contexts.server, net::TlsContext::Server(files, flags.tls_require_client_cert));
  ASSIGN_OR_RETURN(contexts.client, net::TlsContext::Client(files, true));
  return contexts;
}

}  // namespace

void NetworkFlags::AddTo(FlagSet& flags) {
  flags.Add(&ip, "ip", "Address to listen on.").Group(kEssential).ValueName("IP");
  flags.Add(&port, "port", "Port to listen on; 0: any free one.").Group(kEssential).Check(CheckPort);
  flags.Add(&hostname, "hostname", "Name under which others reach this machine.").Group(kEssential);
  flags.Add(&advertise_ip, "advertise_ip", "Address told to others in place of --ip.");
  flags.Add(&advertise_port, "advertise_port", "Port told to others in place of --port.")
      .Check(CheckPort);
  flags.Add(&network_threads, "network_threads", "Threads that read and write sockets.")
      .Group(kExpert)
      .Check([](int n) {
        return n >= 1 && n <= 64 ? OkStatus() : InvalidArgument("expecting 1 to 64 threads");
      });
  flags.Add(&insecure_listen, "insecure_listen",
            "Listen beyond loopback although neither TLS nor credentials protect the port.")
      .Group(kSecurity);
  flags.Add(&tls_cert_file, "tls_cert_file", "Certificate chain (PEM); turns TLS on.")
      .Group(kSecurity);
  flags.Add(&tls_key_file, "tls_key_file", "Private key of the certificate (PEM).")
      .Group(kSecurity);
  flags.Add(&tls_ca_file, "tls_ca_file", "CA certificates that peers are checked against (PEM).")
      .Group(kSecurity);
  flags.Add(&tls_require_client_cert, "tls_require_client_cert",
            "Refuse clients without a certificate signed by --tls_ca_file.")
      .Group(kSecurity);
  flags.Add(&credentials, "credentials",
            "File of principals and secrets that may connect, as JSON or one pair per line.")
      .Group(kSecurity);
  flags.Add(&credential, "credential", "File with this daemon's own principal and secret.")
      .Group(kSecurity);
  flags.Add(&authenticate_http_readonly, "authenticate_http_readonly",
            "Ask for a credential on endpoints that only read.")
      .Group(kSecurity);
  flags.Add(&authenticate_http_readwrite, "authenticate_http_readwrite",
            "Ask for a credential on endpoints that change something.")
      .Group(kSecurity)
      .Alias("authenticate_http");
}

struct Network::State {
  std::string ip;
  std::string hostname;
  uint16_t port = 0;
  bool secure = false;
  NetworkOptions options;
  std::shared_ptr<const net::Credentials> credentials;
  std::shared_ptr<Gate> gate = std::make_shared<Gate>();
  // Destroyed in reverse: the threads last.
  std::unique_ptr<net::IoRuntime> io;
  std::unique_ptr<net::LinkTransport> transport;
  std::unique_ptr<http::Server> server;
  std::unique_ptr<net::Listener> listener;
  bool stopped = false;
};

Result<std::unique_ptr<Network>> Network::Open(const NetworkFlags& flags, NetworkOptions options) {
  ASSIGN_OR_RETURN(auto credentials, LoadCredentials(flags.credentials));
  ASSIGN_OR_RETURN(auto credential, LoadCredential(flags.credential));
  ASSIGN_OR_RETURN(TlsContexts tls, LoadTls(flags));
  if (credentials == nullptr &&
      !(options.authenticated_realms.empty() && options.authenticated_roles.empty())) {
    return InvalidArgument("authentication is asked for, but --credentials names no file to check against");
  }
  const bool secured = tls.server != nullptr || AsksEverybody(options);
  RETURN_IF_ERROR(net::CheckListenPolicy(flags.ip, secured, flags.insecure_listen));

  auto state = std::make_unique<State>();
  state->hostname = OwnHostname(flags);
  state->secure = tls.server != nullptr;
  state->options = std::move(options);
  state->credentials = std::move(credentials);
  state->io = std::make_unique<net::IoRuntime>(flags.network_threads);
  net::ListenerOptions listen;
  listen.ip = flags.ip;
  listen.port = static_cast<uint16_t>(flags.port);
  listen.tls = tls.server;
  auto listener = net::Listener::Open(
      *state->io, std::move(listen),
      [gate = state->gate](std::unique_ptr<net::AnyStream> stream) { gate->Accept(std::move(stream)); });
  if (!listener.ok()) return listener.status();
  state->listener = *std::move(listener);
  state->ip = flags.advertise_ip.value_or(flags.ip);
  state->port = static_cast<uint16_t>(flags.advertise_port.value_or(state->listener->port()));

  net::LinkTransportOptions links;
  links.role = state->options.role;
  links.address = state->ip + ":" + std::to_string(state->port);
  links.daemon_version = kMesetaVersion;
  for (const net::PeerRole role : state->options.own_principal_roles) {
    auto& identities = links.policy.identities_of[role];  // None without a --credential.
    if (credential) identities.insert(credential->principal);
  }
  links.credential = std::move(credential);
  links.tls = tls.client;
  links.credentials = state->credentials;
  links.policy.authenticated_roles = state->options.authenticated_roles;
  state->transport = std::make_unique<net::LinkTransport>(*state->io, std::move(links));
  return std::unique_ptr<Network>(new Network(std::move(state)));
}

Network::Network(std::unique_ptr<State> state) : state_(std::move(state)) {}

Network::~Network() { Stop(); }

void Network::Serve(http::Router router) {
  http::ServerOptions options;
  for (const http::Realm realm : state_->options.authenticated_realms) {
    options.authenticators[realm] = std::make_shared<http::BasicAuthenticator>(
        state_->options.realm_names[realm], state_->credentials);
  }
  state_->server =
      std::make_unique<http::Server>(std::move(router), std::move(options));
  net::ServeLinks(*state_->server, *state_->transport);
  state_->gate->Open(state_->server.get());
}

void Network::Stop() {
  if (std::exchange(state_->stopped, true)) return;
  state_->listener->Close();
  state_->gate->Close();
  if (state_->server) state_->server->Shutdown(kShutdownGrace);
  state_->transport.reset();
  state_->io->Stop();
}

net::Transport& Network::transport() { return *state_->transport; }
net::IoRuntime& Network::io() { return *state_->io; }
const net::LinkCounters& Network::link_counters() const { return state_->transport->counters(); }
const std::string& Network::ip() const { return state_->ip; }
uint16_t Network::port() const { return state_->port; }
const std::string& Network::hostname() const { return state_->hostname; }
bool Network::secure() const { return state_->secure; }
std::string Network::address() const { return state_->ip + ":" + std::to_string(state_->port); }
std::string Network::Pid(const std::string& actor) const { return actor + "@" + address(); }
std::string Network::url() const { return (state_->secure ? "https://" : "http://") + address(); }

}  // namespace meseta::daemon
