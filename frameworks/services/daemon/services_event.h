// What the services' actor is told.
#pragma once

#include <functional>
#include <string>
#include <variant>

#include "actors/runtime/reply.h"
#include "frameworks/sdk/cpp/scheduler.h"
#include "frameworks/services/core/commands.h"
#include "frameworks/services/health/health_core.h"

namespace meseta::services {

struct AskCore {
  ServicesCommand command;
  runtime::Reply<Answer<WriteDone>> reply;
};
// A write of the store has come to this.
struct StoreWritten {
  uint64_t number = 0;
  Status outcome;
};
// The first event: where to post the others.
struct Begin {
  std::function<void(sdk::SchedulerEvent)> on_scheduler;
  std::function<void(StoreWritten)> on_written;
};
using ServicesActorEvent =
    std::variant<Begin, AskCore, StoreWritten, ProbeResult, sdk::SchedulerEvent>;

}  // namespace meseta::services
