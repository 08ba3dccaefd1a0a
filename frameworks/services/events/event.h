// ServiceEvent: what GET /v2/events tells (reference: Marathon surface 1.2). Made by the core, written
// to streams elsewhere: the plan, which may be large, is rendered only when somebody listens.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "frameworks/services/model/catalog.h"
#include "frameworks/services/model/types.h"

namespace meseta::services {

struct ServiceEvent {
  std::string type;         // "deployment_success"
  int64_t timestamp_ms = 0;
  // Members of the event's object behind eventType and timestamp, as JSON without braces; no comma
  // in front: "\"appId\":\"/web\"".
  std::string members;
  DeploymentPtr plan;  // Written as `plan` when set.
};

// One function for each type; all pure.
[[nodiscard]] ServiceEvent StatusUpdateEvent(const Instance& instance, const std::string& state,
                                             const std::string& message, int64_t now_ms);
[[nodiscard]] ServiceEvent InstanceChangedEvent(const Instance& instance, int64_t now_ms);
[[nodiscard]] ServiceEvent UnknownInstanceTerminatedEvent(const std::string& instance, const Path& app,
                                                          Condition condition, int64_t now_ms);
[[nodiscard]] ServiceEvent InstanceHealthChangedEvent(const Instance& instance, int64_t now_ms);
[[nodiscard]] ServiceEvent HealthStatusChangedEvent(const Instance& instance, int64_t now_ms);
[[nodiscard]] ServiceEvent FailedHealthCheckEvent(const AppSpec& app, const Instance& instance,
                                                  uint32_t check, int64_t now_ms);
[[nodiscard]] ServiceEvent UnhealthyInstanceKillEvent(const Instance& instance,
                                                      const std::string& reason, int64_t now_ms);
[[nodiscard]] ServiceEvent AddHealthCheckEvent(const AppSpec& app, uint32_t check, int64_t now_ms);
[[nodiscard]] ServiceEvent RemoveHealthCheckEvent(const Path& app, int64_t now_ms);
[[nodiscard]] ServiceEvent AppTerminatedEvent(const Path& app, int64_t now_ms);
[[nodiscard]] ServiceEvent ApiPostEvent(const std::string& client_ip, const std::string& uri,
                                        const AppSpec& app, int64_t now_ms);
[[nodiscard]] ServiceEvent GroupChangeEvent(const Path& group, VersionMs version,
                                            const std::string& failure, int64_t now_ms);
// type: "deployment_info", "deployment_step_success", "deployment_step_failure",
// "deployment_success", "deployment_failed"
[[nodiscard]] ServiceEvent DeploymentEvent(const std::string& type, const DeploymentPtr& deployment,
                                           const std::string& reason, int64_t now_ms);
[[nodiscard]] ServiceEvent SchedulerEvent(const std::string& type, const std::string& framework_id,
                                          const std::string& master, int64_t now_ms);

}  // namespace meseta::services
