// POST /api/v1/scheduler: the v1 scheduler API up to the master's actor.
//
// On a network thread: parses and checks what needs no state, opens the event stream of a SUBSCRIBE,
// and posts the rest. Order of checks, codes and sentences are Mesos' (reference: 1.6, captures).
#pragma once

#include <functional>
#include <string>

#include "master/api/leader_only.h"

namespace meseta::master {

// `new_uuid` may be called on any thread.
TermHandler SchedulerApi(std::function<std::string()> new_uuid);

}  // namespace meseta::master
