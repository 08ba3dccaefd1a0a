#include "actors/http/router.h"

#include "actors/base/check.h"

namespace meseta::http {
namespace {

// "/a/" and "/a" are one.
std::string_view TrimSlashes(std::string_view path) {
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  return path;
}

bool HasPrefix(std::string_view path, std::string_view prefix) {
  return path.starts_with(prefix) && (path.size() == prefix.size() || path[prefix.size()] == '/');
}

}  // namespace

void Router::Add(std::string path, RouteOptions options, Handler handler) {
  CHECK(path.starts_with('/')) << path;
  Route route;
  route.handler = std::move(handler);
  route.options = std::move(options);
  const bool added = routes_.emplace(std::string(TrimSlashes(path)), std::move(route)).second;
  CHECK(added) << path << " is routed twice";
}

void Router::Alias(std::string prefix) {
  CHECK(prefix.starts_with('/') && prefix.size() > 1) << prefix;
  aliases_.push_back(std::string(TrimSlashes(prefix)));
}

const Router::Route* Router::Match(std::string_view path) const {
  const std::string_view whole = TrimSlashes(path);
  std::string_view candidate = whole;
  while (candidate.size() > 1) {
    const auto found = routes_.find(candidate);
    if (found != routes_.end() &&
        (!found->second.options.exact || candidate.size() == whole.size())) {
      return &found->second;
    }
    const size_t slash = candidate.rfind('/');
    if (slash == std::string_view::npos) return nullptr;
    candidate = candidate.substr(0, slash);
  }
  for (const std::string& alias : aliases_) {
    if (!HasPrefix(whole, alias)) continue;
    const std::string_view rest = whole.substr(alias.size());
    if (const Route* route = Match(rest.empty() ? "/" : rest)) return route;
  }
  const auto root = routes_.find("/");
  if (root == routes_.end() || !path.starts_with('/')) return nullptr;
  return root->second.options.exact && whole != "/" ? nullptr : &root->second;
}

std::vector<std::string> Router::Paths() const {
  std::vector<std::string> paths;
  for (const auto& [path, route] : routes_) paths.push_back(path);
  return paths;
}

}  // namespace meseta::http
