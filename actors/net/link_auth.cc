#include "actors/net/link_auth.h"

#include <algorithm>

namespace meseta::net {
namespace {

Status CheckHost(const PeerProof& proof, const PeerClaim& claim) {
  if (proof.certificate_names.empty() || claim.address.empty()) return OkStatus();
  const std::string host = HostOf(claim.address);
  const auto& names = proof.certificate_names;
  if (std::find(names.begin(), names.end(), host) != names.end()) return OkStatus();
  return PermissionDenied("the peer advertises host '" + host + "', but its certificate is for '" +
                          names.front() + "'");
}

// The identity whose roles are listed: the principal, else the first listed certificate name.
std::string Identity(const LinkPolicy& policy, const PeerProof& proof) {
  if (!proof.principal.empty()) return proof.principal;
  for (const std::string& name : proof.certificate_names) {
    if (policy.roles_of.count(name) != 0) return name;
  }
  return proof.certificate_names.empty() ? std::string() : proof.certificate_names.front();
}

}  // namespace

std::string RoleName(PeerRole role) {
  switch (role) {
    case PeerRole::kMaster: return "master";
    case PeerRole::kAgent: return "agent";
    case PeerRole::kFramework: return "framework";
    case PeerRole::kClient: return "client";
    case PeerRole::kUnknown: break;
  }
  return "unknown";
}

std::string HostOf(const std::string& address) {
  if (!address.empty() && address.front() == '[') {
    const size_t end = address.find(']');
    return end == std::string::npos ? address : address.substr(1, end - 1);
  }
  return address.substr(0, address.rfind(':'));
}

Result<LinkPeer> AdmitPeer(const LinkPolicy& policy, const PeerProof& proof,
                           const PeerClaim& claim) {
  const std::string role = RoleName(claim.role);
  if (claim.role == PeerRole::kUnknown) {
    return InvalidArgument("the peer names no role that this daemon knows");
  }
  if (policy.check_certificate_host) RETURN_IF_ERROR(CheckHost(proof, claim));
  const std::string identity = Identity(policy, proof);
  // The daemon that was dialed shows a certificate, never a credential.
  const bool must_prove = policy.authenticated_roles.count(claim.role) != 0 && !proof.dialed;
  if (must_prove && identity.empty()) {
    return Unauthenticated("a link as " + role +
                           " needs a credential here: start the daemon with --credential");
  }
  const auto listed = policy.roles_of.find(identity);
  if (!identity.empty() && listed != policy.roles_of.end() &&
      listed->second.count(claim.role) == 0) {
    return PermissionDenied("'" + identity + "' may not link as " + role);
  }
  const auto reserved = policy.identities_of.find(claim.role);
  if (reserved != policy.identities_of.end() && !proof.dialed &&
      reserved->second.count(identity) == 0) {
    return PermissionDenied("'" + identity + "' may not link as " + role +
                            ": start all daemons of that role with the same --credential");
  }
  LinkPeer peer;
  peer.role = claim.role;
  peer.principal = identity;
  peer.address = claim.address;
  peer.daemon_version = claim.daemon_version;
  peer.dialed = proof.dialed;
  return peer;
}

}  // namespace meseta::net
