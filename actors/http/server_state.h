// What all connections of one server share. Internal to the server.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "actors/http/server.h"

namespace meseta::http {

class Connection;

struct ServerCore {
  ServerCore(Router router_in, ServerOptions options_in)
      : router(std::move(router_in)), options(std::move(options_in)) {}

  struct Upgrade {
    Realm realm = Realm::kNone;
    UpgradeHandler handler;
  };

  const Router router;
  const ServerOptions options;
  std::map<std::string, Upgrade> upgrades;  // By protocol. Immutable once connections are served.
  ServerStats stats;
  std::atomic<bool> stopping = false;

  // Live connections, so that a shutdown reaches them.
  std::mutex mutex;
  std::condition_variable emptied;
  std::map<Connection*, std::weak_ptr<Connection>> connections;
};

}  // namespace meseta::http
