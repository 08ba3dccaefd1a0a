// Who may be what on a link: from a peer's claim and its proofs to a role, or a refusal. Pure.
//
// Without authentication the role claimed in the hello counts. With it:
//   - a role in `authenticated_roles` needs a valid principal or a certificate name
//     (--authenticate_agents puts kAgent there);
//   - a principal or certificate name in `roles_of` has exactly the roles listed for it;
//   - a role in `identities_of` takes nobody but who is listed for it;
//   - a certificate, when the peer shows one, must name the host that the peer advertises, unless
//     `check_certificate_host` is off.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "actors/base/status.h"
#include "actors/net/transport.h"

namespace meseta::net {

struct LinkPolicy {
  std::set<PeerRole> authenticated_roles;
  std::map<std::string, std::set<PeerRole>> roles_of;
  std::map<PeerRole, std::set<std::string>> identities_of;
  bool check_certificate_host = true;
};

// What the connection itself proved, before the peer's first frame.
struct PeerProof {
  std::string principal;                       // Of a checked credential; empty: none.
  std::vector<std::string> certificate_names;  // Of a verified certificate; empty: none.
  bool dialed = false;                         // We connected to it.
};

// What the peer says of itself.
struct PeerClaim {
  PeerRole role = PeerRole::kUnknown;
  std::string address;  // host:port
  std::string daemon_version;
  std::string incarnation;
};

[[nodiscard]] Result<LinkPeer> AdmitPeer(const LinkPolicy& policy, const PeerProof& proof,
                                         const PeerClaim& claim);

// "master", "agent", "framework", "client", "unknown".
[[nodiscard]] std::string RoleName(PeerRole role);

// The host of "host:port", "[v6]:port".
[[nodiscard]] std::string HostOf(const std::string& address);

}  // namespace meseta::net
