// Network: what every daemon listens and dials with: network threads, the one port, the HTTP server
// behind it, and the links that come in over it.
//
// Safe by default (DESIGN section 8): without TLS or credentials a daemon listens on loopback only;
// wider takes --insecure_listen. The port is bound by Open(), so that the real one is known (port 0)
// before routes are made; connections are answered from Serve() on, and wait until then.
//
// Owned by the daemon object; several may live in one process.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "actors/base/flags.h"
#include "actors/base/status.h"
#include "actors/http/server.h"
#include "actors/net/io_runtime.h"
#include "actors/net/link_transport.h"
#include "actors/net/listener.h"

namespace meseta::daemon {

struct NetworkFlags {
  std::string ip = "127.0.0.1";
  int port = 0;
  std::optional<std::string> hostname;
  std::optional<std::string> advertise_ip;
  std::optional<int> advertise_port;
  bool insecure_listen = false;
  int network_threads = 2;
  Path tls_cert_file;
  Path tls_key_file;
  Path tls_ca_file;
  bool tls_require_client_cert = false;
  Path credentials;  // Who may connect.
  Path credential;   // Our own, when dialing.
  bool authenticate_http_readonly = false;
  bool authenticate_http_readwrite = false;

  // `port` set before is the default.
  void AddTo(FlagSet& flags);
};

struct NetworkOptions {
  net::PeerRole role = net::PeerRole::kClient;
  // Challenge of each realm: {kReadOnly, "mesos-master-readonly"} ...
  std::map<http::Realm, std::string> realm_names;
  // Realms that ask for a credential.
  std::set<http::Realm> authenticated_realms;
  // Roles of peers that this daemon accepts links from.
  std::set<net::PeerRole> accepted_roles;
  // Those of them that need a valid principal (--authenticate_agents).
  std::set<net::PeerRole> authenticated_roles;
  // Those that nobody takes but who shows the principal of our own --credential: our equals.
  std::set<net::PeerRole> own_principal_roles;
};

class Network {
 public:
  // Binds the port. Every failure names the flag or file at fault.
  static Result<std::unique_ptr<Network>> Open(const NetworkFlags& flags, NetworkOptions options);
  ~Network();  // Stop()s.
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  // Starts to answer. Once.
  void Serve(http::Router router);
  // Stops accepting, ends streams, lets requests in flight finish, stops the threads. Idempotent.
  void Stop();

  [[nodiscard]] net::Transport& transport();
  [[nodiscard]] net::IoRuntime& io();
  [[nodiscard]] const net::LinkCounters& link_counters() const;

  // As others reach us.
  [[nodiscard]] const std::string& ip() const;
  [[nodiscard]] uint16_t port() const;
  [[nodiscard]] const std::string& hostname() const;
  [[nodiscard]] bool secure() const;
  // "127.0.0.1:5050"
  [[nodiscard]] std::string address() const;
  // "master@127.0.0.1:5050"
  [[nodiscard]] std::string Pid(const std::string& actor) const;
  // "http://127.0.0.1:5050"
  [[nodiscard]] std::string url() const;

 private:
  struct State;
  explicit Network(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace meseta::daemon
