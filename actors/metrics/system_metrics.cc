#include "actors/metrics/system_metrics.h"

#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>

#include "actors/base/files.h"

namespace meseta::metrics {
namespace {

double Seconds(const timeval& t) {
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
}

void AppendSystem(std::vector<Sample>* samples) {
  const auto gauge = [samples](const char* name, double value) {
    samples->push_back({name, Kind::kGauge, value});
  };
  const long cpus = ::sysconf(_SC_NPROCESSORS_ONLN);
  if (cpus > 0) gauge("system/cpus_total", static_cast<double>(cpus));
  std::array<double, 3> load{};
  if (::getloadavg(load.data(), 3) == 3) {
    gauge("system/load_1min", load[0]);
    gauge("system/load_5min", load[1]);
    gauge("system/load_15min", load[2]);
  }
  struct sysinfo info {};
  if (::sysinfo(&info) == 0) {
    const auto unit = static_cast<double>(info.mem_unit);
    gauge("system/mem_total_bytes", static_cast<double>(info.totalram) * unit);
    gauge("system/mem_free_bytes", static_cast<double>(info.freeram) * unit);
  }
}

void AppendProcess(std::vector<Sample>* samples) {
  struct rusage usage {};
  if (::getrusage(RUSAGE_SELF, &usage) == 0) {
    samples->push_back(
        {"process/cpu_seconds", Kind::kCounter, Seconds(usage.ru_utime) + Seconds(usage.ru_stime)});
  }
  const Result<std::string> statm = files::ReadFile("/proc/self/statm", 4096);
  unsigned long pages = 0;
  if (statm.ok() && std::sscanf(statm->c_str(), "%*u %lu", &pages) == 1) {
    samples->push_back({"process/resident_memory_bytes", Kind::kGauge,
                        static_cast<double>(pages) * static_cast<double>(::sysconf(_SC_PAGESIZE))});
  }
}

}  // namespace

Registration AddSystemMetrics(Registry& registry) {
  return registry.PullMany([](std::vector<Sample>* samples) {
    AppendSystem(samples);
    AppendProcess(samples);
  });
}

}  // namespace meseta::metrics
