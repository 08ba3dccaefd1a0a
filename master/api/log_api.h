// /meseta/members, /meseta/log and its /backup: the replicated log behind this master, for operators and for
// `meseta master`.
//
// GET of both: any member answers for itself. POST /meseta/members {"action": "add", "remove",
// "promote", "transfer" or "uninvite", "member": address or id}: the leader of the log; others
// redirect to it. Answered once the change is committed; a refused one is 4xx/503 with the reason.
//
// GET /meseta/log/backup: of the leader, a file of the whole store (state/store/backup.h). It is in
// memory until it is sent, so that a second one meanwhile is refused (503).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "actors/endpoints/common_routes.h"
#include "actors/http/router.h"
#include "actors/runtime/reply.h"
#include "master/api/leader_only.h"
#include "state/log/replica.h"
#include "state/store/store_types.h"

namespace meseta::master {

struct LogApiContext {
  std::function<std::shared_ptr<const log::ReplicaStatus>()> status;
  std::function<void(log::MemberChange, runtime::Reply<runtime::Done>)> change;
  std::function<void(std::optional<log::MemberId>, runtime::Reply<runtime::Done>)> transfer;
  // The store as committed by now; then `backup`, on the pool, is the file made of it.
  std::function<void(runtime::Reply<store::SnapshotPtr>)> read;
  std::function<std::string(const store::SnapshotPtr&)> backup;
  endpoints::Executor pool;
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
