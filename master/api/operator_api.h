// POST /api/v1: the v1 operator API. Reads are answered from a snapshot on the pool; changes go to
// the master's actor; what belongs to later work is refused with a sentence.
#pragma once

#include <functional>

#include "actors/endpoints/common_routes.h"
#include "actors/http/message.h"
#include "master/master_events.h"
#include "master/view/snapshot.h"

namespace meseta::master {

struct OperatorApiContext {
  endpoints::CommonContext common;
  std::function<SnapshotPtr()> view;
  std::function<void(MasterEvent)> post;
};

http::Handler OperatorApi(OperatorApiContext context);

// POST /teardown: the un-versioned form of TEARDOWN.
http::Handler TeardownEndpoint(std::function<void(MasterEvent)> post);

}  // namespace meseta::master
