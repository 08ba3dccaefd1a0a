// Apps and groups in Marathon's JSON: read, brought into normal form, validated, and written
// (reference: Marathon surface 1.4, 1.5).
//
// Reading takes every form of the API (deprecated `ports`, `uris`, `ipAddress`, docker networks
// ...) and leaves only the present ones. Read-only fields are ignored. Wrong types give the 422 of
// a wrong type ("Invalid JSON"), broken rules the one of an invalid object, each naming its place.
// Writing emits what Marathon emits, and nothing that strict clients do not know.
//
// Pure and reentrant.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <vector>

#include "actors/base/json/json_writer.h"
#include "frameworks/services/model/types.h"

namespace meseta::services {

// What an operator's flags say about definitions.
struct Defaults {
  std::string role = "*";  // --mesos_role
  std::vector<std::string> accepted_resource_roles = {"*"};
  std::string default_network_name;
  uint32_t local_port_min = 10'000;
  uint32_t local_port_max = 20'000;
  double task_kill_grace_seconds = 0;  // 0: the agent's own.
  bool gpu_resources = false;          // --enable_features
  bool secrets = false;
  // What the agents of this release can run; else a 422 that says so.
  bool custom_executors = false;
  bool docker_images = false;
  bool container_networks = false;
  bool host_volumes = false;
  bool persistent_volumes = false;
  bool external_volumes = false;
  bool linux_info = false;  // Seccomp, IPC.
  bool resource_limits = false;
  bool terminals = false;  // `tty`
};

// A complete definition. `base`: of relative ids and dependencies. The version fields are left
// unset, automatic service ports 0.
[[nodiscard]] Answer<AppSpec> ReadApp(const boost::json::object& json, const Path& base,
                                      const Defaults& defaults);
// Changes the given members of `app` only. Members of objects (`container`, `upgradeStrategy` ...)
// are replaced as a whole, as Marathon does.
[[nodiscard]] Answer<AppSpec> PatchApp(const AppSpec& app, const boost::json::object& json,
                                       const Path& base, const Defaults& defaults);
// All rules that need this app alone. ReadApp and PatchApp have asked it.
[[nodiscard]] std::vector<ApiError::Detail> ValidateApp(const AppSpec& app,
                                                        const Defaults& defaults);

struct GroupDraft {
  GroupSpec group;  // Without version.
  std::vector<AppSpec> apps;
  std::vector<GroupDraft> groups;
  bool enforce_role_given = false;
};
[[nodiscard]] Answer<GroupDraft> ReadGroup(const boost::json::object& json, const Path& base,
                                           const Defaults& defaults);

// The members of the app's object, without its braces: callers may add more (counts, tasks ...).
void WriteAppMembers(const AppSpec& app, JsonWriter& writer);
// One of its healthChecks.
void WriteHealthCheck(const internal::AppHealthCheck& check, JsonWriter& writer);

// Differ in more than `instances`, versions and deadlines of deployments: a restart is due.
[[nodiscard]] bool NeedsRestart(const AppSpec& before, const AppSpec& after);
// Differ in anything but versions.
[[nodiscard]] bool SameDefinition(const AppSpec& a, const AppSpec& b);

}  // namespace meseta::services
