// The text that Prometheus scrapes.
//
// Names get the prefix "meseta_" and '_' for what is not legal: master/cpus_total becomes
// meseta_master_cpus_total. Counters end in "_total". What Mesos puts into a name for want of
// labels becomes labels: master/frameworks/<name>/<id>/calls is
// meseta_master_framework_calls_total{framework="<name>",framework_id="<id>"}. Timers are summaries
// in seconds: meseta_<name>_seconds{quantile="0.99"}, _sum and _count.
//
// Two Mesos names that would become one series keep apart by a label mesos_name.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "actors/metrics/metrics.h"

namespace meseta::metrics {

struct Sample;

using Labels = std::vector<std::pair<std::string, std::string>>;

struct Series {
  std::string name;  // Legal, with the prefix, without a suffix for the kind.
  Labels labels;
};
[[nodiscard]] Series PrometheusSeries(std::string_view mesos_name);

class PrometheusWriter {
 public:
  void Add(const Sample& sample);
  void AddTimer(std::string_view mesos_name, const Timer::Statistics& statistics);
  // All that was added, by family.
  [[nodiscard]] std::string Text() const;

 private:
  struct Family {
    const char* type = "";
    std::string lines;
    std::set<std::string> labels;  // Label texts in use.
  };
  Family& Of(const std::string& name, const char* type);

  std::map<std::string, Family> families_;
};

}  // namespace meseta::metrics
