// Helpers of the tests on app documents.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "actors/base/json/json_parser.h"
#include "frameworks/services/model/app_json.h"

namespace meseta::services {

inline boost::json::object Json(const std::string& text) {
  auto json = ParseJson(text);
  EXPECT_TRUE(json.ok()) << text << ": " << json.status().message();
  return json.ok() && json->is_object() ? json->get_object() : boost::json::object{};
}

// Of a release whose agents can do everything that an app can say.
inline Defaults Everything() {
  Defaults defaults;
  defaults.custom_executors = true;
  defaults.docker_images = true;
  defaults.container_networks = true;
  defaults.host_volumes = true;
  defaults.persistent_volumes = true;
  defaults.external_volumes = true;
  defaults.linux_info = true;
  defaults.resource_limits = true;
  defaults.terminals = true;
  defaults.gpu_resources = true;
  defaults.secrets = true;
  return defaults;
}

inline std::string Written(const AppSpec& app) {
  std::string text;
  JsonWriter writer(&text);
  writer.BeginObject();
  WriteAppMembers(app, writer);
  writer.EndObject();
  return text;
}

// `/path error; error` of each detail, one a line.
inline std::string ShowErrors(const ApiError& error) {
  std::string text = std::to_string(error.status) + " " + error.message + "\n";
  for (const ApiError::Detail& detail : error.details) {
    text += detail.path;
    for (const std::string& one : detail.errors) text += " | " + one;
    text += "\n";
  }
  return text;
}

// {"id":"/a","cmd":"x", <members>}, unless these have their own id.
inline std::string AppWith(const std::string& members) {
  std::string text = "{\"id\":\"/a\",\"cmd\":\"sleep 1\"";
  if (!members.empty()) text += "," + members;
  return text + "}";
}

}  // namespace meseta::services
