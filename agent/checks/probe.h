// One question put to a task, and its answer. Probers perform them for the agent core.
//
// A probe ends by exactly one ProbeResult, within its timeout, unless it is stopped first: then there
// may be none. Calls come from one thread and return at once; results come on the prober's threads.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "actors/base/time.h"
#include "agent/containerizer/containerizer.h"

namespace meseta::agent {

using ProbeId = uint64_t;  // Never used twice by one agent core.

struct ProbeTarget {
  enum class Kind { kCommand, kHttp, kHttps, kTcp };
  Kind kind = Kind::kTcp;
  bool ipv6 = false;     // Asked at ::1 instead of 127.0.0.1.
  uint32_t port = 0;
  std::string path;      // HTTP: begins with a slash.
  Duration timeout;      // Positive.
  // Commands: who runs what, where, with which environment. Its uris and limits do not count.
  ContainerSpec command;
};

struct Probe {
  ProbeId id = 0;
  ProbeTarget target;
};

struct ProbeResult {
  ProbeId id = 0;
  // The exit code (128 + the number of a signal that ended it), the HTTP status code, or 1 for a
  // connection that was made and 0 for one that was not. Empty: there is no answer.
  std::optional<int> answer;
  std::string problem;  // Why there is none.
};

class Prober {
 public:
  using OnResult = std::function<void(ProbeResult)>;

  virtual ~Prober() = default;
  virtual void Start(Probe probe) = 0;
  // Its processes are killed. Unknown or ended: nothing.
  virtual void Stop(ProbeId id) = 0;
};

}  // namespace meseta::agent
