// The one door to CAF: what changes with its version is wrapped here. Debian 12 ships 0.17.6.
//
// Heavy; include it in .cc files only. Messages stay inside the process, so plain structs may be
// sent after MESETA_LOCAL_MESSAGE(type) at global scope.
#pragma once

#include <caf/all.hpp>
#include <caf/scheduler/test_coordinator.hpp>

#include <chrono>

#include "actors/base/time.h"

static_assert(CAF_VERSION >= 1700 && CAF_VERSION < 1800,
              "written for CAF 0.17; see which calls of this header the newer version renamed");

// From 0.18 on such types also need a type id block.
#define MESETA_LOCAL_MESSAGE(type) CAF_ALLOW_UNSAFE_MESSAGE_TYPE(type)

namespace meseta::runtime {

using CafTestScheduler = caf::scheduler::test_coordinator;

// "mail(...).delay(...)" from 1.0 on.
template <class Message>
void SendDelayed(caf::event_based_actor* self, Duration delay, Message message) {
  self->delayed_send(self, std::chrono::nanoseconds(delay.nanos()), std::move(message));
}

inline void UsePolicy(caf::actor_system_config& config, bool stealing, bool testing) {
  // Atoms became strings in 0.18, and the key got the prefix "caf.".
  if (testing) {
    config.set("scheduler.policy", caf::atom("testing"));
  } else {
    config.set("scheduler.policy", stealing ? caf::atom("stealing") : caf::atom("sharing"));
  }
}

inline void UseWorkers(caf::actor_system_config& config, int workers) {
  config.set("scheduler.max-threads", static_cast<size_t>(workers));
}

}  // namespace meseta::runtime
