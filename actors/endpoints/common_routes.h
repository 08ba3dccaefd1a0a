// The endpoints that every daemon has: /version, /health, /flags, /metrics/snapshot, /metrics,
// /files/{browse,read,download,debug}, /system/stats.json. Paths, fields and sentences are Mesos'
// (reference: HTTP surface 1.2); /metrics (Prometheus text) is ours.
//
// What blocks (files, metrics that sample /proc) runs on the pool given; when the pool is full the
// answer is 503.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "actors/base/status.h"
#include "actors/base/time.h"
#include "actors/endpoints/virtual_files.h"
#include "actors/http/router.h"

namespace meseta::endpoints {

// Who built this binary, and when. For /version and /state.
struct BuildInfo {
  std::string version;     // The API's number, which clients compare: kApiVersion.
  std::string build_date;  // "2026-11-22 14:00:00 UTC"
  double build_time = 0;   // Seconds since the epoch.
  std::string build_user;
};
[[nodiscard]] const BuildInfo& CurrentBuild();
[[nodiscard]] std::string VersionJson();

// Runs work that may block, soon, on another thread; refuses when its queue is full.
using Executor = std::function<Status(std::function<void()>)>;

struct CommonContext {
  Executor pool;
  std::function<std::map<std::string, std::string>()> flags;
  // Names and values of /metrics/snapshot; may block up to `timeout`, leaving out what is not ready.
  std::function<std::map<std::string, double>(Duration timeout)> metrics;
  std::function<std::string()> prometheus;  // Text of /metrics.
  std::shared_ptr<VirtualFiles> files;
  // /health answers 200 while this is true (the core took a turn recently), else 503.
  std::function<bool()> healthy;
};

void AddCommonRoutes(const CommonContext& context, http::Router* router);

// Runs `render` on the pool and sends what it returns; 503 when the pool is full.
void AnswerOnPool(const Executor& pool, const http::ResponderPtr& responder,
                  std::function<http::Response()> render);

// The machine: cpus, memory and load, as /system/stats.json and the system/ metrics show it.
struct SystemStats {
  double load_1min = 0;
  double load_5min = 0;
  double load_15min = 0;
  int cpus_total = 0;
  uint64_t mem_total_bytes = 0;
  uint64_t mem_free_bytes = 0;
};
[[nodiscard]] SystemStats ReadSystemStats();

}  // namespace meseta::endpoints
