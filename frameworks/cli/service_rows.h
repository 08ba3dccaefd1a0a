// What meseta-services' JSON says, as rows, and the tables and texts made of them. Pure.
//
// Reading is tolerant, as in cluster_rows.h: a field that is missing or of another type stays empty.
#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "actors/base/status.h"
#include "actors/base/time.h"

namespace meseta::cli {

struct ServiceInstance {
  std::string id;     // Of the task.
  std::string state;  // "TASK_RUNNING"
  std::string host;
  std::vector<int> ports;
  std::string version;
  std::string started;  // When it ran first, else when it was staged.
  std::string health;   // "healthy", "unhealthy", or empty: nothing is known or checked.
};

struct ServiceApp {
  std::string id;
  int64_t wanted = 0;
  int64_t staged = 0;
  int64_t running = 0;
  int64_t healthy = 0;
  int64_t unhealthy = 0;
  bool checked = false;  // Has health checks; otherwise nobody knows who is healthy.
  double cpus = 0;
  double mem = 0;  // Megabytes.
  std::string version;
  std::vector<std::string> deployments;
  std::vector<ServiceInstance> instances;
  boost::json::value raw;

  // As many as wanted run, and are healthy where that is known.
  [[nodiscard]] bool complete() const;
};

struct ServiceDeployment {
  std::string id;
  int64_t step = 0;
  int64_t steps = 0;
  std::vector<std::string> apps;
  std::vector<std::string> actions;  // Of the step: "RestartApplication /web"
};

struct WhyAnswer {
  std::string sentence;  // Empty: nothing waits.
  struct Number {
    std::string what;
    double value = 0;
    std::string where;
  };
  std::vector<Number> numbers;
  boost::json::value raw;
};

// What PUT, POST and DELETE of an app or group answer.
struct StartedDeployment {
  std::string id;
  std::string version;
};

[[nodiscard]] Result<std::vector<ServiceApp>> ReadApps(std::string_view json);
[[nodiscard]] Result<ServiceApp> ReadApp(std::string_view json);  // Of GET /v2/apps/{id}.
[[nodiscard]] Result<std::vector<ServiceDeployment>> ReadDeployments(std::string_view json);
[[nodiscard]] Result<WhyAnswer> ReadWhy(std::string_view json);
[[nodiscard]] Result<std::vector<std::string>> ReadVersions(std::string_view json);
[[nodiscard]] Result<StartedDeployment> ReadStarted(std::string_view json);
// The steps of a dry run as lines; "Nothing would change." without any.
[[nodiscard]] Result<std::string> DryRunText(std::string_view json);

// The sentence in an error's body, with the fields it names: "Object is not valid: /cpus must be..."
[[nodiscard]] std::string ApiProblem(std::string_view body);

struct ServiceRow {
  ServiceApp app;
  std::string why;
};
// A reason longer than kMaxReason is cut; `meseta service why` shows it whole.
inline constexpr size_t kMaxReason = 60;
[[nodiscard]] std::string ServiceTable(const std::vector<ServiceRow>& rows);
[[nodiscard]] std::string ServiceDetails(const ServiceApp& app, const WhyAnswer& why);
[[nodiscard]] std::string WhyText(const std::string& app, const WhyAnswer& why);

// The instance that `typed` names, by id or its unique beginning; the newest running one when empty.
[[nodiscard]] Result<ServiceInstance> ChooseInstance(const ServiceApp& app,
                                                     const std::string& typed);

// The version to roll back to: `wanted`, else the one before the newest. `versions`: newest first.
[[nodiscard]] Result<std::string> ChooseVersion(const std::string& app,
                                                const std::vector<std::string>& versions,
                                                const std::string& wanted);

}  // namespace meseta::cli
