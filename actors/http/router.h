// Router: request path -> handler, by longest path prefix, as libprocess routes.
//
// A route "/api/v1" answers "/api/v1" and everything below it ("/api/v1/operator") unless a longer
// route matches. Prefixes match whole path components. Aliases make "/master/state" and "/state"
// one. Built before the server starts and immutable afterwards, so that all network threads share
// it.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actors/http/message.h"

namespace meseta::http {

// Which authentication a route asks for. The server holds one authenticator per realm.
enum class Realm { kNone, kReadOnly, kReadWrite, kScheduler };

struct RouteOptions {
  Realm realm = Realm::kNone;
  std::vector<std::string> methods;  // Empty: any. Others get 405 with Allow and Mesos' text.
  size_t max_body_bytes = 4 * 1024 * 1024;  // 413 beyond it.
  bool exact = false;                       // No sub-paths.
};

class Router {
 public:
  struct Route {
    Handler handler;
    RouteOptions options;
  };

  // REQUIRES: path starts with '/', and is not routed yet.
  void Add(std::string path, RouteOptions options, Handler handler);
  // Serves every route also below `prefix`: Alias("/master") makes /master/state reach /state.
  void Alias(std::string prefix);
  // The longest matching route, or null. `path` is decoded.
  [[nodiscard]] const Route* Match(std::string_view path) const;
  // All routed paths, for /help.
  [[nodiscard]] std::vector<std::string> Paths() const;

 private:
  std::map<std::string, Route, std::less<>> routes_;
  std::vector<std::string> aliases_;
};

}  // namespace meseta::http
