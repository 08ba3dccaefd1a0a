// What a master that does not lead answers, and the guard around the routes that only a leader serves.
//
// 307 with a Location without scheme to the leader, path and query kept; 503 while there is none.
// (Facts of Mesos; its clients follow both.) A request that was accepted and lost with the end of
// the term is answered 503: whether it took effect is not known here.
#pragma once

#include <functional>

#include "actors/http/message.h"
#include "master/api/leadership.h"

namespace meseta::master {

using LeadershipSource = std::function<LeadershipPtr()>;
using TermHandler = std::function<void(const TermPtr&, http::Request, http::ResponderPtr)>;

// The answer of a master that cannot serve `request` itself.
[[nodiscard]] http::Response NotTheLeader(const Leadership& leadership,
                                          const http::Request& request);

// The answer to a request that the actors of `term` have dropped: overload, or its end.
[[nodiscard]] http::Response DroppedResponse(const TermRefs& term);

// Calls `handler` while this master leads, within its lease.
[[nodiscard]] http::Handler LeaderOnly(LeadershipSource leadership, TermHandler handler);

}  // namespace meseta::master
