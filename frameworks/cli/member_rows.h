// What GET /meseta/members says, as values, and what people see of it. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actors/base/status.h"

namespace meseta::cli {

struct MemberRow {
  std::string id;
  std::string address;
  std::string role;  // "leader", "voter", "learner".
  bool up = false;
  bool snapshotting = false;
  std::optional<double> match;  // Entries it has; the leader alone knows those of others.
  std::optional<double> lag;    // Entries it lacks.
};

struct MemberList {
  std::string cluster_id;
  std::string leader;  // host:port; empty: none is known.
  std::string state;   // Of the member that answered.
  std::string problem;
  std::vector<MemberRow> members;
  std::vector<std::string> invited;
  bool from_leader = false;  // The leader itself has answered.
};

[[nodiscard]] Result<MemberList> ReadMembers(std::string_view json);
[[nodiscard]] std::string MemberTable(const MemberList& list);
// By address (5050 when there is no port) or id; null: not a member.
[[nodiscard]] const MemberRow* FindMember(const MemberList& list, const std::string& typed);
[[nodiscard]] bool IsInvited(const MemberList& list, const std::string& address);
// {"action": ..., "member": ...}
[[nodiscard]] std::string MemberRequest(std::string_view action, std::string_view member);
// "host" -> "host:5050".
[[nodiscard]] std::string WithPort(const std::string& typed);
// Whether `typed`, which was in `before`, is out now, given what the leader answered to its removal.
// NotFound: an earlier try, whose answer was lost, has done it.
[[nodiscard]] bool IsRemoved(const MemberList& before, const std::string& typed,
                             const Status& answer);
// How to start a master on the host at `address`, with the members as its --peers.
[[nodiscard]] std::string StartHint(const MemberList& list, const std::string& address);

}  // namespace meseta::cli
