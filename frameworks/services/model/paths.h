// Paths of apps and groups, and the ids made from them (reference: Marathon surface 1.4 `id`, 1.9).
// Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "frameworks/services/model/types.h"

namespace meseta::services {

// Makes `text` absolute against `base` ("." and ".." are resolved, doubled slashes dropped):
// ("web", "/shop") -> "/shop/web". Never fails: ".." above the root stays there.
[[nodiscard]] Path Canonical(std::string_view text, std::string_view base = "/");
// The parent of "/shop/web" is "/shop"; of "/shop", and of "/" itself, "/".
[[nodiscard]] Path ParentOf(std::string_view path);
[[nodiscard]] bool IsBeneath(std::string_view path, std::string_view group);  // Or is it.
// What is wrong with the id of an app or group; empty: nothing. `relative`: dots may refer.
[[nodiscard]] std::string WhyBadPath(std::string_view path, bool relative);
// The last element is one of the API's own words.
[[nodiscard]] bool IsReservedAppName(std::string_view path);

// "/shop/web" -> "shop_web"
[[nodiscard]] std::string SafePath(std::string_view path);
// "shop_web.instance-<uuid>", "<instance>._app.<incarnation>"
[[nodiscard]] std::string InstanceIdOf(std::string_view app, std::string_view uuid);
[[nodiscard]] std::string TaskIdOf(std::string_view instance, int incarnation);
// The instance of a task id, also of the older forms "<safe path>.<uuid>"; nullopt when it is none.
[[nodiscard]] std::optional<std::string> InstanceOfTask(std::string_view task);

}  // namespace meseta::services
