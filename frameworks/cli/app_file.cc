#include "frameworks/cli/app_file.h"

#include <algorithm>
#include <set>
#include <utility>

#include "actors/base/json/json_parser.h"
#include "actors/base/strings.h"
#include "actors/http/url.h"
#include "frameworks/cli/yaml_reader.h"

namespace meseta::cli {
namespace {

namespace json = boost::json;

bool IsJson(const std::string& name, std::string_view text) {
  if (name.ends_with(".json")) return true;
  if (name.ends_with(".yaml") || name.ends_with(".yml")) return false;
  const size_t first = text.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && (text[first] == '{' || text[first] == '[');
}

Result<json::value> ReadValue(const std::string& name, std::string_view text) {
  if (IsJson(name, text)) return ParseJson(text);
  ASSIGN_OR_RETURN(std::vector<json::value> documents, ParseYaml(text));
  // An empty document is what "---" at the end leaves behind.
  std::erase_if(documents, [](const json::value& document) { return document.is_null(); });
  if (documents.size() == 1) return std::move(documents.front());
  json::array all;
  for (json::value& document : documents) {
    if (!document.is_array()) {
      all.push_back(std::move(document));
      continue;
    }
    for (json::value& item : document.get_array()) all.push_back(std::move(item));
  }
  return json::value(std::move(all));
}

bool IsGroup(const json::object& object) {
  return object.contains("groups") || (object.contains("id") && object.contains("apps"));
}

Result<std::string> IdOf(const json::object& object, const std::string& what) {
  const json::value* id = object.if_contains("id");
  if (id == nullptr) return InvalidArgument(what + " has no \"id\"; give it one, as \"/web\"");
  if (!id->is_string() || id->get_string().empty()) {
    return InvalidArgument("the \"id\" of " + what + " must be text, as \"/web\"");
  }
  return std::string(id->get_string());
}

Status CollectFromGroup(const json::object& group, const std::string& path, AppFile* file);

// Ids within a group are relative to it, unless they begin with a slash.
std::string Beneath(const std::string& group, const std::string& id) {
  return id.starts_with("/") || group == "/" ? AppPath(id) : AppPath(group + "/" + id);
}

Status CollectMembers(const json::object& group, std::string_view key, const std::string& path,
                      AppFile* file) {
  const json::value* members = group.if_contains(key);
  if (members == nullptr) return OkStatus();
  const std::string where = "\"" + std::string(key) + "\" of the group " + path;
  if (!members->is_array()) return InvalidArgument(where + " must be a list");
  for (const json::value& member : members->get_array()) {
    if (!member.is_object()) return InvalidArgument("something in " + where + " is not an object");
    ASSIGN_OR_RETURN(const std::string id, IdOf(member.get_object(), "something in " + where));
    const std::string full = Beneath(path, id);
    if (key == "apps") file->app_ids.push_back(full);
    else RETURN_IF_ERROR(CollectFromGroup(member.get_object(), full, file));
  }
  return OkStatus();
}

Status CollectFromGroup(const json::object& group, const std::string& path, AppFile* file) {
  RETURN_IF_ERROR(CollectMembers(group, "apps", path, file));
  return CollectMembers(group, "groups", path, file);
}

Result<AppFile> ReadGroup(json::value value) {
  AppFile file;
  file.group = true;
  ASSIGN_OR_RETURN(const std::string id, IdOf(value.get_object(), "the group"));
  file.id = AppPath(id);
  RETURN_IF_ERROR(CollectFromGroup(value.get_object(), file.id, &file));
  file.body = std::move(value);
  return file;
}

Result<AppFile> ReadApps(json::array apps) {
  if (apps.empty()) return InvalidArgument("there is no app in it");
  AppFile file;
  std::set<std::string> seen;
  for (size_t i = 0; i < apps.size(); ++i) {
    const std::string what = apps.size() == 1 ? "the app" : "app " + std::to_string(i + 1);
    const json::object* app = apps[i].if_object();
    if (app == nullptr) return InvalidArgument(what + " is not an object of fields");
    ASSIGN_OR_RETURN(const std::string id, IdOf(*app, what));
    if (IsGroup(*app)) {
      return InvalidArgument("'" + id + "' is a group; a group stands alone in its file");
    }
    file.app_ids.push_back(AppPath(id));
    if (!seen.insert(file.app_ids.back()).second) {
      return InvalidArgument("the app " + file.app_ids.back() + " is there twice");
    }
  }
  if (apps.size() == 1) file.id = file.app_ids.front();
  file.body = std::move(apps);
  return file;
}

Result<AppFile> Classify(json::value value) {
  if (value.is_array()) return ReadApps(std::move(value.get_array()));
  if (!value.is_object()) {
    return InvalidArgument("neither an app, nor a list of apps, nor a group");
  }
  json::object& object = value.get_object();
  if (!IsGroup(object) && object.contains("apps") && object["apps"].is_array()) {
    return ReadApps(std::move(object["apps"].get_array()));
  }
  if (IsGroup(object)) return ReadGroup(std::move(value));
  json::array one;
  one.push_back(std::move(value));
  return ReadApps(std::move(one));
}

// The group named `path` beneath `group`, made when it is not there.
json::object* MakeGroup(json::object* group, const std::string& path, const std::string& parent) {
  if (path == parent) return group;
  const size_t from = parent == "/" ? 1 : parent.size() + 1;
  const std::string next = path.substr(0, path.find('/', from));
  json::value& groups = (*group)["groups"];
  if (!groups.is_array()) groups = json::array();
  for (json::value& child : groups.get_array()) {
    json::object* object = child.if_object();
    if (object == nullptr || !object->contains("id")) continue;
    if ((*object)["id"] == json::value(next)) return MakeGroup(object, path, next);
  }
  json::object made;
  made["id"] = next;
  groups.get_array().push_back(std::move(made));
  return MakeGroup(&groups.get_array().back().get_object(), path, next);
}

}  // namespace

Result<AppFile> ReadAppFile(const std::string& name, std::string_view text) {
  auto value = ReadValue(name, text);
  if (!value.ok()) return InvalidArgument(name + ": " + value.status().message());
  auto file = Classify(*std::move(value));
  if (!file.ok()) return InvalidArgument(name + ": " + file.status().message());
  return file;
}

std::string AppPath(std::string_view id) {
  std::string path;
  for (const std::string& part : strings::Split(std::string(id), '/')) {
    if (!part.empty()) path += "/" + part;
  }
  return path.empty() ? "/" : path;
}

std::string UrlPath(std::string_view app) {
  std::string url;
  for (const std::string& part : strings::Split(AppPath(app), '/')) {
    if (!part.empty()) url += "/" + http::UrlEncode(part);
  }
  return url;
}

json::value WithApps(json::value root, const json::array& apps) {
  if (!root.is_object()) root = json::object();
  root.get_object()["id"] = "/";
  for (const json::value& app : apps) {
    json::object copy = app.get_object();
    const std::string path = AppPath(std::string_view(copy["id"].get_string()));
    copy["id"] = path;
    const size_t slash = path.rfind('/');
    json::object* group =
        MakeGroup(&root.get_object(), slash == 0 ? "/" : path.substr(0, slash), "/");
    json::value& members = (*group)["apps"];
    if (!members.is_array()) members = json::array();
    json::array& list = members.get_array();
    const auto same = std::find_if(list.begin(), list.end(), [&](const json::value& member) {
      const json::object* object = member.if_object();
      const json::value* id = object == nullptr ? nullptr : object->if_contains("id");
      return id != nullptr && *id == json::value(path);
    });
    if (same != list.end()) *same = std::move(copy);
    else list.push_back(std::move(copy));
  }
  return root;
}

}  // namespace meseta::cli
