// All HTTP routes of the master. Those that only a leader serves redirect to it or answer 503
// (leader_only.h); the others are answered by any master.
#pragma once

#include "actors/http/router.h"
#include "actors/endpoints/common_routes.h"
#include "master/api/leader_only.h"
#include "master/api/log_api.h"
#include "state/registry/registry.h"

namespace meseta::master {

struct RoutesContext {
  endpoints::CommonContext common;
  LeadershipSource leadership;
  std::function<std::string()> new_uuid;  // Any thread.
  std::string address;  // host:port of this master, as clients reach it.
  LogApiContext log;
  std::function<Result<registry::RegistryState>()> registry;  // As durable; for the pool.
};

http::Router MasterRoutes(const RoutesContext& context);

}  // namespace meseta::master
