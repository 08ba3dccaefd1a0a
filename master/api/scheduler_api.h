// POST /api/v1/scheduler: the v1 scheduler API up to the master's actor.
//
// On a network thread: parses and checks what needs no state, opens the event stream of a SUBSCRIBE,
// and posts the rest. Besides Mesos' headers a SUBSCRIBE may have
//   Meseta-Framework-Term: 7     the term of the framework's own leader (session_core.h).
// Order of checks, codes and sentences are Mesos' (reference: 1.6, captures).
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "actors/messages/v1.h"
#include "master/api/leader_only.h"

namespace meseta::master {

inline constexpr char kSchedulerApiPath[] = "/api/v1/scheduler";

// What is wrong with a call, as far as that needs no state; `principal` empty: not authenticated.
[[nodiscard]] std::optional<http::Response> RefuseSchedulerCall(const v1::scheduler::Call& call,
                                                                const std::string& principal);

// `new_uuid` may be called on any thread.
TermHandler SchedulerApi(std::function<std::string()> new_uuid);

}  // namespace meseta::master
