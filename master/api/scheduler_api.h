// POST /api/v1/scheduler: the v1 scheduler API up to the master's actor.
//
// On a network thread: parses and checks what needs no state, opens the event stream of a SUBSCRIBE,
// and posts the rest. Order of checks, codes and sentences are Mesos' (reference: 1.6, captures).
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "actors/base/ids.h"
#include "actors/http/message.h"
#include "actors/http/negotiation.h"
#include "actors/messages/v1.h"
#include "master/master_events.h"

namespace meseta::master {

// What the API needs of the master; all callable from any thread.
struct SchedulerApiContext {
  std::function<void(MasterEvent)> post;
  // Registers an open stream with the actor that writes events.
  std::function<void(StreamId, http::ContentType, std::shared_ptr<http::StreamWriter>)> open_stream;
  std::function<std::string()> new_uuid;
};

http::Handler SchedulerApi(SchedulerApiContext context);

}  // namespace meseta::master
