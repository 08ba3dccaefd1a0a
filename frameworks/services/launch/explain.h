// Explain: why an app waits, in one sentence with its numbers.
//   "3 of 5 instances wait: no agent has 8 GB free, largest is 6.2 GB on agent-7; 2 agents excluded
//   by hostname UNIQUE"
// Pure.
#pragma once

#include <string>
#include <vector>

#include "frameworks/services/launch/waiting_app.h"

namespace meseta::services {

struct Explanation {
  std::string sentence;  // Empty: nothing waits.
  struct Number {
    std::string what;  // "instances_waiting", "largest_mem_mb" ...
    double value = 0;
    std::string where;  // An agent's hostname, or empty.
  };
  std::vector<Number> numbers;
};

struct ExplainInput {
  AppPtr app;
  std::vector<InstancePtr> instances;
  WaitingPtr waiting;        // Null: nothing is to be launched.
  DeploymentPtr deployment;  // Null: none.
  FailurePtr failure;        // The app's last one; null: none.
  bool connected = true;     // The framework is subscribed.
  int64_t now_ms = 0;
};
[[nodiscard]] Explanation Explain(const ExplainInput& input);

}  // namespace meseta::services
