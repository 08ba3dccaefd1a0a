// All HTTP routes of the master.
#pragma once

#include "actors/http/router.h"
#include "master/api/operator_api.h"
#include "master/api/scheduler_api.h"

namespace meseta::master {

struct RoutesContext {
  OperatorApiContext operators;  // Also what the un-versioned endpoints read.
  SchedulerApiContext schedulers;
  std::string redirect_location;  // "//host:port" of the leader: this master.
};

http::Router MasterRoutes(const RoutesContext& context);

}  // namespace meseta::master
