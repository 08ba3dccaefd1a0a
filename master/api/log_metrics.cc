#include "master/api/log_metrics.h"

#include <algorithm>

namespace meseta::master {
namespace {

// 0: takes no part, 1: learner, 2: follower, 3: candidate, 4: leader.
double RoleNumber(const log::ReplicaStatus& status) {
  bool member = false;
  bool learner = false;
  for (const internal::LogMember& entry : status.raft.configuration.members()) {
    if (entry.id() != status.raft.self) continue;
    member = true;
    learner = entry.learner();
  }
  if (!member || status.state != "member") return 0;
  if (learner) return 1;
  switch (status.raft.role) {
    case log::Role::kFollower: return 2;
    case log::Role::kPreCandidate:
    case log::Role::kCandidate: return 3;
    case log::Role::kLeader: return 4;
  }
  return 0;
}

}  // namespace

void AddLogMetrics(const log::ReplicaStatus& status, size_t registry_bytes,
                   std::map<std::string, double>* out) {
  const log::RaftStatus& raft = status.raft;
  (*out)["registrar/registry_size_bytes"] = static_cast<double>(registry_bytes);
  (*out)["registrar/log/role"] = RoleNumber(status);
  (*out)["registrar/log/entries"] = static_cast<double>(raft.last + 1 - std::min(raft.first, raft.last + 1));
  (*out)["registrar/log/peers_up"] = static_cast<double>(status.addresses_up.size());
}

}  // namespace meseta::master
