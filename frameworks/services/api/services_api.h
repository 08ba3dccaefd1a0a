// The HTTP API of meseta-services: Marathon's paths (reference: Marathon surface 1.1 to 1.3), and ours
// below /meseta/.
//
// GETs are rendered on the pool from the newest snapshot; writes are parsed on the pool, asked of the
// core, and answered when they are durable and visible. A daemon that does not lead proxies to the
// leader (events are redirected), as Marathon does; 503 with a sentence while there is none.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "actors/base/status.h"
#include "actors/endpoints/common_routes.h"
#include "actors/http/client.h"
#include "actors/http/router.h"
#include "actors/net/io_runtime.h"
#include "actors/runtime/published.h"
#include "actors/runtime/reply.h"
#include "frameworks/services/core/commands.h"
#include "frameworks/services/events/event_actor.h"
#include "frameworks/services/view/snapshot.h"

namespace meseta::services {

// The way into the actors of one term of leadership. All may be called after the term's end.
struct TermRefs {
  uint64_t term = 0;
  std::shared_ptr<const runtime::Published<Snapshot>> view;  // Never empty.
  // The reply comes on the core's thread; it is dropped (503) when the term ends.
  std::function<void(ServicesCommand, runtime::Reply<Answer<WriteDone>>)> ask;
  std::function<bool(EventCommand)> events;  // False: refused.
  std::function<bool()> leads;               // False once the lease is over.
};
using TermPtr = std::shared_ptr<const TermRefs>;

struct Leadership {
  TermPtr term;                       // Set while this daemon leads.
  std::optional<std::string> leader;  // host:port of the daemon that does.
  std::string waits_for;              // Neither: a sentence why.
};
using PublishedLeadership = runtime::Published<Leadership>;

struct ApiContext {
  std::shared_ptr<const PublishedLeadership> leadership;
  endpoints::Executor pool;            // For parsing and rendering.
  std::shared_ptr<http::Client> client;  // For the leader proxy, as is the next.
  net::IoRuntime* io = nullptr;
  Defaults defaults;
  std::string address;                 // host:port of this daemon, as in X-Marathon-Leader.
  std::string scheme = "http";
  std::map<std::string, std::string> flags;  // For /v2/info and /config.
  std::string master;                  // --master, as given.
  std::string hostname;
  int http_port = 0;
  std::function<std::map<std::string, double>()> metrics;  // For /metrics.
  std::function<std::string()> prometheus;
  std::function<void()> abdicate;      // DELETE /v2/leader: hands leadership over.
  std::string allow_origin;            // --access_control_allow_origin
};

void AddServicesRoutes(const ApiContext& context, http::Router* router);

}  // namespace meseta::services
