// App and group documents, as any client may send them: nothing they hold may crash the reader, and
// what it takes must come back the same from its own document.
#include <cstdint>
#include <string_view>

#include "actors/base/check.h"
#include "actors/base/json/json_parser.h"
#include "frameworks/services/model/app_json.h"

namespace {

using meseta::services::AppSpec;

meseta::services::Defaults Everything() {
  meseta::services::Defaults defaults;
  defaults.default_network_name = "net";
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

void CheckRoundTrip(const AppSpec& app, const meseta::services::Defaults& defaults) {
  std::string text;
  meseta::JsonWriter writer(&text);
  writer.BeginObject();
  meseta::services::WriteAppMembers(app, writer);
  writer.EndObject();
  const auto json = meseta::ParseJson(text);
  CHECK(json.ok()) << text;
  const auto again = meseta::services::ReadApp(json->get_object(), "/", defaults);
  CHECK(again.ok()) << text;
  CHECK(meseta::services::SameDefinition(app, *again)) << text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto json = meseta::ParseJson({reinterpret_cast<const char*>(data), size});
  if (!json.ok() || !json->is_object()) return 0;
  for (const auto& defaults : {meseta::services::Defaults(), Everything()}) {
    const auto app = meseta::services::ReadApp(json->get_object(), "/shop", defaults);
    if (app.ok()) CheckRoundTrip(*app, defaults);
    const auto group = meseta::services::ReadGroup(json->get_object(), "/", defaults);
    if (!group.ok()) continue;
    for (const AppSpec& one : group->apps) CHECK(one.id() != "/");
  }
  return 0;
}
