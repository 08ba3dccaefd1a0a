// POST /api/v1: the v1 operator API. Reads are answered from a snapshot on the pool; changes go to
// the master's actor; what belongs to later work is refused with a sentence.
#pragma once

#include "actors/endpoints/common_routes.h"
#include "master/api/leader_only.h"

namespace meseta::master {

TermHandler OperatorApi(endpoints::CommonContext common);

// POST /teardown: the un-versioned form of TEARDOWN.
TermHandler TeardownEndpoint();

}  // namespace meseta::master
