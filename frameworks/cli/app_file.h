// What a user hands to `meseta service deploy`: JSON or YAML that holds one app, a list of apps, or a
// group. Pure.
//
//   {"id": "/web", "cmd": ...}                      an app
//   [{"id": "/web", ...}, {"id": "/db", ...}]       apps, deployed together; {"apps": [...]} and
//                                                   several YAML documents are the same
//   {"id": "/shop", "apps": [...], "groups": [...]} a group: what it does not name is removed
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "actors/base/status.h"

namespace meseta::cli {

struct AppFile {
  bool group = false;
  std::string id;             // Of the group, or of the only app; empty: several apps.
  boost::json::value body;    // The group; or an array of apps.
  std::vector<std::string> app_ids;  // All apps, those beneath the group too; with a slash in front.
};

// `name`: decides JSON or YAML by its ending, else the text does; failures begin with it.
[[nodiscard]] Result<AppFile> ReadAppFile(const std::string& name, std::string_view text);

// "web" and "/web/" are "/web".
[[nodiscard]] std::string AppPath(std::string_view id);
// For a URL: "/shop/web" with every element escaped.
[[nodiscard]] std::string UrlPath(std::string_view app);

// The root group `root` (as GET /v2/groups says) with `apps` put in, for a dry run of apps.
[[nodiscard]] boost::json::value WithApps(boost::json::value root, const boost::json::array& apps);

}  // namespace meseta::cli
