#include "frameworks/services/model/paths.h"

#include <algorithm>
#include <array>

namespace meseta::services {
namespace {

constexpr std::string_view kInstance = ".instance-";
constexpr std::string_view kTask = "._app.";
// Names of the API's own resources beneath /v2/apps/{id}.
constexpr std::array<std::string_view, 5> kReserved = {"restart", "tasks", "versions", ".", ".."};

// Elements between slashes; empty ones are dropped.
std::vector<std::string_view> Elements(std::string_view path) {
  std::vector<std::string_view> elements;
  size_t from = 0;
  while (from <= path.size()) {
    const size_t slash = std::min(path.find('/', from), path.size());
    if (slash > from) elements.push_back(path.substr(from, slash - from));
    from = slash + 1;
  }
  return elements;
}

void Walk(std::string_view text, std::vector<std::string_view>* at) {
  for (const std::string_view element : Elements(text)) {
    if (element == ".") continue;
    if (element != "..") {
      at->push_back(element);
    } else if (!at->empty()) {
      at->pop_back();
    }
  }
}

bool IsAlphanumeric(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

// [a-z0-9]([a-z0-9-]*[a-z0-9])?, several of them joined by dots.
bool IsElement(std::string_view element) {
  for (size_t i = 0; i < element.size(); ++i) {
    const char c = element[i];
    const bool at_edge =
        i == 0 || i + 1 == element.size() || element[i - 1] == '.' || element[i + 1] == '.';
    if (!IsAlphanumeric(c) && (at_edge || (c != '-' && c != '.'))) return false;
  }
  return !element.empty();
}

bool IsUuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    const char c = text[i];
    const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    if (dash ? c != '-' : !hex) return false;
  }
  return true;
}

bool IsNumber(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// "<safe path>.instance-<uuid>", the path not empty.
bool IsInstance(std::string_view text) {
  const size_t at = text.rfind(kInstance);
  return at != std::string_view::npos && at > 0 && IsUuid(text.substr(at + kInstance.size()));
}

}  // namespace

Path Canonical(std::string_view text, std::string_view base) {
  std::vector<std::string_view> elements;
  if (text.empty() || text[0] != '/') Walk(base, &elements);
  Walk(text, &elements);
  Path path;
  for (const std::string_view element : elements) path.append("/").append(element);
  return path.empty() ? "/" : path;
}

Path ParentOf(std::string_view path) {
  const size_t slash = path.rfind('/');
  if (slash == 0 || slash == std::string_view::npos) return "/";
  return Path(path.substr(0, slash));
}

bool IsBeneath(std::string_view path, std::string_view group) {
  if (group == "/") return true;
  return path.substr(0, group.size()) == group &&
         (path.size() == group.size() || path[group.size()] == '/');
}

std::string WhyBadPath(std::string_view path, bool relative) {
  if (path.empty()) return "error.minLength";
  if (!relative && path[0] != '/') return "Path needs to be absolute";
  for (const std::string_view element : Elements(path)) {
    const bool refers = element == "." || element == "..";
    if (refers ? relative : IsElement(element)) continue;
    return "must fully match regular expression "
           "'^(([a-z0-9]|[a-z0-9][a-z0-9\\-]*[a-z0-9])\\.)*([a-z0-9]|[a-z0-9][a-z0-9\\-]*[a-z0-9])|"
           "(\\.|\\.\\.)$'; '" +
           std::string(element) + "' does not";
  }
  return "";
}

bool IsReservedAppName(std::string_view path) {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  return std::find(kReserved.begin(), kReserved.end(), name) != kReserved.end();
}

std::string SafePath(std::string_view path) {
  std::string safe;
  for (const std::string_view element : Elements(path)) {
    if (!safe.empty()) safe.push_back('_');
    safe.append(element);
  }
  return safe;
}

std::string InstanceIdOf(std::string_view app, std::string_view uuid) {
  return SafePath(app).append(kInstance).append(uuid);
}

std::string TaskIdOf(std::string_view instance, int incarnation) {
  return std::string(instance).append(kTask).append(std::to_string(incarnation));
}

std::optional<std::string> InstanceOfTask(std::string_view task) {
  const size_t app = task.rfind(kTask);
  if (app != std::string_view::npos && IsNumber(task.substr(app + kTask.size()))) {
    const std::string_view instance = task.substr(0, app);
    if (IsInstance(instance)) return std::string(instance);
    return std::nullopt;
  }
  if (IsInstance(task)) return std::string(task);
  // The oldest form; Marathon calls its instance "<safe path>.marathon-<uuid>".
  const size_t dot = task.rfind('.');
  if (dot == std::string_view::npos || dot == 0 || !IsUuid(task.substr(dot + 1)))
    return std::nullopt;
  return std::string(task.substr(0, dot)).append(".marathon-").append(task.substr(dot + 1));
}

}  // namespace meseta::services
