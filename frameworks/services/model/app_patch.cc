#include <array>
#include <utility>

#include "actors/base/json/json_parser.h"
#include "frameworks/services/model/app_reader.h"

namespace meseta::services {
namespace {

// The app as the document that makes it.
Result<boost::json::value> ToDocument(const AppSpec& app) {
  std::string text;
  JsonWriter writer(&text);
  writer.BeginObject();
  WriteAppMembers(app, writer);
  writer.EndObject();
  return ParseJson(text);
}

bool Given(const boost::json::object& json, const char* name) {
  const boost::json::value* value = json.if_contains(name);
  return value != nullptr && !value->is_null();
}

bool SaysDockerNetwork(const boost::json::object& json) {
  const boost::json::value* container = json.if_contains("container");
  if (container == nullptr || !container->is_object()) return false;
  const boost::json::value* docker = container->get_object().if_contains("docker");
  return docker != nullptr && docker->is_object() && Given(docker->get_object(), "network");
}

// Members of the app that those of `json` take the place of, other than the equally named ones.
void DropReplaced(const boost::json::object& json, boost::json::object* document) {
  if (Given(json, "ports") || Given(json, "portDefinitions")) document->erase("portDefinitions");
  if (Given(json, "uris")) document->erase("fetch");
  if (Given(json, "ipAddress") || SaysDockerNetwork(json)) {
    document->erase("networks");
    // Ports of the network before this one.
    if (!Given(json, "portDefinitions")) document->erase("portDefinitions");
  }
  // One way to say what is run; who gives the other means that one.
  const bool cmd = Given(json, "cmd");
  const bool args = Given(json, "args");
  if (cmd && !args) document->erase("args");
  if (args && !cmd) document->erase("cmd");
}

}  // namespace

Answer<AppSpec> PatchApp(const AppSpec& app, const boost::json::object& json, const Path& base,
                         const Defaults& defaults) {
  Result<boost::json::value> written = ToDocument(app);
  if (!written.ok()) {
    return ApiError{422,
                    "App '" + app.id() +
                        "' cannot be changed in part, because its record holds bad JSON (" +
                        written.status().message() + "). Replace it as a whole.",
                    {},
                    {},
                    {}};
  }
  boost::json::object& document = written->get_object();
  DropReplaced(json, &document);
  for (const auto& member : json) {
    if (!member.value().is_null()) document[member.key()] = member.value();
  }
  document["id"] = app.id();
  return ReadApp(document, base, defaults);
}

}  // namespace meseta::services
