// /meseta/members and /meseta/log: the replicated log behind this master, for operators and for
// `meseta master`.
//
// GET of both: any member answers for itself. POST /meseta/members {"action": "add", "remove",
// "promote", "transfer" or "uninvite", "member": address or id}: the leader of the log; others
// redirect to it. Answered once the change is committed; a refused one is 4xx/503 with the reason.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "actors/http/router.h"
#include "actors/runtime/reply.h"
#include "master/api/leader_only.h"
#include "state/log/replica.h"

namespace meseta::master {

struct LogApiContext {
  std::function<std::shared_ptr<const log::ReplicaStatus>()> status;
  std::function<void(log::MemberChange, runtime::Reply<runtime::Done>)> change;
  std::function<void(std::optional<log::MemberId>, runtime::Reply<runtime::Done>)> transfer;
  std::string address;  // host:port of this master in the log's configuration.
  LeadershipSource leadership;
};

void AddLogRoutes(const LogApiContext& context, http::Router* router);

// Pure, for tests.
[[nodiscard]] std::string MembersJson(const log::ReplicaStatus& status,
                                      const std::optional<std::string>& leader);
[[nodiscard]] std::string LogJson(const log::ReplicaStatus& status);

// What a POST asks for; `transfer` when `change` is not set.
struct MembersRequest {
  std::optional<log::MemberChange> change;
  std::optional<log::MemberId> transfer_to;
};
[[nodiscard]] Result<MembersRequest> ParseMembersRequest(const std::string& body,
                                                         const log::Configuration& members);

// A member's id as people see it: 16 digits of base 16.
[[nodiscard]] std::string ShowMemberId(log::MemberId id);

}  // namespace meseta::master
