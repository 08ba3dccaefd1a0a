// The parts of ReadApp, each of which reads some members of an app's object into the record.
// Errors go to the fields' list. Private to the model.
#pragma once

#include "frameworks/services/model/app_json.h"
#include "frameworks/services/model/json_fields.h"

namespace meseta::services {

inline constexpr int64_t kMaxSeconds = 2'147'483'647;  // Marathon's int32.
inline constexpr int64_t kMaxPort = 65'535;
inline constexpr double kMaxAmount = 1e9;  // Of a resource, in its unit.
inline constexpr size_t kMaxUri = 1'024;
// Label of apps that must never have two instances.
inline constexpr char kSingleInstanceLabel[] = "MARATHON_SINGLE_INSTANCE_APP";

// All of it; `json` as in ReadApp.
[[nodiscard]] AppSpec ReadAppFields(const Fields& fields, const Path& base,
                                    const Defaults& defaults);

void ReadCommand(const Fields& fields, AppSpec* app);
void ReadResources(const Fields& fields, AppSpec* app);
// Roles and constraints.
void ReadPlacement(const Fields& fields, const Defaults& defaults, AppSpec* app);
// Back-off, upgrades, kills, unreachable agents, deadlines. REQUIRES: container and labels were
// read.
void ReadStrategies(const Fields& fields, const Defaults& defaults, AppSpec* app);
// Networks, container and ports: they depend on each other, the more so in deprecated forms.
void ReadNetworking(const Fields& fields, const Defaults& defaults, AppSpec* app);
// REQUIRES: networking was read.
void ReadChecks(const Fields& fields, AppSpec* app);

// Of WriteAppMembers.
void WriteChecks(const AppSpec& app, JsonWriter& writer);

// Of ReadNetworking.
void ReadContainer(const Fields& fields, internal::AppContainer* container);
[[nodiscard]] internal::AppPort ReadPortMapping(const Fields& fields);
[[nodiscard]] internal::AppPort ReadPortDefinition(const Fields& fields);

// Whether it names a persistent volume.
[[nodiscard]] bool IsResident(const AppSpec& app);
[[nodiscard]] bool IsSingleInstance(const AppSpec& app);
// How many ports health checks may name by index.
[[nodiscard]] int PortCount(const AppSpec& app);
[[nodiscard]] bool UsesHostNetwork(const AppSpec& app);

}  // namespace meseta::services
