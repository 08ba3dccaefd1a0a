// Goal: which claims with which proofs give which role.
#include "actors/net/link_auth.h"

#include <gtest/gtest.h>

namespace meseta::net {
namespace {

PeerClaim Claim(PeerRole role) { return {role, "10.0.0.1:5051", "0.1.0", "id"}; }

PeerProof Principal(std::string name) {
  PeerProof proof;
  proof.principal = std::move(name);
  return proof;
}

PeerProof Certificate(std::vector<std::string> names) {
  PeerProof proof;
  proof.certificate_names = std::move(names);
  return proof;
}

TEST(LinkAuthTest, WithoutAuthenticationTheClaimCounts) {
  const auto peer = AdmitPeer({}, {}, Claim(PeerRole::kAgent));
  ASSERT_TRUE(peer.ok());
  EXPECT_EQ(peer->role, PeerRole::kAgent);
  EXPECT_EQ(peer->principal, "");
  EXPECT_EQ(peer->address, "10.0.0.1:5051");
  EXPECT_EQ(peer->daemon_version, "0.1.0");
}

TEST(LinkAuthTest, AnUnknownRoleIsRefused) {
  EXPECT_EQ(AdmitPeer({}, {}, Claim(PeerRole::kUnknown)).status().code(),
            StatusCode::kInvalidArgument);
}

TEST(LinkAuthTest, AuthenticatedRolesNeedAProof) {
  LinkPolicy policy;
  policy.authenticated_roles = {PeerRole::kAgent};
  EXPECT_EQ(AdmitPeer(policy, {}, Claim(PeerRole::kAgent)).status().code(),
            StatusCode::kUnauthenticated);
  EXPECT_TRUE(AdmitPeer(policy, {}, Claim(PeerRole::kClient)).ok());
  EXPECT_EQ(AdmitPeer(policy, Principal("p"), Claim(PeerRole::kAgent))->principal, "p");
  EXPECT_EQ(AdmitPeer(policy, Certificate({"10.0.0.1"}), Claim(PeerRole::kAgent))->principal,
            "10.0.0.1");
  PeerProof dialed;
  dialed.dialed = true;
  EXPECT_TRUE(AdmitPeer(policy, dialed, Claim(PeerRole::kAgent)).ok());
}

TEST(LinkAuthTest, AListedIdentityHasItsRolesOnly) {
  LinkPolicy policy;
  policy.roles_of = {{"agents", {PeerRole::kAgent}}, {"node.example", {PeerRole::kMaster}}};
  EXPECT_TRUE(AdmitPeer(policy, Principal("agents"), Claim(PeerRole::kAgent)).ok());
  EXPECT_EQ(AdmitPeer(policy, Principal("agents"), Claim(PeerRole::kMaster)).status().code(),
            StatusCode::kPermissionDenied);
  EXPECT_TRUE(AdmitPeer(policy, Principal("other"), Claim(PeerRole::kMaster)).ok());
  const PeerProof node = Certificate({"10.0.0.1", "node.example"});
  EXPECT_TRUE(AdmitPeer(policy, node, Claim(PeerRole::kMaster)).ok());
  EXPECT_FALSE(AdmitPeer(policy, node, Claim(PeerRole::kAgent)).ok());
}

TEST(LinkAuthTest, AReservedRoleTakesTheListedIdentitiesOnly) {
  LinkPolicy policy;
  policy.authenticated_roles = {PeerRole::kMaster};
  policy.identities_of = {{PeerRole::kMaster, {"masters"}}};
  EXPECT_TRUE(AdmitPeer(policy, Principal("masters"), Claim(PeerRole::kMaster)).ok());
  EXPECT_EQ(AdmitPeer(policy, Principal("agents"), Claim(PeerRole::kMaster)).status().code(),
            StatusCode::kPermissionDenied);
  EXPECT_EQ(AdmitPeer(policy, Certificate({"10.0.0.1"}), Claim(PeerRole::kMaster)).status().code(),
            StatusCode::kPermissionDenied);
  EXPECT_TRUE(AdmitPeer(policy, Principal("agents"), Claim(PeerRole::kAgent)).ok());
  PeerProof dialed;  // It shows no credential.
  dialed.dialed = true;
  EXPECT_TRUE(AdmitPeer(policy, dialed, Claim(PeerRole::kMaster)).ok());
}

TEST(LinkAuthTest, ACertificateFixesTheHost) {
  const auto refused = AdmitPeer({}, Certificate({"10.0.0.2"}), Claim(PeerRole::kAgent));
  EXPECT_EQ(refused.status().code(), StatusCode::kPermissionDenied);
  LinkPolicy lax;
  lax.check_certificate_host = false;
  EXPECT_TRUE(AdmitPeer(lax, Certificate({"10.0.0.2"}), Claim(PeerRole::kAgent)).ok());
}

TEST(LinkAuthTest, HostOfAddress) {
  EXPECT_EQ(HostOf("a.b:5050"), "a.b");
  EXPECT_EQ(HostOf("[::1]:5050"), "::1");
  EXPECT_EQ(HostOf("a"), "a");
  EXPECT_EQ(HostOf("[::1"), "[::1");
  EXPECT_EQ(HostOf(""), "");
}

}  // namespace
}  // namespace meseta::net
